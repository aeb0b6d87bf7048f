"""The one exception of this package."""


class NoiseError(ValueError):
    """A noise model that is misspelt, impossible or incomplete; the message is one line."""

"""The kinds of failure that the command line reports in one line."""


class QnnqError(Exception):
    """Something failed that the input is not to blame for (exit code 1)."""


class InputError(QnnqError):
    """Bad input, exit code 2: the message says where, what was found, what was expected."""


class Interrupted(QnnqError):
    """Ctrl-C, after which something was kept: the message says what (exit code 130)."""


def located(place: object, error: InputError) -> InputError:
    """Return the error with its place, such as a file, before it, where it does not begin so."""
    message = str(error)
    return InputError(message if message.startswith(str(place)) else f"{place}: {message}")


def require(good: bool, name: str, expected: str, found: object) -> None:
    """Raise InputError, which names what was given, what it is and what was expected."""
    if not good:
        raise InputError(f"{name}: expected {expected}, got {found}")

"""The error that bad input to this package raises."""

import difflib
from collections.abc import Iterable


class TranspileError(ValueError):
    """A layer, layout or target that cannot be compiled; the message is one line."""


def unknown(what: str, found: str, known: Iterable[str]) -> TranspileError:
    """Error for a name outside a closed set, with the nearest known names."""
    names = sorted(known)
    near = difflib.get_close_matches(found, names)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    return TranspileError(f"{what}: expected one of {', '.join(names)}, got {found!r}{hint}")

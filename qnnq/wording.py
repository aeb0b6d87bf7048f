"""Words of messages: suggestions for misspelt names, numbers of things."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `"; nearest: a, b"` for the known names most like `name`, or "" if none is."""
    matches = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; nearest: {', '.join(matches)}" if matches else ""


def counted(number: int, name: str) -> str:
    """Return `"1 job"` or `"2 jobs"`."""
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


def reason(error: BaseException) -> str:
    """Return what an exception says, whoever raised it, in one line."""
    return " ".join(f"{type(error).__name__} {error}".split())[:300]

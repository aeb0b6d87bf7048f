"""Words of messages: suggestions for misspelt names, numbers of things, lines."""

import sys
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


def one_line(message: str) -> str:
    """Put a message into one line, without its middle where it quotes thousands of characters.

    Characters that a terminal would obey, as damaged files have them, are written out.
    """
    line = " ".join(message.split())
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    return line if len(line) <= 1000 else f"{line[:600]} ... {line[-300:]}"


def note(message: Warning | str, *_: object) -> None:
    """Print a warning of any package as a line of ours; goes in place of `warnings.showwarning`."""
    print(f"qnnq: note: {one_line(str(message))}", file=sys.stderr)

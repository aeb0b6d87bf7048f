"""The lines of a table, as `rich` draws them, whose import takes as long as half a run."""

import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

_FRAME = ("┏━┳┓", "┃", "┡━╇┩", "│", "└─┴┘")
_ASCII = ("+-++", "|", "+-++", "|", "+-++")
_BOLD = "\x1b[1m{}\x1b[0m"


def wide(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) + sum(east_asian_width(each) in "WF" for each in text if not each.isascii())


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most so many columns, between words where it can be."""
    found: list[str] = []
    for line in text.split("\n"):
        if wide(line) <= width:
            found.append(line)
        else:
            found += textwrap.wrap(line, width, break_on_hyphens=False)
    return found


def framed(
    columns: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[bool], space: str
) -> Iterator[str]:
    """Yield the lines of a table.

    Args:
        columns: The cells of each, its heading first.
        widths: Of each column, without `space`.
        right: Whether a column's cells end at its right.
        space: On both sides of each cell.
    """
    utf = (sys.stdout.encoding or "").lower().startswith("utf")
    top, bar, below, side, bottom = _FRAME if utf else _ASCII
    bold = "{}"
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        bold = _BOLD
    yield _rule(top, widths, space)
    for number, row in enumerate(zip(*columns, strict=True)):
        cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in range(max(map(len, cells))):
            parts = []
            for cell, width, at_right in zip(cells, widths, right, strict=True):
                part = cell[line] if line < len(cell) else ""
                gap = " " * (width - wide(part))
                part = gap + part if at_right else part + gap
                parts.append(space + (part if number else bold.format(part)) + space)
            edge = side if number else bar
            yield edge + edge.join(parts) + edge
        if number == 0:
            yield _rule(below, widths, space)
    yield _rule(bottom, widths, space)


def _rule(parts: str, widths: Sequence[int], space: str) -> str:
    left, line, cross, right = tuple(parts)
    return left + cross.join(line * (width + 2 * len(space)) for width in widths) + right

"""Colours, markers and lines, and saving by file ending."""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qnnq.errors import InputError
from qnnq.storage.files import write_atomically

ENDINGS = ("png", "svg", "pdf")
MOST_SERIES = 12

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), dark and light in turn.
_COLOURS = ("#000000", "#E69F00", "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#CC79A7")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p", "d")
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
HATCHES = ("", "///", "...", "xxx")

_RC = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.markersize": 4.5,
    "lines.linewidth": 1.3,
    "svg.hashsalt": "qnnq",  # the same figure gives the same file
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}


@dataclass(frozen=True)
class Look:
    """How one series is drawn: every series differs in colour and in marker."""

    color: str
    marker: str
    linestyle: str | tuple[int, tuple[int, ...]]


def look(number: int) -> Look:
    """Return the look of series `number`."""
    return Look(
        _COLOURS[number % len(_COLOURS)],
        _MARKERS[number % len(_MARKERS)],
        _LINES[number % len(_LINES)],
    )


def looks(networks: Sequence[str], known: Sequence[str] = ()) -> list[Look]:
    """Return the looks of series: those of networks by their place in `known`.

    Where networks repeat, or these places give two of them one colour, by their own order.

    Args:
        networks: The network of each series.
        known: All networks of several figures, in which each then looks the same.
    """
    order = list(dict.fromkeys([*known, *networks]))
    found = [look(order.index(network)) for network in networks]
    colours = {each.color for each in found}
    if len({*networks}) < len(networks) or len(colours) < min(len(found), len(_COLOURS)):
        return list(map(look, range(len(networks))))
    return found


@contextmanager
def styled() -> Iterator[None]:
    """Draw with this project's settings, whatever the user's are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield


def percent_axis(axes: Axes, which: str = "y") -> None:
    """Label an axis of accuracies from 0 to 1 in per cent."""
    from matplotlib.ticker import FuncFormatter

    def percent(value: float, _: int) -> str:
        return f"{round(100 * value, 6) + 0:g}%".replace("-", "\N{MINUS SIGN}")

    (axes.yaxis if which == "y" else axes.xaxis).set_major_formatter(FuncFormatter(percent))


def check_ending(path: str | Path) -> str:
    """Return the format that a file's ending asks for; raises `InputError` for others."""
    ending = os.fspath(path).rsplit(".", 1)[-1].lower()
    if ending not in ENDINGS:
        raise InputError(f"{path}: expected a name that ends in .{', .'.join(ENDINGS)}")
    return ending


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, SVG or PDF by the file's ending, whole or not at all."""
    write_atomically(path, rendered(figure, check_ending(path)))


def rendered(figure: Figure, ending: str, transparent: bool = False) -> bytes:
    """Return a figure as the content of a file; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
    with styled():
        figure.savefig(
            buffer,
            format=ending,
            metadata=undated,
            bbox_inches="tight",
            transparent=transparent,
        )
    return buffer.getvalue()

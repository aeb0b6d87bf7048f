"""Colours, markers and lines, and saving by file ending."""

import io
import math
import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

COLUMNS = {1: 3.5, 2: 7.2}
"""Inches of one and of two columns of a paper (89 and 183 mm, as journals ask for)."""
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
class Style:
    """How figures look.

    Attributes:
        rc: Settings of matplotlib beside those that all figures share.
        width: Inches that every figure is wide; None: what suits it.
        captions: Whether what its points share stands above it. It is the figure's label in any
            case, as a caption for a paper.
    """

    rc: Mapping[str, Any] = field(default_factory=dict)
    width: float | None = None
    captions: bool = True

    @property
    def narrow(self) -> bool:
        """Whether a legend has no room beside the axes."""
        return self.width is not None and self.width < 5


SCREEN = Style()
PAGE = Style({"font.size": 9}, width=4.2)
_STYLE: ContextVar[Style] = ContextVar("style", default=SCREEN)


def paper(columns: int) -> Style:
    """Return the style of figures for papers, 1 or 2 columns wide: 7 point, captions apart."""
    rc = {"font.size": 7, "lines.markersize": 3, "lines.linewidth": 0.9, "savefig.dpi": 600}
    return Style({**rc, "pdf.fonttype": 42, "axes.linewidth": 0.6}, COLUMNS[columns], False)


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
def styled(style: Style | None = None) -> Iterator[None]:
    """Draw with this project's settings, whatever the user's are; None: those of the context."""
    style = style or _STYLE.get()
    token = _STYLE.set(style)
    try:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update({**_RC, **style.rc})
            yield
    finally:
        _STYLE.reset(token)


@contextmanager
def panels(
    ax: Axes | None, width: float, height: float, columns: int = 1, **options: Any
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Give a figure and its panels, side by side: new ones, or inside of the caller's axes.

    New ones are drawn with this project's settings.

    Args:
        ax: Where to draw; None: a new figure.
        width: Inches of a new figure, where the style does not say.
        height: Inches of it.
        columns: Panels.
        options: Of `Figure.subplots`, for a new figure.
    """
    if ax is None:
        with styled():
            asked = _STYLE.get().width
            figure = Figure((asked or width, height), layout="constrained")
            yield figure, [*figure.subplots(1, columns, squeeze=False, **options)[0]]
        return
    root = ax.get_figure(root=True)
    assert root is not None
    inside = [ax]
    if columns > 1:
        ax.set_axis_off()
        share = 1 / columns
        inside = [ax.inset_axes((i * share, 0, 0.85 * share, 1)) for i in range(columns)]
    yield root, inside


def place_legend(axes: Axes, **options: Any) -> None:
    """Put a legend where it hides nothing: beside the axes, below those of a narrow figure."""
    figure = axes.get_figure(root=True)
    if figure is None or figure.get_layout_engine() is None:  # the caller's
        axes.legend(fontsize="small", **options)
    elif _STYLE.get().narrow:
        legend = figure.legend(loc="outside lower left", fontsize="small", **options)
        lines = sum(1 + text.get_text().count("\n") for text in legend.get_texts())
        lines = math.ceil(lines / options.get("ncols", 1))
        per_line = 1.35 * matplotlib.rcParams["font.size"] * 0.833 / 72
        figure.set_figheight(figure.get_figheight() + per_line * lines)
    else:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small", **options)


def tell(figure: Figure, text: str, axes: Axes | None = None) -> None:
    """Put in small type what a figure is of, above it or above one of its axes."""
    figure.set_label(text)
    if not _STYLE.get().captions:
        return
    size = matplotlib.rcParams["font.size"] * 0.833
    wrapped = textwrap.fill(text, int(128 * figure.get_figwidth() / size))
    if axes is None:
        figure.suptitle(wrapped, fontsize="small", x=0.02, ha="left")
    else:
        axes.set_title(wrapped, fontsize="small", loc="left")


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

"""Pictures about single images: confusion, one image's votes, images by behaviour."""

import math
import textwrap
from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.figures.captions import name_groups, named, vote_name
from qnnq.figures.curves import AXES, Axis
from qnnq.figures.style import (
    HATCHES,
    MOST_SERIES,
    look,
    panels,
    percent_axis,
    place_legend,
    styled,
    tell,
)
from qnnq.results.decided import Decided
from qnnq.results.labels import shown
from qnnq.results.points import Measured
from qnnq.results.robustness import behaviours, groups
from qnnq.wording import counted

MOST_PANELS = 6
FEW = 50
"""Images of a class below which a table counts them, as per cents would say more than there is."""
MOST_DRAWN = 16
_COLUMNS = 4
_DARK = 0.55  # shares above this are dark cells, which take white figures


def plot_confusion(points: Sequence[Measured], ax: Axes | None = None) -> Figure:
    """Draw the majority vote against the true class, a panel a point, in shares of each class."""
    _check_panels(len(points))
    names, common = name_groups([[point] for point in points], [])
    with styled() if ax is None else nullcontext():
        figure, each = panels(ax, 3.6 * len(points) + 0.4, 4.0, len(points))
        for axes, point, name in zip(each, points, names, strict=True):
            table = point.confusion()
            classes = len(table)
            shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
            few = table.sum(axis=1).min() < FEW
            _heat(axes, shares, table if few else None)
            axes.set_xticks(range(classes))
            axes.set_yticks(range(classes))
            axes.set_xlabel(vote_name([point]))
            right = f"{point.accuracy('majority').value:.1%} right"
            axes.set_title(f"{textwrap.fill(name, 40)}: {right}", fontsize="small")
        each[0].set_ylabel("true class")
        least = int(min(point.confusion().sum(axis=1).min() for point in points))
        what = "images" if least < FEW else "% of the true class"
        tell(figure, f"{common}; cells: {what}")
    return figure


def plot_image(points: Sequence[Measured], image: int, x: Axis, ax: Axes | None = None) -> Figure:
    """Draw one image and the classes that its shots voted for along an axis, a panel a line.

    Raises:
        InputError: If there are too many lines, or a point has no place on the axis.
    """
    if any(point.labels.get(x, "") == "" for point in points):
        raise InputError(f"--x {x}: found points without one: choose with --where mode=coherent")
    apart = [x, "network"] if x in ("stretch", "entanglement") else [x]
    lines = groups(points, apart)
    _check_panels(len(lines))
    names, common = name_groups(lines, apart)
    with styled() if ax is None else nullcontext():
        widths = {"width_ratios": [1.6, *[3] * len(lines)]}
        number = 1 + len(lines)
        figure, (picture, *each) = panels(ax, 3.2 * number - 1, 3.6, number, gridspec_kw=widths)
        truth = _draw_pixels(picture, points[0], image)
        for axes, line, name in zip(each, lines, names, strict=True):
            line = sorted(line, key=lambda point: float(point.labels[x]))
            shares = np.stack([_shares(point, image) for point in line], axis=1)
            _heat(axes, shares)
            axes.set_xticks(range(len(line)), [shown(point.labels[x]) for point in line])
            axes.set_yticks(range(len(shares)))
            axes.get_yticklabels()[truth].set_fontweight("bold")
            axes.set_xlabel(AXES[x])
            shots = int(line[0].counts.sum(axis=1).max())
            told = counted(shots, "shot") if shots else "probabilities"
            axes.set_title(f"{name}, {told}", fontsize="small")
        each[0].set_ylabel("class that a shot chose (% of shots)")
        tell(figure, common)
    return figure


def plot_behaviour(points: Sequence[Measured], ax: Axes | None = None) -> Figure:
    """Draw how many images each network gains and loses against the network of stretch 0."""
    found = behaviours(points)
    if len(found) > MOST_SERIES:
        raise InputError(f"{len(found)} bars are too many: choose with --where")
    names, common = name_groups([[each.point] for each in found], [])
    kinds = ("both_right", "gained", "lost", "both_wrong")
    references = {named("network", each.reference.labels["network"]) for each in found}
    other = references.pop() if len(references) == 1 else "stretch 0"
    meanings = ("both right", "only this network right", f"only {other} right", "both wrong")
    with styled() if ax is None else nullcontext():
        figure, (axes,) = panels(ax, 6.2, 1.4 + 0.4 * len(found))
        left = np.zeros(len(found))
        for number, (kind, meaning) in enumerate(zip(kinds, meanings, strict=True)):
            share = np.array(
                [
                    len(getattr(each.behaviour, kind))
                    / sum(len(getattr(each.behaviour, other)) for other in kinds)
                    for each in found
                ]
            )
            axes.barh(
                names, share, left=left, label=meaning, color=look((5, 3, 4, 0)[number]).color,
                hatch=HATCHES[number], edgecolor="white", alpha=0.85,
            )  # fmt: skip
            for row, value in enumerate(share):
                if value > 0.025:
                    axes.text(
                        left[row] + value / 2, row, f"{100 * value:.1f}", ha="center", va="center",
                        fontsize="x-small",
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
                    )  # fmt: skip
            left += share
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        percent_axis(axes, "x")
        votes = vote_name([each.point for each in found])
        axes.set_xlabel(f"share of the images, by what the {votes} says")
        place_legend(axes)
        tell(figure, common, axes)
    return figure


def plot_decided(decided: Sequence[Decided], ax: Axes | None = None) -> Figure:
    """Draw images that noise decides, each once, with its votes before and after.

    Those that most settings have in common come first. Raises `InputError` where the images are not
    at hand, or are no squares.
    """
    by_image: dict[tuple[str, int], list[Decided]] = {}
    for each in decided:
        by_image.setdefault((str(each.point.labels["data"]), each.image), []).append(each)
    found = sorted(by_image.values(), key=len, reverse=True)
    drawn = found[:MOST_DRAWN]
    columns = min(len(drawn), _COLUMNS)
    rows = math.ceil(len(drawn) / columns)
    with styled() if ax is None else nullcontext():
        figure, (axes,) = panels(ax, 1.05 * columns, 1.45 * rows + 0.4)
        axes.set_axis_off()
        width, height = 1 / columns, 1 / rows
        for number, settings in enumerate(drawn):
            row, column = divmod(number, columns)
            place = (column * width, 1 - (row + 0.97) * height, 0.9 * width, 0.62 * height)
            cell = axes.inset_axes(place)
            pixels, truth = _pixels(settings[0].point, settings[0].image)
            cell.imshow(pixels, cmap="Greys")
            cell.set_axis_off()
            votes = sorted(
                {f"{each.before} \N{RIGHTWARDS ARROW} {each.after}" for each in settings}
            )
            told = f"{settings[0].image}, class {truth}\n{', '.join(votes)}"
            if len(by_image) > 1 and len(settings) > 1:
                told += f"\n{len(settings)} settings"
            cell.set_title(told, fontsize="x-small")
        devices = sorted({str(each.point.labels["device"]) for each in decided} - {""})
        left = len(found) - len(drawn)
        more = f"; {counted(left, 'further image')} not drawn" if left else ""
        tell(figure, f"on {', '.join(devices) or 'no device'}, under the weakest noise{more}")
    return figure


def _heat(
    axes: Axes, shares: NDArray[np.float64], counts: NDArray[np.integer] | None = None
) -> None:
    """Draw shares in [0, 1] as darkness, with per cents, or with counts, in the cells."""
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.grid(False)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:
            colour = "white" if share > _DARK else "black"
            axes.text(
                column,
                row,
                f"{100 * share:.0f}" if counts is None else str(counts[row, column]),
                color=colour,
                fontsize="x-small",
                ha="center",
                va="center",
            )


def _shares(point: Measured, image: int) -> NDArray[np.float64]:
    row = np.flatnonzero(point.images == image)
    if not len(row):
        raise InputError(f"--image {image}: the points have no such image")
    return np.asarray(point.shares[row[0]])


def _draw_pixels(axes: Axes, point: Measured, image: int) -> int:
    pixels, truth = _pixels(point, image)
    axes.imshow(pixels, cmap="Greys")
    axes.set_axis_off()
    axes.set_title(f"image {image}\ntrue class {truth}", fontsize="small")
    return truth


def _pixels(point: Measured, image: int) -> tuple[NDArray[np.floating], int]:
    """Return an image of a point's data, (side, side), and its class."""
    from qnnq.data.load import load_data

    data = load_data(point.labels["data"])
    if data.kind != "pixels":
        raise InputError(f"{point.labels['data']}: {data.kind} are no pictures")
    if data.digest != point.data_digest and point.data_digest:
        raise InputError(f"{point.labels['data']}: expected the data that the points are of")
    if not 0 <= image < len(data.labels):
        raise InputError(f"--image {image}: expected 0 to {len(data.labels) - 1}")
    pixels = data.images[image]
    side = math.isqrt(len(pixels))
    if side * side != len(pixels):
        raise InputError(f"{point.labels['data']}: {len(pixels)} pixels are no square")
    return pixels.reshape(side, side), int(data.labels[image])


def _check_panels(number: int) -> None:
    if number > MOST_PANELS:
        raise InputError(
            f"{number} panels are too many (at most {MOST_PANELS}): choose with --where LABEL=VALUE"
        )

"""Pictures about single images: confusion, one image's votes, images by behaviour."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.figures.captions import caption, name_groups, named, vote_name
from qnnq.figures.curves import AXES, Axis
from qnnq.figures.style import HATCHES, MOST_SERIES, look, percent_axis, styled
from qnnq.results.decided import Decided
from qnnq.results.labels import shown
from qnnq.results.points import Measured
from qnnq.results.robustness import behaviours, groups
from qnnq.wording import counted

MOST_PANELS = 6
MOST_DRAWN = 8
_DARK = 0.55  # shares above this are dark cells, which take white figures


def plot_confusion(points: Sequence[Measured]) -> Figure:
    """Draw the majority vote against the true class, a panel a point, in shares of each class."""
    _check_panels(len(points))
    names, common = name_groups([[point] for point in points], [])
    with styled():
        figure = Figure(figsize=(3.6 * len(points) + 0.4, 4.0), layout="constrained")
        panels = figure.subplots(1, len(points), squeeze=False)[0]
        for axes, point, name in zip(panels, points, names, strict=True):
            table = point.confusion()
            classes = len(table)
            shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
            _heat(axes, shares)
            axes.set_xticks(range(classes))
            axes.set_yticks(range(classes))
            axes.set_xlabel(vote_name([point]))
            axes.set_title(f"{name}: {point.accuracy('majority').value:.1%} right", fontsize=9)
        panels[0].set_ylabel("true class")
        title = caption(f"{common}; cells: % of the true class", figure)
        figure.suptitle(title, fontsize=8, x=0.02, ha="left")
    return figure


def plot_image(points: Sequence[Measured], image: int, x: Axis) -> Figure:
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
    with styled():
        figure = Figure(figsize=(2.2 + 3.2 * len(lines), 3.6), layout="constrained")
        picture, *panels = figure.subplots(
            1, 1 + len(lines), gridspec_kw={"width_ratios": [1.6, *[3] * len(lines)]}
        )
        truth = _draw_pixels(picture, points[0], image)
        for axes, line, name in zip(panels, lines, names, strict=True):
            line = sorted(line, key=lambda point: float(point.labels[x]))
            shares = np.stack([_shares(point, image) for point in line], axis=1)
            _heat(axes, shares)
            axes.set_xticks(range(len(line)), [shown(point.labels[x]) for point in line])
            axes.set_yticks(range(len(shares)))
            axes.get_yticklabels()[truth].set_fontweight("bold")
            axes.set_xlabel(AXES[x])
            shots = int(line[0].counts.sum(axis=1).max())
            told = counted(shots, "shot") if shots else "probabilities"
            axes.set_title(f"{name}, {told}", fontsize=8)
        panels[0].set_ylabel("class that a shot chose (% of shots)")
        figure.suptitle(caption(common, figure), fontsize=8, x=0.02, ha="left")
    return figure


def plot_behaviour(points: Sequence[Measured]) -> Figure:
    """Draw how many images each network gains and loses against the network of stretch 0."""
    found = behaviours(points)
    if len(found) > MOST_SERIES:
        raise InputError(f"{len(found)} bars are too many: choose with --where")
    names, common = name_groups([[each.point] for each in found], [])
    kinds = ("both_right", "gained", "lost", "both_wrong")
    references = {named("network", each.reference.labels["network"]) for each in found}
    other = references.pop() if len(references) == 1 else "stretch 0"
    meanings = ("both right", "only this network right", f"only {other} right", "both wrong")
    with styled():
        figure = Figure(figsize=(6.2, 1.4 + 0.4 * len(found)), layout="constrained")
        axes = figure.subplots()
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
                        fontsize=7, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
                    )  # fmt: skip
            left += share
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        percent_axis(axes, "x")
        votes = vote_name([each.point for each in found])
        axes.set_xlabel(f"share of the images, by what the {votes} says")
        figure.legend(loc="outside lower center", ncols=4, fontsize=8)
        axes.set_title(caption(common, figure), fontsize=8, loc="left")
    return figure


def plot_decided(decided: Sequence[Decided]) -> Figure:
    """Draw images that noise decides, the first of each network, with the votes before and after.

    Raises `InputError` where the images are not at hand, or are no squares.
    """
    by_network: dict[str, list[Decided]] = {}
    for each in decided:
        by_network.setdefault(str(each.point.labels["network"]), []).append(each)
    rows = list(by_network.items())[:MOST_PANELS]
    with styled():
        figure = Figure(figsize=(0.85 * MOST_DRAWN, 1.5 * len(rows)), layout="constrained")
        parts = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
        for part, (network, images) in zip(parts, rows, strict=True):
            panels = part.subplots(1, MOST_DRAWN)
            for axes in panels:
                axes.set_axis_off()
            for axes, each in zip(panels, images, strict=False):
                pixels, _ = _pixels(each.point, each.image)
                axes.imshow(pixels, cmap="Greys")
                axes.set_title(f"{each.image}\n{each.before} \u2192 {each.after}", fontsize=7)
            left = len(images) - MOST_DRAWN
            more = f", {left} more not drawn" if left > 0 else ""
            strength = shown(images[0].point.labels["strength"])
            title = f"{named('network', network)} at strength {strength}{more}"
            part.suptitle(title, fontsize=8, x=0.01, ha="left")
    return figure


def _heat(axes: Axes, shares: NDArray[np.float64]) -> None:
    """Draw shares in [0, 1] as a picture whose darkness grows with the share, with figures."""
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.grid(False)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:
            colour = "white" if share > _DARK else "black"
            axes.text(
                column,
                row,
                f"{100 * share:.0f}",
                color=colour,
                fontsize=7,
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
    axes.set_title(f"image {image}\ntrue class {truth}", fontsize=9)
    return truth


def _pixels(point: Measured, image: int) -> tuple[NDArray[np.floating], int]:
    """Return an image of a point's data, (side, side), and its class."""
    from qnnq.data.load import load_data

    data = load_data(point.labels["data"])
    if data.kind == "features":
        raise InputError(f"{point.labels['data']}: features are no pictures")
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

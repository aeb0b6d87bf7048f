"""Accuracy against strength, pairs, latency, stretch or entanglement: one line a setting."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, Transform

from qnnq.errors import InputError
from qnnq.figures.captions import caption, in_legend, name_groups, prediction_name
from qnnq.figures.style import MOST_SERIES, Look, look, looks, percent_axis, styled
from qnnq.options.coherent import OF_COHERENT_MODE
from qnnq.results.labels import duration
from qnnq.results.points import Measured, points_of
from qnnq.results.robustness import groups

Axis = Literal["strength", "pairs", "stretch", "entanglement", "feedback_latency"]
AXES: dict[Axis, str] = {
    "strength": "noise strength (1: as calibrated)",
    "pairs": "inserted gate pairs after each rotation",
    "stretch": "stretch $a$ of the activation",
    "entanglement": r"entanglement angle $g/\pi$",
    "feedback_latency": "feedback latency",
}
Scale = Literal["auto", "log", "linear"]
_SPREAD_POINTS = 7.0
_PER_NETWORK = ("stretch", "entanglement")
_WIDE_RANGE = 16


def plot_curves(
    points: Sequence[Measured],
    x: Axis,
    prediction: str = "majority",
    scale: Scale = "auto",
    known: Sequence[str] = (),
) -> Figure:
    """Draw accuracies with their intervals as bars; raises `InputError` for too many lines.

    Where `x` does not apply to a line (stepwise networks have no feedback latency) it is level.
    `known` are all networks of several figures, in which each then looks the same.
    """
    lines, apart = _lines(points, x)
    with styled():
        figure = Figure(figsize=(7.0, 4.0), layout="constrained")
        axes = figure.subplots()
        _draw(axes, lines, apart, x, prediction, known)
        _scale_x(axes, _x_values(points, x), scale, x)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
        axes.set_title(caption(name_groups(lines, apart)[1], figure), fontsize=8, loc="left")
    return figure


def plot(
    points: Measured | Sequence[Measured],
    x: Axis = "strength",
    prediction: str = "majority",
    *,
    ax: Axes | None = None,
    scale: Scale = "auto",
) -> Axes:
    """Draw accuracies with their intervals into axes of matplotlib, and return them.

    Args:
        points: Those of a results file, such as `qnnq.read_results` returns.
        x: What stands along the axis: a label of the points, one of `AXES`.
        prediction: `single_shot`, `majority` or `soft_vote`.
        ax: Where to draw; None: the current axes of `matplotlib.pyplot`.
        scale: `log`, `linear`, or whichever suits the values.

    Raises:
        InputError: If these are no points, none has a place on the axis, or there are too many
            lines.
    """
    points = points_of(points)
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.gca()
    lines, apart = _lines(points, x)
    _draw(ax, lines, apart, x, prediction, ())
    _scale_x(ax, _x_values(points, x), scale, x)
    ax.legend()
    return ax


def _lines(points: Sequence[Measured], x: Axis) -> tuple[list[list[Measured]], list[str]]:
    """Return the points of each line, and the labels that differ within one."""
    if all(point.labels.get(x, "") == "" for point in points):
        raise InputError(f"--x {x}: expected points that have one, found none")
    apart: list[str] = [x, "network"] if x in _PER_NETWORK else [x]
    lines = groups(points, apart)
    if len(lines) > MOST_SERIES:
        raise InputError(f"{len(lines)} lines are too many to tell apart: choose with --where")
    return [list(line) for line in lines], apart


def _draw(
    axes: Axes,
    lines: Sequence[Sequence[Measured]],
    apart: Sequence[str],
    x: Axis,
    prediction: str,
    known: Sequence[str],
) -> None:
    names, _ = name_groups(lines, apart)
    styles = _looks(lines, apart, known)
    for number, (line, name, style) in enumerate(zip(lines, names, styles, strict=True)):
        place = _aside(axes, number - (len(lines) - 1) / 2, len(lines))
        _draw_line(axes, line, x, prediction, in_legend(name), style, place)
    axes.set_xlabel(AXES[x])
    axes.set_ylabel(prediction_name(prediction, [point for line in lines for point in line]))
    percent_axis(axes)


def _x_values(points: Sequence[Measured], x: Axis) -> list[float]:
    return sorted({float(point.labels[x]) for point in points if point.labels.get(x, "") != ""})


def _looks(
    lines: Sequence[Sequence[Measured]], apart: Sequence[str], known: Sequence[str]
) -> list[Look]:
    """Return how lines are drawn; where modes are compared, stepwise is the dashed one of two."""
    aside = ("mode", *OF_COHERENT_MODE, *apart)
    keys = [str({k: v for k, v in line[0].labels.items() if k not in aside}) for line in lines]
    modes = [line[0].labels.get("mode") for line in lines]
    if len(set(modes)) == 1:
        named = [str(line[0].labels["network"]) for line in lines]
        return looks(named, known if "network" not in apart else ())
    coherent = [key for key, mode in zip(keys, modes, strict=True) if mode == "coherent"]
    alone = [key for key in keys if key not in coherent]
    order, numbers = [*coherent, *dict.fromkeys(alone)], iter(range(len(coherent)))
    return [
        replace(look(next(numbers)), linestyle="-")
        if mode == "coherent"
        else replace(look(order.index(key)), linestyle="--")
        for key, mode in zip(keys, modes, strict=True)
    ]


def _aside(axes: Axes, number: float, count: int) -> Transform:
    """Return where a line is drawn, `number` places right of the middle, so that bars are seen."""
    points = number * min(3.0, _SPREAD_POINTS / count)
    return axes.transData + ScaledTranslation(points / 72, 0, axes.figure.dpi_scale_trans)


def _draw_line(
    axes: Axes,
    line: Sequence[Measured],
    x: Axis,
    prediction: str,
    name: str,
    style: Look,
    place: Transform,
) -> None:
    if line[0].labels.get(x, "") == "":
        level = line[0].accuracy(prediction)
        axes.axhspan(level.low, level.high, color=style.color, alpha=0.1, lw=0)
        axes.axhline(level.value, label=name, color=style.color, linestyle=style.linestyle)
        return
    line = sorted(line, key=lambda point: float(point.labels[x]))
    unit = math.pi if x == "entanglement" else 1.0
    values = [float(point.labels[x]) / unit for point in line]
    found = [point.accuracy(prediction) for point in line]
    middles = np.array([f.value for f in found])
    ends = np.array([[f.low for f in found], [f.high for f in found]])
    bars = axes.errorbar(
        values, middles, np.abs(ends - middles), fmt="none", ecolor=style.color, elinewidth=0.9
    )  # fmt: skip
    (drawn,) = axes.plot(
        values, middles, label=name, color=style.color, marker=style.marker,
        # Networks that were trained one by one are no curve.
        linestyle="none" if x in _PER_NETWORK else style.linestyle,
        markeredgecolor="white", markeredgewidth=0.5,
    )  # fmt: skip
    for artist in (drawn, *bars[2]):  # the limits of the axes are those of the data by now
        artist.set_transform(place)
    mark_unfinished(
        axes, [(v, f.value) for v, f, p in zip(values, found, line, strict=True) if not p.complete]
    )


def mark_unfinished(axes: Axes, places: Sequence[tuple[float, float]]) -> None:
    """Circle values of points that are not finished; the caption counts them."""
    if places:
        axes.plot(
            *zip(*places, strict=True), linestyle="none", marker="o", markersize=11,
            markerfacecolor="none", markeredgecolor="black", markeredgewidth=0.8, zorder=5,
        )  # fmt: skip


def _scale_x(axes: Axes, values: list[float], scale: Scale, x: Axis) -> None:
    name = duration if x == "feedback_latency" else "{:g}".format
    if len(values) == 1 and x not in _PER_NETWORK:
        axes.set_xticks(values, [name(values[0])])
        return
    if x == "feedback_latency":
        axes.xaxis.set_major_formatter(lambda value, _: name(value))
    positive = [value for value in values if value > 0]
    wide = len(positive) > 1 and positive[-1] / positive[0] >= _WIDE_RANGE
    if not positive or scale == "linear" or (scale == "auto" and not wide) or x in _PER_NETWORK:
        return
    base = 10 if x == "feedback_latency" else 2
    if values[0] > 0:
        axes.set_xscale("log", base=base)
    else:  # 0 has its place on the axis, one step before the smallest value
        axes.set_xscale("symlog", linthresh=positive[0], linscale=0.5, base=base)
        axes.set_xlim(-positive[0] / 4, 1.15 * positive[-1])
    ticks = values if len(values) <= 14 else values[:: math.ceil(len(values) / 14)]
    if base == 10:
        lowest, highest = (math.log10(value) for value in (positive[0], positive[-1]))
        decades = [10.0**power for power in range(math.ceil(lowest), math.floor(highest) + 1)]
        ticks = [*values[: values[0] == 0], *decades]
    axes.set_xticks(ticks, [name(value) for value in ticks])
    axes.set_xticks([], minor=True)

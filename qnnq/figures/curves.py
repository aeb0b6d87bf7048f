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
from qnnq.figures.captions import in_legend, name_groups, named, prediction_name, short_name
from qnnq.figures.style import (
    MOST_SERIES,
    Look,
    look,
    looks,
    panels,
    percent_axis,
    place_legend,
    tell,
)
from qnnq.options.coherent import OF_COHERENT_MODE
from qnnq.results.labels import duration
from qnnq.results.points import Measured, points_of
from qnnq.results.references import rivals, unsampled_of
from qnnq.results.robustness import groups

Axis = Literal["strength", "pairs", "stretch", "entanglement", "feedback_latency"]
AXES: dict[Axis, str] = {
    "strength": "noise strength (1: as calibrated)",
    "pairs": "inserted gate pairs after each rotation",
    "stretch": "stretch $a$ of the activation",
    "entanglement": r"entanglement angle $g/\pi$",
    "feedback_latency": "feedback latency",
}
Prediction = Literal["single_shot", "majority", "soft_vote"]
Scale = Literal["auto", "log", "linear"]
_SPREAD_POINTS = 7.0
_PER_NETWORK = ("stretch", "entanglement")
_WIDE_RANGE = 16


def plot_curves(
    points: Sequence[Measured],
    x: Axis = "strength",
    prediction: Prediction | Sequence[Prediction] = "majority",
    scale: Scale = "auto",
    known: Sequence[str] = (),
    references: Sequence[Measured] = (),
    ax: Axes | None = None,
) -> Figure:
    """Draw accuracies with their intervals as bars.

    Where `x` does not apply to a line (stepwise networks have no feedback latency) it is level.
    Points of machines are drawn over the line of the same network as large marks, not joined.

    Args:
        points: Those of a results file, such as `qnnq.read_results` returns.
        x: What stands along the axis: a label of the points, one of `AXES`.
        prediction: `single_shot`, `majority`, `soft_vote`, or several: the first is drawn full,
            others are pale.
        scale: `log`, `linear`, or whichever suits the values.
        known: All networks of several figures, in which each then looks the same.
        references: What is drawn level beside the lines: the same weights without sampling, and
            classical networks.
        ax: Where to draw; None: a new figure.

    Raises:
        InputError: If no point has a place on the axis, or there are too many lines.
    """
    predictions = [prediction] if isinstance(prediction, str) else list(prediction)
    simulated = [point for point in points if not on_machine(point)] or list(points)
    lines, apart = _lines(simulated, x)
    with panels(ax, 7.0, 4.0) as (figure, (axes,)):
        styles = _looks(lines, apart, known)
        for number, wanted in enumerate(predictions):
            _draw(axes, lines, apart, x, wanted, styles, pale=number > 0)
        if len(simulated) < len(points):
            machine = [point for point in points if on_machine(point)]
            _draw_machines(axes, machine, lines, x, predictions[0], styles)
        _draw_references(axes, lines, references, styles)
        _draw_chance(axes, lines)
        axes.set_xlabel(AXES[x])
        axes.set_ylabel(_axis_name(predictions, simulated))
        percent_axis(axes)
        _scale_x(axes, _x_values(points, x), scale, x)
        place_legend(axes)
        tell(figure, name_groups(lines, apart)[1], axes)
    return figure


def on_machine(point: Measured) -> bool:
    """Whether a point was measured by jobs."""
    return point.labels.get("engine") == "runtime"


def _axis_name(predictions: Sequence[str], points: Sequence[Measured]) -> str:
    if len(predictions) == 1:
        return prediction_name(predictions[0], points)
    return f"accuracy; pale: {' and '.join(short_name(each, points) for each in predictions[1:])}"


def _draw_references(
    axes: Axes,
    lines: Sequence[Sequence[Measured]],
    references: Sequence[Measured],
    styles: Sequence[Look],
) -> None:
    """Draw the accuracy of each line's weights without sampling, and that of rivals, level."""
    drawn: set[str] = set()
    for line, style in zip(lines, styles, strict=True):
        found = unsampled_of(line[0], references)
        if found is not None and found.network_digest not in drawn:
            drawn.add(found.network_digest)
            value = found.on(line[0].images).accuracy().value
            name = None if len(drawn) > 1 else "unsampled: the same weights, phi(z)"
            axes.axhline(value, color=style.color, linestyle=(0, (1, 1.5)), lw=1.1, label=name)
    for number, rival in enumerate(rivals(references)):
        value = rival.accuracy().value
        colour, dashes = ("0.25", "0.5", "0.65")[number % 3], ((0, (7, 2)), (0, (4, 2, 1, 2)))
        axes.axhline(
            value,
            color=colour,
            linestyle=dashes[number % 2],
            lw=1.1,
            label=in_legend(named("network", rival.labels["network"])),
        )


def _draw_chance(axes: Axes, lines: Sequence[Sequence[Measured]]) -> None:
    """Draw the accuracy of guessing, where the axis comes near it."""
    chance = 1 / lines[0][0].counts.shape[1]
    low, high = axes.get_ylim()
    if low - chance < 0.5 * (high - low):
        name = f"chance, {100 * chance:.3g} %"
        axes.axhline(chance, color="0.45", linestyle=":", lw=0.9, label=name)


def _draw_machines(
    axes: Axes,
    points: Sequence[Measured],
    lines: Sequence[Sequence[Measured]],
    x: Axis,
    prediction: str,
    styles: Sequence[Look],
) -> None:
    for point in points:
        if point.labels.get(x, "") == "":
            continue
        style = _nearest(point, lines, styles)
        found = point.accuracy(prediction)
        axes.errorbar(
            [float(point.labels[x])],
            [found.value],
            [[found.value - found.low], [found.high - found.value]],
            fmt="*",
            color=style.color,
            markersize=11,
            markeredgecolor="black",
            markeredgewidth=0.7,
            capsize=3,
            zorder=6,
            label=in_legend(f"measured on {point.labels['device']}"),
        )


def _nearest(point: Measured, lines: Sequence[Sequence[Measured]], styles: Sequence[Look]) -> Look:
    """Return the look of the line of a point's network that has most labels in common with it."""
    same = [
        (sum(line[0].labels.get(name) == value for name, value in point.labels.items()), style)
        for line, style in zip(lines, styles, strict=True)
        if line[0].network_digest == point.network_digest
    ]
    return max(same, key=lambda each: each[0])[1] if same else look(MOST_SERIES - 1)


def plot(
    points: Measured | Sequence[Measured],
    x: Axis = "strength",
    prediction: Prediction | Sequence[Prediction] = "majority",
    *,
    ax: Axes | None = None,
    scale: Scale = "auto",
    references: Sequence[Measured] = (),
) -> Axes:
    """Draw what `plot_curves` draws into axes of matplotlib, and return them.

    Args:
        points: Those of a results file, such as `qnnq.read_results` returns.
        x: What stands along the axis: a label of the points, one of `AXES`.
        prediction: `single_shot`, `majority` or `soft_vote`, or several of these.
        ax: Where to draw; None: the current axes of `matplotlib.pyplot`.
        scale: `log`, `linear`, or whichever suits the values.
        references: Points that are read beside them, drawn level.

    Raises:
        InputError: If these are no points, none has a place on the axis, or there are too many
            lines.
    """
    points = points_of(points)
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.gca()
    plot_curves(points, x, prediction, scale, references=references, ax=ax)
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
    styles: Sequence[Look],
    *,
    pale: bool,
) -> None:
    names, _ = name_groups(lines, apart)
    for number, (line, name, style) in enumerate(zip(lines, names, styles, strict=True)):
        place = _aside(axes, number - (len(lines) - 1) / 2, len(lines))
        label = "_" if pale else in_legend(name)
        _draw_line(axes, line, x, prediction, label, style, place, alpha=0.4 if pale else 1.0)


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
    alpha: float,
) -> None:
    if line[0].labels.get(x, "") == "":
        level = line[0].accuracy(prediction)
        axes.axhspan(level.low, level.high, color=style.color, alpha=0.1, lw=0)
        axes.axhline(
            level.value, label=name, color=style.color, linestyle=style.linestyle, alpha=alpha
        )
        return
    line = sorted(line, key=lambda point: float(point.labels[x]))
    unit = math.pi if x == "entanglement" else 1.0
    values = [float(point.labels[x]) / unit for point in line]
    found = [point.accuracy(prediction) for point in line]
    middles = np.array([f.value for f in found])
    ends = np.array([[f.low for f in found], [f.high for f in found]])
    bars = axes.errorbar(
        values, middles, np.abs(ends - middles), fmt="none", ecolor=style.color, elinewidth=0.9,
        alpha=alpha,
    )  # fmt: skip
    (drawn,) = axes.plot(
        values, middles, label=name, color=style.color, marker=style.marker,
        # Networks that were trained one by one are no curve.
        linestyle="none" if x in _PER_NETWORK else style.linestyle,
        markeredgecolor="white", markeredgewidth=0.5, alpha=alpha,
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

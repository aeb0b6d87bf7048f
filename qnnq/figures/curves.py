"""Accuracy against strength, pairs, latency, stretch or entanglement: one line a setting."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qnnq.errors import InputError
from qnnq.figures.published import CITATION, PublishedSeries, published_series
from qnnq.figures.style import MOST_SERIES, look, percent_axis, styled
from qnnq.results.points import Measured, shown
from qnnq.results.robustness import groups

Axis = Literal["strength", "pairs", "stretch", "entanglement", "feedback_latency"]
AXES: dict[Axis, str] = {
    "strength": "noise strength (1: as calibrated)",
    "pairs": "inserted gate pairs after each rotation",
    "stretch": "stretch $a$ of the activation",
    "entanglement": r"entanglement angle $g/\pi$",
    "feedback_latency": "feedback latency (us)",
}
Scale = Literal["auto", "log", "linear"]
PREDICTION_NAMES = {
    "single_shot": "single-shot accuracy",
    "majority": "accuracy of the majority vote",
    "soft_vote": "accuracy of the soft vote",
}
_PER_NETWORK = ("stretch", "entanglement")
_WIDE_RANGE = 16


def plot_curves(
    points: Sequence[Measured],
    x: Axis,
    prediction: str = "majority",
    scale: Scale = "auto",
    published: bool = True,
) -> Figure:
    """Draw accuracies with their intervals as bands; raises `InputError` for too many lines.

    Where `x` does not apply to a line (stepwise networks have no feedback latency) it is level.
    """
    if all(point.labels.get(x, "") == "" for point in points):
        raise InputError(f"--x {x}: expected points that have one, found none")
    apart = [x, "network"] if x in _PER_NETWORK else [x]
    lines = groups(points, apart)
    if len(lines) > MOST_SERIES:
        raise InputError(f"{len(lines)} lines are too many to tell apart: choose with --where")
    names, common = name_groups(lines, apart)
    with styled():
        figure = Figure(figsize=(7.0, 4.0), layout="constrained")
        axes = figure.subplots()
        for number, (line, name) in enumerate(zip(lines, names, strict=True)):
            _draw_line(axes, line, x, prediction, name, number)
        overlay = published_series(x, points) if published else []
        for number, series in enumerate(overlay):
            _draw_published(axes, series, number)
        values = {float(point.labels[x]) for point in points if point.labels.get(x, "") != ""}
        values.update(*(series.x for series in overlay))
        _scale_x(axes, sorted(values), scale, x)
        axes.set_xlabel(AXES[x])
        axes.set_ylabel(PREDICTION_NAMES[prediction])
        percent_axis(axes)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
        axes.set_title(caption(common, figure), fontsize=8, loc="left")
        if overlay:
            figure.supxlabel(CITATION, fontsize=6, color="0.35", x=0.01, ha="left")
    return figure


def name_groups(lines: Sequence[Sequence[Measured]], apart: Sequence[str]) -> tuple[list[str], str]:
    """Return a name for each group, from what differs between them, and what they share."""
    firsts = [line[0].labels for line in lines]
    fixed = [name for name in firsts[0] if name not in apart]
    varying = [name for name in fixed if len({shown(labels[name]) for labels in firsts}) > 1]
    if "network" in varying:  # it tells these two
        varying = [name for name in varying if name not in ("stretch", "entanglement", "widths")]
    if "device" in varying and "noise" in varying:
        varying.remove("noise")
    whole = "this sweep" if "network" in apart else named("network", firsts[0]["network"])
    names = [", ".join(named(name, labels[name]) for name in varying) or whole for labels in firsts]
    told = ("noise", "strength", "off", "pairs", "device", "engine", "data", "content")
    common = [
        named(name, firsts[0][name])
        for name in told
        if name in fixed and name not in varying and firsts[0][name] not in ("", 0)
    ]
    point = lines[0][0]
    images = f"image {point.images[0]}" if len(point.images) == 1 else f"{len(point.images)} images"
    common.append(f"{images} x {point.shots} shots")
    points = [point for line in lines for point in line]
    unfinished = sum(not point.complete for point in points)
    if unfinished:
        common.append(f"UNFINISHED: {unfinished} of {len(points)} points")
    return names, ", ".join(dict.fromkeys(common))


def caption(text: str, figure: Figure) -> str:
    """Break a line of small type to a figure's width."""
    return textwrap.fill(text, int(17 * figure.get_figwidth()))


def named(name: str, value: Any) -> str:
    """Return a label's value as a figure shows it."""
    text = shown(value).replace("$", r"\$")  # else matplotlib reads it as a formula
    if name in ("network", "data"):
        return Path(text).stem if text.endswith((".safetensors", ".npz")) else text
    if name in ("noise", "device"):
        return text
    return f"{name.replace('_', ' ')} {text or 'none'}"


def _draw_line(
    axes: Axes, line: Sequence[Measured], x: Axis, prediction: str, name: str, number: int
) -> None:
    style = look(number)
    if line[0].labels.get(x, "") == "":
        level = line[0].accuracy(prediction)
        axes.axhspan(level.low, level.high, color=style.color, alpha=0.2, lw=0)
        axes.axhline(level.value, label=name, color=style.color, linestyle=style.linestyle)
        return
    line = sorted(line, key=lambda point: float(point.labels[x]))
    unit = math.pi if x == "entanglement" else 1.0
    values = [float(point.labels[x]) / unit for point in line]
    found = [point.accuracy(prediction) for point in line]
    axes.fill_between(
        values, [f.low for f in found], [f.high for f in found], color=style.color, alpha=0.2, lw=0
    )
    axes.plot(
        values, [f.value for f in found], label=name, color=style.color, marker=style.marker,
        linestyle=style.linestyle, markeredgecolor="white", markeredgewidth=0.5,
    )  # fmt: skip
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


def _draw_published(axes: Axes, series: PublishedSeries, number: int) -> None:
    errors = np.abs([np.subtract(series.value, end) for end in (series.low, series.high)])
    aside = 0.012 * (max(series.x) - min(series.x)) * (1, -1)[number]
    axes.errorbar(
        np.add(series.x, aside),
        series.value,
        errors,
        label=series.label,
        fmt=("*", "x")[number],
        color=("0.3", "0.55")[number],
        markersize=(8, 6)[number],
        capsize=2,
        elinewidth=0.8,
        zorder=1,
    )


def _scale_x(axes: Axes, values: list[float], scale: Scale, x: Axis) -> None:
    if len(values) == 1 and x not in _PER_NETWORK:
        axes.set_xticks(values, [f"{values[0]:g}"])
        return
    positive = [value for value in values if value > 0]
    wide = len(positive) > 1 and positive[-1] / positive[0] >= _WIDE_RANGE
    if not positive or scale == "linear" or (scale == "auto" and not wide) or x in _PER_NETWORK:
        return
    if values[0] > 0:
        axes.set_xscale("log", base=2)
    else:  # 0 has its place on the axis, one step before the smallest strength
        axes.set_xscale("symlog", linthresh=positive[0], linscale=0.5, base=2)
    ticks = values if len(values) <= 14 else values[:: math.ceil(len(values) / 14)]
    axes.set_xticks(ticks, [f"{value:g}" for value in ticks])
    axes.set_xticks([], minor=True)

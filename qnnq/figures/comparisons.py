"""Devices side by side, and what each noise mechanism costs."""

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from noise_models.catalogue import MECHANISMS
from qnnq.devices.names import device_kind, resolve_device
from qnnq.errors import InputError
from qnnq.figures.captions import in_legend, name_groups, prediction_name, vote_name
from qnnq.figures.curves import Prediction, mark_unfinished
from qnnq.figures.style import (
    HATCHES,
    MOST_SERIES,
    looks,
    panels,
    percent_axis,
    place_legend,
    tell,
)
from qnnq.results.points import Measured
from qnnq.results.references import unsampled_of
from qnnq.results.robustness import attributions, groups
from qnnq.statistics import Difference

MOST_DEVICES = 30


def plot_devices(
    points: Sequence[Measured],
    prediction: Prediction = "majority",
    known: Sequence[str] = (),
    references: Sequence[Measured] = (),
    ax: Axes | None = None,
) -> Figure:
    """Draw the accuracy of every network on every device, the best device at the top.

    Behind each name stand the ranks that its intervals allow: devices of overlapping ranks are
    tied.
    """
    found = [[point for point in line if point.labels.get("device")] for line in _series(points)]
    lines = [line for line in found if line]
    if len(lines) > MOST_SERIES or not lines:
        raise InputError(f"{len(lines)} series: expected 1 to {MOST_SERIES}; choose with --where")
    devices = _worst_first(lines, prediction)
    left_out = max(0, len(devices) - MOST_DEVICES)
    if left_out:
        half = MOST_DEVICES // 2
        devices = [*devices[:half], *devices[-half:]]
    names, common = name_groups(lines, ["device", "noise"])
    turns = {name for name in devices if any(_in_turns(name, line[0]) for line in lines)}
    ranks = _ranks(lines, prediction)
    with panels(ax, 6.2, 1.4 + 0.19 * len(devices)) as (figure, (axes,)):
        styles = looks([str(line[0].labels["network"]) for line in lines], known)
        for number, (whole, name, style) in enumerate(zip(lines, names, styles, strict=True)):
            line = [point for point in whole if point.labels["device"] in devices]
            aside = (number - (len(lines) - 1) / 2) * 0.6 / len(lines)
            accuracy = [point.accuracy(prediction) for point in line]
            values = np.array([each.value for each in accuracy])
            ends = np.array([[each.low, each.high] for each in accuracy]).reshape(-1, 2).T
            heights = [devices.index(point.labels["device"]) - aside for point in line]
            axes.errorbar(
                values, heights,
                xerr=np.abs(ends - values), fmt=style.marker, color=style.color,
                label=in_legend(name), capsize=2.5, elinewidth=1.0, markersize=3,
            )  # fmt: skip
            drawn = zip(values, heights, line, strict=True)
            mark_unfinished(axes, [(value, y) for value, y, point in drawn if not point.complete])
        axes.set_yticks(
            range(len(devices)),
            [f"{name}{' *' * (name in turns)}  {ranks[name]}" for name in devices],
            fontsize="small",
        )
        axes.set_ylim(-0.7, len(devices) - 0.3)
        if left_out:
            axes.axhline(len(devices) / 2 - 0.5, color="0.5", linewidth=0.8, linestyle=":")
            common += f"; {left_out} devices in the middle are left out"
        common += "; behind the names: the ranks that the intervals allow"
        if turns:
            common += "; * fewer qubits than a layer needs: its neurons take turns"
        percent_axis(axes, "x")
        axes.set_xlabel(prediction_name(prediction, points))
        for line, style in zip(lines, styles, strict=True):
            reference = unsampled_of(line[0], references)
            if reference is not None:
                value = reference.on(line[0].images).accuracy().value
                told = "unsampled: the same weights, phi(z)" if line is lines[0] else None
                dotted = (0, (1, 1.5))
                axes.axvline(value, color=style.color, linestyle=dotted, lw=1.1, label=told)
        place_legend(axes)
        tell(figure, common, axes)
    return figure


def _ranks(lines: Sequence[Sequence[Measured]], prediction: str) -> dict[str, str]:
    """Return by device the ranks that are possible, such as `1` or `2-5`, 1 the best.

    A device is surely better than another one where an interval of it lies above the other's, and
    none below.
    """
    found = [
        {str(point.labels["device"]): point.accuracy(prediction) for point in line}
        for line in lines
    ]
    names = {name for line in found for name in line}

    def above(one: str, other: str) -> bool:
        return any(
            one in line and other in line and line[one].low > line[other].high for line in found
        )

    def better(one: str, other: str) -> bool:
        return above(one, other) and not above(other, one)

    ranks = {}
    for name in names:
        first = 1 + sum(better(other, name) for other in names)
        last = len(names) - sum(better(name, other) for other in names)
        ranks[name] = str(first) if first == last else f"{first}\N{EN DASH}{last}"
    return ranks


def _worst_first(lines: Sequence[Sequence[Measured]], prediction: str) -> list[str]:
    """Sort devices by how far each line is above its own mean there, as some may lack a line."""
    above: dict[str, list[float]] = {}
    for line in lines:
        values = [point.accuracy(prediction).value for point in line]
        for point, value in zip(line, values, strict=True):
            above.setdefault(point.labels["device"], []).append(value - float(np.mean(values)))
    return sorted(above, key=lambda name: float(np.mean(above[name])))


def _in_turns(device: str, point: Measured) -> bool:
    """Whether a simulated device has fewer qubits than a network's widest layer needs."""
    if device_kind(device) != "simulated":
        return False  # its size is not known without asking for it
    widest = max(map(int, str(point.labels["widths"]).split("-")))
    each = 1 if math.isclose(float(point.labels["entanglement"]), math.pi / 2) else 2
    return bool(resolve_device(device).target.num_qubits < each * widest)


def plot_attribution(
    points: Sequence[Measured], known: Sequence[str] = (), ax: Axes | None = None
) -> Figure:
    """Draw the change of majority accuracy by each mechanism alone, and by its removal."""
    found = attributions(points)
    settings = list(dict.fromkeys(str(each.labels) for each in found))
    if len(settings) > MOST_SERIES:
        raise InputError(f"{len(settings)} series are too many to tell apart: choose with --where")
    mechanisms = [name for name in MECHANISMS if any(each.mechanism == name for each in found)]
    lines = {_setting(line[0]): line for line in groups(points, ["off"])}
    names, common = name_groups([lines[setting] for setting in settings], ["off"])
    styles = looks([str(lines[each][0].labels["network"]) for each in settings], known)
    with panels(ax, 7.0, 3.4, 2, sharey=True) as (figure, both):
        for axes, kind, title in zip(
            both,
            ("alone", "removed"),
            (
                "alone, against no noise\n(below 0: it costs)",
                "removed, against all noise\n(above 0: it gains)",
            ),
            strict=True,
        ):
            for number, setting in enumerate(settings):
                here = {each.mechanism: getattr(each, kind) for each in found
                        if str(each.labels) == setting}  # fmt: skip
                width = 0.8 / len(settings)
                places = [
                    i + (number - (len(settings) - 1) / 2) * width for i in range(len(mechanisms))
                ]
                changes: list[Difference | None] = [here.get(m) for m in mechanisms]
                drawn = [(p, c) for p, c in zip(places, changes, strict=True) if c is not None]
                values = np.array([change.value for _, change in drawn])
                ends = np.array([[change.low, change.high] for _, change in drawn]).reshape(-1, 2).T
                bars = axes.bar(
                    [place for place, _ in drawn], values, width, yerr=np.abs(ends - values),
                    color=styles[number].color, hatch=HATCHES[number % 4], edgecolor="white",
                    error_kw={"elinewidth": 0.9, "capsize": 2},
                )  # fmt: skip
                for bar, (_, change) in zip(bars, drawn, strict=True):
                    if change.low <= 0 <= change.high:
                        bar.set_alpha(0.35)
            if not any(getattr(each, kind) for each in found):
                axes.text(0.5, 0.6, "not in these points", transform=axes.transAxes, ha="center")
            axes.set_xlim(-0.6, len(mechanisms) - 0.4)
            axes.axhline(0, color="0.2", linewidth=0.8)
            axes.set_xticks(range(len(mechanisms)), mechanisms, rotation=30, ha="right")
            axes.set_title(title, fontsize="small")
            axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:+g}" if value else "0")
        both[0].set_ylabel(f"change of the {vote_name(points)} (points)")
        handles = [
            Patch(label=in_legend(name), facecolor=style.color, hatch=hatch, edgecolor="white")
            for name, style, hatch in zip(names, styles, cycle(HATCHES))
        ]
        place_legend(both[1], handles=handles)
        tell(figure, common + "; pale: the interval holds 0")
    return figure


def _setting(point: Measured) -> str:
    return str({name: value for name, value in point.labels.items() if name != "off"})


def _series(points: Sequence[Measured]) -> list[list[Measured]]:
    """Sort points into series; a device's own noise is one series over all devices."""
    return groups(points, ["device", "noise"])

"""Robustness from a sweep: breakdown strengths, what each mechanism costs, images by behaviour.

All of it is about majority votes, on the same images.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noise_models.catalogue import MECHANISMS
from qnnq.errors import InputError
from qnnq.results.points import Measured, shown
from qnnq.statistics import Behaviour, Breakdown, Difference, behaviour, breakdown, difference


@dataclass(frozen=True)
class Attribution:
    """What one mechanism does to one network under one noise.

    Attributes:
        alone: Accuracy with this mechanism alone minus the accuracy without noise, or None where
            the sweep lacks one of the two.
        removed: Accuracy without this mechanism minus the accuracy under the whole noise, or None.
    """

    labels: dict[str, object]
    mechanism: str
    alone: Difference | None
    removed: Difference | None


def groups(points: Iterable[Measured], apart: Sequence[str]) -> list[list[Measured]]:
    """Sort points into lists that differ in the labels `apart` only."""
    found: dict[str, list[Measured]] = {}
    for point in points:
        key = {name: value for name, value in point.labels.items() if name not in apart}
        found.setdefault(str(key), []).append(point)
    return list(found.values())


def classical(points: Sequence[Measured], like: Measured) -> Measured:
    """Return the classical network (stretch 0, entanglement pi/2) without noise.

    Raises `InputError` where the sweep has none with the widths and images of `like`.
    """
    for point in points:
        labels = point.labels
        if (
            labels["stretch"] == 0
            and math.isclose(labels["entanglement"], math.pi / 2)
            and (labels["strength"] == 0 or labels["noise"] == "ideal")
            and all(labels[name] == like.labels[name] for name in ("widths", "data"))
            and np.array_equal(point.images, like.images)
        ):
            return point
    raise InputError(
        "the sweep lacks the classical network: expected one with stretch 0, entanglement pi/2 "
        f"and widths {like.labels['widths']} at strength 0, on the same images"
    )


def breakdowns(
    points: Sequence[Measured], threshold: float | None
) -> list[tuple[Measured, Breakdown]]:
    """Return each curve's first point and its breakdown strength.

    `threshold` is an accuracy; None: that of the classical network without noise. Raises
    `InputError` where there are no curves.
    """
    found = []
    for curve in groups(points, ["strength"]):
        if len(curve) < 2:
            continue
        curve.sort(key=lambda point: point.labels["strength"])
        limit: float | NDArray[np.bool_] = (
            classical(points, curve[0]).right if threshold is None else threshold
        )
        strengths = [point.labels["strength"] for point in curve]
        found.append((curve[0], breakdown(strengths, [point.right for point in curve], limit)))
    if not found:
        raise InputError("breakdown: expected points at two strengths or more")
    return found


def attributions(points: Sequence[Measured]) -> list[Attribution]:
    """Return what each mechanism costs alone, and what its removal gains.

    It needs points with mechanisms switched off (`off` in the sweep file), and a point at
    strength 0 for the costs alone. Raises `InputError` where there are none with mechanisms off.
    """
    found = []
    noiseless = {
        _without(point, ["strength", "off", "noise"]): point
        for point in points
        if point.labels["strength"] == 0 or point.labels["noise"] == "ideal"
    }
    for group in groups(points, ["off"]):
        by_off = {_off(point): point for point in group}
        reference = noiseless.get(_without(group[0], ["strength", "off", "noise"]))
        whole = by_off.get(frozenset())
        if len(by_off) < 2 or group[0].labels["strength"] == 0:
            continue
        for mechanism in MECHANISMS:
            alone = by_off.get(frozenset(MECHANISMS) - {mechanism})
            without = by_off.get(frozenset([mechanism]))
            cost = difference(alone.right, reference.right) if alone and reference else None
            gain = difference(without.right, whole.right) if without and whole else None
            if cost or gain:
                labels = {k: v for k, v in group[0].labels.items() if k != "off"}
                found.append(Attribution(labels, mechanism, cost, gain))
    if not found:
        raise InputError(
            'attribution: expected points with mechanisms switched off, such as off = [[], "gate", '
            '"relaxation", "readout", "idle", ["relaxation", "readout", "idle"], ...] in the sweep '
            "file"
        )
    return found


def behaviours(points: Sequence[Measured]) -> list[tuple[Measured, Behaviour, Difference]]:
    """Compare every point with the one of stretch 0 that is alike in all but the network.

    Raises `InputError` where nothing can be compared.
    """
    found = []
    for group in groups(points, ["network", "stretch"]):
        references = [point for point in group if point.labels["stretch"] == 0]
        for point in group:
            if references and point.labels["stretch"] > 0:
                right, reference = point.right, references[0].right
                found.append((point, behaviour(reference, right), difference(right, reference)))
    if not found:
        raise InputError("behaviour: expected networks of stretch 0 and above at one setting")
    return found


def _off(point: Measured) -> frozenset[str]:
    return frozenset(filter(None, str(point.labels["off"]).split("+")))


def _without(point: Measured, names: Sequence[str]) -> str:
    return str({name: shown(v) for name, v in point.labels.items() if name not in names})

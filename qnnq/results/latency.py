"""How slow the feedback between layers of living neurons may be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qnnq.errors import InputError
from qnnq.results.points import Measured
from qnnq.results.robustness import groups, pair
from qnnq.statistics import Breakdown, breakdown, single_shot_fractions

POINT = 0.01
"""The accuracy that may be lost."""


@dataclass(frozen=True)
class LatencyBudget:
    """At which feedback latency, in microseconds, a setting loses one point of accuracy.

    Attributes:
        first: The point of the shortest latency, from whose accuracy the loss counts.
        majority: Where the majority vote loses it.
        single_shot: Where a single shot loses it.
        images: Images that were compared.
        complete: Whether all points that were compared are finished.
    """

    first: Measured
    majority: Breakdown
    single_shot: Breakdown
    images: int
    complete: bool


def latency_budgets(points: Sequence[Measured], threshold: float | None) -> list[LatencyBudget]:
    """Return the latency budget of every setting that was measured at two latencies or more.

    Args:
        points: Of which those of living neurons count.
        threshold: The accuracy not to fall below; None: one point less than at the shortest
            latency, on the same images.

    Raises:
        InputError: There is no such setting.
    """
    living = [point for point in points if point.labels.get("feedback_latency", "") != ""]
    found = []
    for curve in groups(living, ["feedback_latency"]):
        if len(curve) < 2:
            continue
        curve.sort(key=_latency)
        latencies, paired = [_latency(point) for point in curve], pair(*curve)
        fractions = [
            single_shot_fractions(point.counts, point.truth)[
                np.searchsorted(point.images, paired.images)
            ]
            for point in curve
        ]
        majority, single = (
            breakdown(latencies, right, right[0], margin=POINT)
            if threshold is None
            else breakdown(latencies, right, threshold)
            for right in (paired.right, fractions)
        )
        found.append(LatencyBudget(curve[0], majority, single, len(paired.images), paired.complete))
    if not found:
        raise InputError(
            'latency: expected points of mode "coherent" at two feedback latencies or more'
        )
    return found


def _latency(point: Measured) -> float:
    return float(point.labels["feedback_latency"])

"""The reports of `qnnq results`: rows of labels and values, each value with its interval."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.decided import Decided, decided_images, noise_changes
from qnnq.results.frames import dataframe
from qnnq.results.latency import latency_budgets
from qnnq.results.outcomes import PREDICTIONS
from qnnq.results.points import Measured, points_of
from qnnq.results.robustness import Change, attributions, behaviours, breakdowns, check_complete
from qnnq.statistics import Accuracy
from qnnq.wording import nearest

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
IDENTIFYING = ("network", "mechanism")
BEHAVIOURS = ("both_right", "gained", "lost", "both_wrong")
PROGRESS = ("done", "missing", "failed", "claimed")
FOUND = (*BEHAVIOURS, "p_value", "images_gained", "threshold", *PROGRESS)
"""Columns that hold results, and no labels of points."""
MOST_IMAGES = 10
TESTS = "McNemar's exact test, or of several seeds a sign-flip test over images"
"""What the p-value of two points is."""


def to_dataframe(points: Measured | Sequence[Measured]) -> "pd.DataFrame":
    """Return a row a point: its labels, and its accuracies with the ends of their intervals.

    Raises:
        InputError: If pandas is not installed, or these are no points.
    """
    return dataframe([_accuracy(point) for point in points_of(points)])


def build_report(
    name: str, points: Sequence[Measured], threshold: float | None, unfinished: bool = False
) -> list[Row]:
    """Return the rows of a report; raises `InputError` where the points do not allow it.

    Reports that compare points refuse those that are not finished, unless `unfinished` is set.
    """
    reports: dict[str, Callable[[], list[Row]]] = {
        "accuracy": lambda: [_accuracy(point) for point in points],
        "breakdown": lambda: _breakdown(points, threshold),
        "latency": lambda: _latency(points, threshold),
        "attribution": lambda: _attribution(points),
        "behaviour": lambda: _behaviour(points),
    }
    if name not in reports:
        raise InputError(
            f"--report {name!r}: expected one of {', '.join(reports)}{nearest(name, reports)}"
        )
    if name != "accuracy" and not unfinished:
        check_complete(points)
    return reports[name]()


def _accuracy(point: Measured) -> Row:
    row = _labels(point.labels) | {
        "image_count": len(point.images),
        **_of_votes(point),
        "complete": point.complete,
    }
    for prediction in PREDICTIONS:
        there = prediction in point.prediction_names
        row |= _interval(prediction, point.accuracy(prediction) if there else None)
    return row


def _breakdown(points: Sequence[Measured], threshold: float | None) -> list[Row]:
    return [
        _labels(curve.first.labels, leave_out=("strength",))
        | {"threshold": curve.threshold, "threshold_of": curve.reference}
        | {"image_count": curve.images, **_of_votes(curve.first), "complete": curve.complete}
        | _interval("breakdown_strength", curve.breakdown)
        for curve in breakdowns(points, threshold)
    ]


def _latency(points: Sequence[Measured], threshold: float | None) -> list[Row]:
    limit = "1 point below that of the shortest latency" if threshold is None else threshold
    return [
        _labels(budget.first.labels, leave_out=("feedback_latency",))
        | {"threshold": limit, "image_count": budget.images}
        | {**_of_votes(budget.first), "complete": budget.complete}
        | _interval("latency_us_majority", budget.majority)
        | _interval("latency_us_single_shot", budget.single_shot)
        for budget in latency_budgets(points, threshold)
    ]


def _attribution(points: Sequence[Measured]) -> list[Row]:
    return [
        _labels(found.labels)
        | {
            "mechanism": found.mechanism,
            "image_count": found.images,
            **_of_votes(found.point),
            "complete": found.complete,
        }
        | _interval("change_when_alone", found.alone)
        | _interval("change_when_removed", found.removed)
        for found in attributions(points)
    ]


def _behaviour(points: Sequence[Measured]) -> list[Row]:
    return [
        compared(_labels(each.point.labels), each)
        | {"reference": each.reference.labels["network"]}
        | {"images_gained": _some(np.unique(each.paired.images[each.behaviour.gained]))}
        for each in behaviours(points)
    ]


def changes_by_noise(points: Sequence[Measured]) -> tuple[list[Row], list[Decided]]:
    """Return how noise changes each setting's images, and the images that the weakest changes.

    Raises `InputError` where no setting was measured without noise as well.
    """
    found = noise_changes(points)
    rows = [compared(_labels(change.point.labels), change) for change in found]
    return rows, decided_images(found)


def compared(labels: Row, change: Change, accuracies: Mapping[str, Accuracy] | None = None) -> Row:
    """Return the row of two points that were compared image by image."""
    row = labels | {
        "image_count": len(change.paired.images),
        **_of_votes(change.point),
        "complete": change.paired.complete,
    }
    if accuracies:
        row |= _of_votes(change.reference, "_a") | _of_votes(change.point, "_b")
        del row["majority_of"], row["repetitions"]
    for name, accuracy in (accuracies or {}).items():
        row |= _interval(name, accuracy)
    row |= {name: len(getattr(change.behaviour, name)) for name in BEHAVIOURS}  # by repetition
    p_value = {"p_value": change.difference.p_value}
    return row | _interval("change", change.difference) | p_value


def _of_votes(point: Measured, side: str = "") -> Row:
    """Columns that say of how many shots a vote is made, and over how many of them it is a mean."""
    return {
        f"majority_of{side}": point.shots,
        f"repetitions{side}": len(point.repetitions.keys),
    }


def _some(images: NDArray[np.int64]) -> str:
    left = len(images) - MOST_IMAGES
    return " ".join(map(str, images[:MOST_IMAGES])) + (f" ... ({left} more)" if left > 0 else "")


def _labels(labels: Mapping[str, Any], leave_out: Sequence[str] = ()) -> Row:
    return {name: value for name, value in labels.items() if name not in leave_out}


def _interval(name: str, found: Any) -> Row:
    """Columns NAME, NAME_low, NAME_high of anything with an interval; empty where it is missing."""
    values = (found.value, found.low, found.high) if found is not None else (None,) * 3
    finite = (None if v is None else v if math.isfinite(v) else "beyond" for v in values)
    return dict(zip((name, f"{name}_low", f"{name}_high"), finite, strict=True))

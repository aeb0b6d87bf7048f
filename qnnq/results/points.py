"""What a results file says: the points of its sweeps, their counts added up."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.file import Part, Store
from qnnq.results.result import RunResult
from qnnq.statistics import Accuracy, majority_votes, share_right, single_shot
from qnnq.wording import nearest

PREDICTIONS = ("single_shot", "majority", "soft_vote")
POOLED = ("seed", "shots")
"""Labels of repetitions: points that differ in these alone are added up."""

_FIRST = ("network", "stretch", "entanglement", "noise", "strength", "off", "device")


@dataclass(frozen=True, eq=False)
class Measured:
    """A point with its counts, added over rounds and repetitions.

    Attributes:
        labels: What the sweep file called it.
        images: Indices of its images in the data set, ascending, shape (images,).
        truth: Their classes, shape (images,).
        counts: Shots that chose each class, shape (images, classes).
        softmax_sums: Sums over shots of the softmax of the logits, shape (images, classes).
        seconds: Time of its shots.
    """

    labels: Mapping[str, Any]
    images: NDArray[np.int64]
    truth: NDArray[np.int64]
    counts: NDArray[np.int64]
    softmax_sums: NDArray[np.float64]
    seconds: float

    @property
    def shots(self) -> int:
        """Shots an image; where images have more or fewer, the most."""
        return int(self.counts.sum(axis=1).max())

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether the majority of its shots was right about each image, shape (images,)."""
        right: NDArray[np.bool_] = majority_votes(self.counts) == self.truth
        return right

    def accuracy(self, prediction: str) -> Accuracy:
        """Return the accuracy of `single_shot`, `majority` or `soft_vote`."""
        if prediction == "single_shot":
            return single_shot(self.counts, self.truth)
        if prediction == "majority":
            return share_right(self.right)
        if prediction == "soft_vote":
            return share_right(np.argmax(self.softmax_sums, axis=1) == self.truth)
        raise InputError(
            f"prediction {prediction!r}: expected one of {', '.join(PREDICTIONS)}"
            f"{nearest(prediction, PREDICTIONS)}"
        )


def read_points(path: str | Path, where: Iterable[str] = ()) -> list[Measured]:
    """Read the points of a results file; parts that are not there yet are left out.

    Args:
        path: The results file.
        where: Conditions `label=value`; a point has to meet one for every label named.

    Raises:
        InputError: For a bad file or condition, or where no point is left.
    """
    with Store(path) as store:
        linked = store.points()
        # A label that an older sweep did not know is empty for its points.
        unknown = dict.fromkeys((name for labels, _ in linked for name in labels), "")
        linked = [({**unknown, **labels}, parts) for labels, parts in linked]
        chosen = _filtered(linked, list(where))
        groups: dict[str, list[tuple[dict[str, Any], list[RunResult]]]] = {}
        for labels, parts in chosen:
            results = [
                result for task_id in _usable(store, parts) if (result := store.result(task_id))
            ]
            if results:
                key = json.dumps({k: v for k, v in labels.items() if k not in POOLED})
                groups.setdefault(key, []).append((labels, results))
        points = sorted((_pooled(group) for group in groups.values()), key=_order)
    if not points:
        raise InputError(f"{path}: no finished points yet")
    return points


def _filtered(
    linked: list[tuple[dict[str, Any], list[Part]]], where: list[str]
) -> list[tuple[dict[str, Any], list[Part]]]:
    known = sorted({label for labels, _ in linked for label in labels})
    wanted: dict[str, set[str]] = {}
    for condition in where:
        name, equals, value = condition.partition("=")
        if not equals or name not in known:
            raise InputError(
                f"--where {condition!r}: expected label=value, label one of {', '.join(known)}"
            )
        values = {shown(labels[name]) for labels, _ in linked}
        if value not in values:
            raise InputError(
                f"--where {condition!r}: no such points; {name} is one of "
                f"{', '.join(sorted(values))}"
            )
        wanted.setdefault(name, set()).add(value)
    linked = [
        (labels, parts)
        for labels, parts in linked
        if all(shown(labels[name]) in values for name, values in wanted.items())
    ]
    if where and not linked:
        raise InputError(f"--where {' '.join(where)}: no points meet all of these")
    return linked


def shown(value: Any) -> str:
    """Return a label's value as text, numbers in their shortest form."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _order(point: Measured) -> tuple[tuple[bool, float, str], ...]:
    """Sort key: label by label, numbers by value."""
    return tuple(
        (False, float(value), "") if isinstance(value, int | float) else (True, 0.0, str(value))
        for value in point.labels.values()
    )


def _usable(store: Store, parts: list[Part]) -> list[str]:
    """Leave out a round of which blocks are missing, unless it is the first."""
    rounds: dict[int, list[str]] = {}
    for part in parts:
        rounds.setdefault(part.round, []).append(part.task_id)
    usable = list(rounds.pop(0, []))
    for number in sorted(rounds):
        tasks = rounds[number]
        if len(tasks) < parts[0].blocks or not all(map(store.finished, tasks)):
            break
        usable += tasks
    return usable


def _pooled(group: list[tuple[dict[str, Any], list[RunResult]]]) -> Measured:
    results = [result for _, parts in group for result in parts]
    stored = group[0][0]
    names = dict.fromkeys([*_FIRST, *stored])
    labels = {name: stored[name] for name in names if name in stored and name not in POOLED}
    if results[0].calibration is not None:
        labels["device"] = results[0].calibration["device"]
    images, first = np.unique(np.concatenate([r.images for r in results]), return_index=True)
    truth = np.concatenate([r.labels for r in results])[first]
    shape = (len(images), results[0].counts.shape[1])
    counts, sums = np.zeros(shape, np.int64), np.zeros(shape)
    for result in results:
        rows = np.searchsorted(images, result.images)
        counts[rows] += result.counts
        sums[rows] += result.softmax_sums
    return Measured(labels, images, truth, counts, sums, sum(r.seconds for r in results))

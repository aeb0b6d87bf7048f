"""What a results file says: the points of its sweeps, their counts added up."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.file import Part, Store, StoredFailure, StoredPoint
from qnnq.results.labels import shown
from qnnq.results.result import RunResult
from qnnq.results.rows import canonical
from qnnq.statistics import Accuracy, majority_votes, share_right, single_shot
from qnnq.wording import nearest

T = TypeVar("T")
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
        network_digest: Which network it is.
        data_digest: Which data set the indices are of.
        complete: Whether all that was asked for is measured.
    """

    labels: Mapping[str, Any]
    images: NDArray[np.int64]
    truth: NDArray[np.int64]
    counts: NDArray[np.int64]
    softmax_sums: NDArray[np.float64]
    seconds: float
    network_digest: str
    data_digest: str
    complete: bool

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

    Points of one name that measured different networks, data, noise or circuits stay apart: their
    label `content` says what differs.

    Args:
        path: The results file.
        where: Conditions `label=value`; a point has to meet one for every label named.

    Raises:
        InputError: For a bad file or condition, or where no point is left.
        QnnqError: For a damaged file.
    """
    with Store(path) as store:
        store.check()
        labelled = _labelled(store.points())
        chosen = filtered(labelled, list(where))
        failures = store.failures()
        failed = {_repetition_key(failure.labels) for failure in failures}
        pools: dict[str, _Pool] = {}
        for labels, point in chosen:
            pool = pools.setdefault(_repetition_key(labels), _Pool(path, labels))
            pool.complete &= _repetition_key(point.labels) not in failed
            pool.add(store, point)
        points = sorted((pool.measured() for pool in pools.values() if pool.results), key=_order)
    if not points:
        reason = f"; {len(failures)} failed, the first: {failures[0].reason}" if failures else ""
        raise InputError(f"{path}: no finished points yet{reason}")
    return points


def read_notes(path: str | Path) -> tuple[list[str], list[StoredFailure]]:
    """Return what a reader of a results file should know, and what failed in it."""
    with Store(path) as store:
        return store.notes, store.failures()


def _labelled(points: list[StoredPoint]) -> list[tuple[dict[str, Any], StoredPoint]]:
    """Return every point with its labels, and `content`: what tells it from others of its name."""
    # A label that an older sweep did not know is empty for its points.
    unknown = dict.fromkeys((name for point in points for name in point.labels), "")
    digests: dict[tuple[str, str], set[str]] = {}
    alike: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        for kind, name, digest in named_inputs(point.labels, point.content):
            digests.setdefault((kind, name), set()).add(digest)
        alike.setdefault(_repetition_key(point.labels), []).append(point.content)
    found = []
    for point in points:
        told = [
            f"{kind} {digest[:8]}"
            for kind, name, digest in named_inputs(point.labels, point.content)
            if len(digests[kind, name]) > 1
        ]
        others = alike[_repetition_key(point.labels)]
        for key in sorted({key for each in others for key in each} - {"network", "data"}):
            values = {canonical(each.get(key)) for each in others}
            if len(values) > 1 and not (key == "noise" and any(t.startswith(key) for t in told)):
                told.append(f"{key} {_shortened(point.content.get(key))}")
        used = {"device": point.content.get("device") or point.labels.get("device", "")}
        found.append(({**unknown, **point.labels, **used, "content": ", ".join(told)}, point))
    return found


def named_inputs(
    labels: Mapping[str, Any], content: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Yield the inputs of a point that a file may change: kind, name, digest."""
    for kind in ("network", "data"):
        yield kind, str(labels.get(kind, "")), str(content.get(kind, ""))
    noise = re.fullmatch(r"measured\((\w+)\)", str(content.get("noise", "")))
    if noise:
        yield "noise", str(labels.get("noise", "")), noise[1]


def _shortened(value: Any) -> str:
    text = shown(value) if isinstance(value, bool | int | float | str) else canonical(value)
    return text if len(text) <= 24 else hashlib.sha256(text.encode()).hexdigest()[:8]


def _repetition_key(labels: Mapping[str, Any]) -> str:
    return canonical({name: value for name, value in labels.items() if name not in POOLED})


def filtered(
    labelled: Sequence[tuple[Mapping[str, Any], T]], where: Sequence[str]
) -> list[tuple[Mapping[str, Any], T]]:
    """Return what meets one of the conditions `label=value` for every label that they name.

    Raises `InputError` for a condition that is none, or that nothing meets.
    """
    known = sorted({label for labels, _ in labelled for label in labels})
    wanted: dict[str, set[str]] = {}
    for condition in where:
        name, equals, value = condition.partition("=")
        if not equals or name not in known:
            raise InputError(
                f"condition {condition!r}: expected label=value, label one of {', '.join(known)}"
            )
        values = {shown(labels[name]) for labels, _ in labelled}
        if value not in values:
            raise InputError(
                f"condition {condition!r}: no such points; {name} is one of "
                f"{', '.join(sorted(values))}"
            )
        wanted.setdefault(name, set()).add(value)
    found = [
        (labels, point)
        for labels, point in labelled
        if all(shown(labels[name]) in values for name, values in wanted.items())
    ]
    if where and not found:
        raise InputError(f"conditions {' '.join(where)}: no points meet all of these")
    return found


def _order(point: Measured) -> tuple[tuple[bool, float, str], ...]:
    """Sort key: label by label, numbers by value."""
    return tuple(
        (False, float(value), "") if isinstance(value, int | float) else (True, 0.0, str(value))
        for value in point.labels.values()
    )


class _Pool:
    """Repetitions of one setting, added up."""

    def __init__(self, path: str | Path, labels: Mapping[str, Any]) -> None:
        self._path, self._labels = path, labels
        self._content: dict[str, Any] = {}
        self.complete = True
        self.results: list[RunResult] = []

    def add(self, store: Store, point: StoredPoint) -> None:
        """Add what is finished of a point.

        A round of which blocks are missing is left out, unless it is the first.
        """
        self._content = point.content
        rounds: dict[int, list[Part]] = {}
        for part in point.parts:
            rounds.setdefault(part.round, []).append(part)
        for number in sorted(rounds):
            found = [store.result(part.task_id) for part in rounds[number]]
            whole = len(found) >= point.parts[0].blocks or number == 0
            self.complete &= None not in found
            if number and (None in found or not whole):
                break
            self.results += [result for result in found if result is not None]

    def measured(self) -> Measured:
        """Add up; shots that two tasks have in common, as after a change of blocks, count once."""
        results = self.results
        stored = dict(self._labels)
        names = dict.fromkeys([*_FIRST, *stored])
        labels = {name: stored[name] for name in names if name in stored and name not in POOLED}
        images, first = np.unique(np.concatenate([r.images for r in results]), return_index=True)
        truth = np.concatenate([r.labels for r in results])[first]
        shape = (len(images), results[0].counts.shape[1])
        counts, sums = np.zeros(shape, np.int64), np.zeros(shape)
        seen: dict[tuple[Any, Any], NDArray[np.bool_]] = {}
        for result in results:
            rows = np.searchsorted(images, result.images)
            stream = seen.setdefault(
                (result.task.seed, result.task.shots), np.zeros(len(images), bool)
            )
            new = ~stream[rows]
            counts[rows[new]] += result.counts[new]
            sums[rows[new]] += result.softmax_sums[new]
            stream[rows] = True
        return Measured(
            labels,
            images,
            truth,
            counts,
            sums,
            sum(r.seconds for r in results),
            str(self._content.get("network", "")),
            str(self._content.get("data", "")),
            self.complete,
        )

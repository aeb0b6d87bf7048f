"""What a results file says: the points of its sweeps, with what each repetition chose."""

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.chances import PREDICTIONS as OF_CHANCES
from qnnq.results.chances import Chances
from qnnq.results.encoding import Arrays
from qnnq.results.file import Store, StoredFailure, StoredPart, StoredPoint
from qnnq.results.labels import shown
from qnnq.results.outcomes import PREDICTIONS, Outcomes, check_prediction
from qnnq.results.repetitions import Gathered, Repetitions, spread
from qnnq.results.rows import canonical
from qnnq.statistics import Accuracy, Right, share_right, single_shot, widened

T = TypeVar("T")
REPEATED = ("seed",)
"""Labels of repetitions: what differs in these alone is one point."""

_MOST_PENDING = 1000
"""Tasks that are held before they are added up."""

_FIRST = ("network", "stretch", "entanglement", "noise", "strength", "off", "device")


@dataclass(frozen=True, eq=False)
class Measured(Outcomes):
    """A point: counts added over seeds and rounds, and what each of these repetitions chose.

    A vote is not additive: an image is right by the share of its repetitions that are.

    Attributes:
        labels: What the sweep file called it.
        images: Indices of its images in the data set, ascending, shape (images,).
        truth: Their classes, shape (images,).
        counts: Shots that chose each class, shape (images, classes); 0 where none were taken.
        softmax_sums: Sums over shots of the softmax of the logits, shape (images, classes).
        seconds: Time of its shots.
        network_digest: Which network it is.
        data_digest: Which data set the indices are of.
        complete: Whether all that was asked for is measured.
        repeated: What each repetition chose; None: the counts are those of one. Of engine `exact`
            the probabilities of what shots would choose.
        shared: Whether the images of a repetition share what its seed draws, as a drift: then
            intervals hold the variance between repetitions.
        pooled: Whether seeds were pooled into one vote.
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
    repeated: Repetitions | Chances | None = None
    shared: bool = False
    pooled: bool = False

    @cached_property
    def repetitions(self) -> Repetitions | Chances:
        """What each repetition chose."""
        return self.repeated or Repetitions.one(self.truth, self.counts, self.softmax_sums)

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """What accuracies there are of."""
        return OF_CHANCES if isinstance(self.repetitions, Chances) else PREDICTIONS

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of shots that chose each class, or its probability, (images, classes)."""
        if isinstance(self.repetitions, Chances):
            return self.repetitions.probabilities
        return np.asarray(self.counts / self.counts.sum(axis=1, keepdims=True))

    @property
    def shots(self) -> int:
        """Shots of an image that a vote is made of; where images have more or fewer, the most."""
        return self.repetitions.shots

    @cached_property
    def right(self) -> Right:
        """By what share of repetitions the majority was right about each image, (images,).

        Of one repetition: whether it was, bool.
        """
        return self.repetitions.right("majority", self.truth)

    def votes(self) -> NDArray[np.integer]:
        """Return the majority of each repetition, (repetitions, images)."""
        if isinstance(self.repetitions, Chances):
            raise InputError("confusion: expected an engine that takes shots, got exact")
        return self.repetitions.majority

    def accuracy(self, prediction: str = "majority") -> Accuracy:
        """Return the accuracy of `single_shot`, `majority` or `soft_vote`."""
        check_prediction(prediction)
        if isinstance(self.repetitions, Chances):
            return self.repetitions.accuracy(prediction)
        if prediction == "single_shot":
            found = single_shot(self.counts, self.truth)
        else:
            right = self.repetitions.right(prediction, self.truth)
            found = share_right(right, repetitions=len(self.repetitions.keys))
        if not self.shared:
            return found
        variance, freedom = spread(self.repetitions.answers(prediction, self.truth))
        return widened(found, math.sqrt(variance), freedom) if variance else found


def read_points(
    path: str | Path, where: Iterable[str] = (), *, pool_seeds: bool = False
) -> list[Measured]:
    """Read the points of a results file; parts that are not there yet are left out.

    Points of one name that measured different networks, data, noise or circuits stay apart: their
    label `content` says what differs.

    Args:
        path: The results file.
        where: Conditions `label=value`; a point has to meet one for every label named.
        pool_seeds: Whether the shots of all seeds and rounds of a point make one vote.

    Raises:
        InputError: For a bad file or condition, or where no point is left.
        QnnqError: For a damaged file.
    """
    where = [where] if isinstance(where, str) else [*where]
    with Store(path) as store:
        store.check()
        conditions, seeds = _seeds_apart(where)
        failures, there = store.failures(), store.measured()
        chosen = filtered(_labelled(there), conditions) if there else []
        failed = {_repetition_key(failure.labels) for failure in failures}
        pools: dict[str, _Pool] = {}
        for labels, point in chosen:
            key = _repetition_key(labels)
            pool = pools.setdefault(key, _Pool(labels, point.content, pool_seeds))
            pool.complete &= _repetition_key(point.setting.labels) not in failed
            pool.add(store, point, seeds)
        points = sorted((point for pool in pools.values() for point in pool.measured()), key=_order)
    if not points and seeds is not None:
        raise InputError(f"condition seed={min(seeds)}: no such points")
    if not points:
        reason = f"; {len(failures)} failed, the first: {failures[0].reason}" if failures else ""
        raise InputError(f"{path}: no finished points yet{reason}")
    return points


def points_of(found: Any) -> list[Measured]:
    """Return points that are given, one or several; raises InputError for anything else."""
    points = [found] if isinstance(found, Measured) else [*found]
    for each in points:
        if not isinstance(each, Measured):
            raise InputError(
                f"points: expected those that read_results returns, got {type(each).__name__}"
            )
    return points


def read_networks(path: str | Path) -> list[str]:
    """Return the names of all networks of a results file, sorted."""
    with Store(path) as store:
        return sorted({str(each.labels.get("network", "")) for each in store.settings()})


def read_notes(path: str | Path) -> tuple[list[str], list[StoredFailure]]:
    """Return what a reader of a results file should know, and what failed in it."""
    with Store(path) as store:
        return [*store.notes, *_left_out(path, store)], store.failures()


def _left_out(path: str | Path, store: Store) -> Iterator[str]:
    """Yield what the intervals of a file's points leave out."""
    once, several = set(), set()
    for each in store.measured():
        noise = str(each.content.get("noise", ""))
        name = str(each.setting.labels.get("noise", ""))
        if noise.startswith("measured(") or ("drift(" in noise and len(store.seeds(each)) < 2):
            once.add(name)
        elif "drift(" in noise:
            several.add(name)
    if once:
        yield (
            f"{path}: intervals under {', '.join(sorted(once))} are those of counting; `qnnq run` "
            "adds what the error of a calibration, or a drift, does"
        )
    if several:
        yield (
            f"{path}: intervals under {', '.join(sorted(several))} hold what differs between "
            "seeds, apart from those of breakdown strengths and latencies"
        )


def draws_are_shared(content: Mapping[str, Any]) -> bool:
    """Whether the images of one repetition share what its seed draws: a drift, or a machine's day.

    Args:
        content: What the point measures, as in a task.
    """
    noise = str(content.get("noise", ""))
    of_noise = "drift(" in noise or noise.startswith("measured(")
    return of_noise or content.get("engine") == "runtime"


def _seeds_apart(where: list[str]) -> tuple[list[str], set[str] | None]:
    """Return the conditions on labels, and the seeds that are wanted: None where all are."""
    seeds = {each.partition("=")[2] for each in where if each.startswith("seed=")}
    return [each for each in where if not each.startswith("seed=")], seeds or None


def _labelled(points: list[StoredPoint]) -> list[tuple[dict[str, Any], StoredPoint]]:
    """Return every point with its labels, and `content`: what tells it from those like it."""
    # A label that an older sweep did not know is empty for its points.
    unknown = dict.fromkeys((name for point in points for name in point.setting.labels), "")
    digests: dict[tuple[str, str], set[str]] = {}
    alike: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        for kind, name, digest in named_inputs(point.setting.labels, point.content):
            digests.setdefault((kind, name), set()).add(digest)
        alike.setdefault(_repetition_key(point.setting.labels), []).append(point.content)
    found = []
    for point in points:
        labels = point.setting.labels
        told = [
            f"{kind} {digest[:8]}"
            for kind, name, digest in named_inputs(labels, point.content)
            if len(digests[kind, name]) > 1
        ]
        others = alike[_repetition_key(labels)]
        for key in sorted({key for each in others for key in each} - {"network", "data"}):
            values = {canonical(each.get(key)) for each in others}
            if len(values) > 1 and not (key == "noise" and any(t.startswith(key) for t in told)):
                told.append(f"{key} {_shortened(point.content.get(key))}")
        device = point.content.get("device") or ""
        given = labels.get("device", "")
        if "device_content" in point.content:  # files of one device may hold several calibrations
            device = given or device
        used = {"device": device or given, "content": ", ".join(told)}
        found.append(({**unknown, **labels, **used}, point))
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
    return canonical({name: value for name, value in labels.items() if name not in REPEATED})


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
    """Repetitions of one setting as they are read; those of other numbers of shots stay apart."""

    def __init__(
        self, labels: Mapping[str, Any], content: Mapping[str, Any], pool_seeds: bool
    ) -> None:
        self._labels, self._content, self._pool_seeds = labels, content, pool_seeds
        self._votes: dict[int, _Votes] = {}
        self.complete = True

    def add(self, store: Store, point: StoredPoint, seeds: set[str] | None) -> None:
        """Add what is finished of a point.

        A round of which blocks are missing is left out with those after it, unless it is the first.
        """
        for seed, parts in groupby(store.parts(point), lambda part: part.place.seed):
            if seeds is not None and str(seed) not in seeds:
                continue
            whole = True
            for number, of_round in groupby(parts, lambda part: part.place.round):
                stream = list(of_round)
                finished = [part for part in stream if part.arrays is not None]
                self.complete &= len(finished) == len(stream)
                whole &= number == 0 or len(finished) == stream[0].blocks
                if whole:
                    self._add((seed, number), finished)

    def _add(self, key: tuple[int, int], parts: list[StoredPart]) -> None:
        """Add the parts of one round; shots that two of them have in common count once."""
        arrays = [part.arrays for part in parts if part.arrays is not None]
        if not arrays:
            return
        joined = _joined(arrays)
        if len(arrays) > 1:
            _, first = np.unique(joined[0], return_index=True)
            joined = tuple(array[first] for array in joined)  # type: ignore[assignment]
        shots = 0 if self._pool_seeds else int(joined[2].sum(axis=1).max(initial=0))
        self._votes.setdefault(shots, _Votes()).add(key, joined, sum(p.seconds for p in parts))

    def measured(self) -> Iterator[Measured]:
        """Yield a point for each number of shots that votes are made of; none: nothing is there."""
        names = dict.fromkeys([*_FIRST, *self._labels])
        kept = [name for name in names if name in self._labels and name not in REPEATED]
        labels = {name: self._labels[name] for name in kept}
        for shots, votes in self._votes.items():
            told = [labels["content"], f"majority of {shots}" * (len(self._votes) > 1)]
            images, truth, counts, sums = votes.total()
            repeated: Repetitions | Chances | None = None
            if self._content.get("engine") == "exact":
                chances = sums / sums.sum(axis=1, keepdims=True)  # a task may stand there twice
                repeated, sums = Chances(truth, chances, int(labels["shots"])), 0 * sums
            elif not self._pool_seeds:
                repeated = votes.gathered.on(images)
            yield Measured(
                {**labels, "content": ", ".join(filter(None, told))},
                *(images, truth, counts, sums),
                votes.seconds,
                str(self._content.get("network", "")),
                str(self._content.get("data", "")),
                self.complete,
                repeated,
                draws_are_shared(self._content),
                self._pool_seeds,
            )


class _Votes:
    """Repetitions whose votes are made of equally many shots."""

    def __init__(self) -> None:
        self.gathered = Gathered()
        self.seconds = 0.0
        self._pending: list[Arrays] = []

    def add(self, key: tuple[int, int], arrays: Arrays, seconds: float) -> None:
        """Add a repetition."""
        if arrays[2].any():
            self.gathered.add(key, *arrays)
        self.seconds += seconds
        self._pending.append(arrays)
        if len(self._pending) >= _MOST_PENDING:
            self._pending = [_added(self._pending)]

    def total(self) -> Arrays:
        """Return images, classes, and counts and sums over all repetitions."""
        return _added(self._pending)


def _joined(parts: list[Arrays]) -> Arrays:
    return tuple(map(np.concatenate, zip(*parts, strict=True)))  # type: ignore[return-value]


def _added(parts: list[Arrays]) -> Arrays:
    """Add counts and sums image by image."""
    images, labels, counts, sums = _joined(parts)
    unique, first, rows = np.unique(images, return_index=True, return_inverse=True)
    total_counts = np.zeros((len(unique), counts.shape[1]), np.int64)
    total_sums = np.zeros(total_counts.shape)
    np.add.at(total_counts, rows, counts)
    np.add.at(total_sums, rows, sums)
    return unique, labels[first], total_counts, total_sums

"""The order of a sweep: which task next, what was there already, when a point is done."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from qnnq.devices.names import resolve_device
from qnnq.execution.request import RunRequest
from qnnq.execution.run import prepare
from qnnq.results.file import Store
from qnnq.results.points import named_inputs
from qnnq.results.result import RunResult
from qnnq.statistics import single_shot
from qnnq.sweep.points import REFUSALS, Point
from qnnq.sweep.signals import interrupts_held
from qnnq.sweep.work import Failure, Pool, WorkItem

_AHEAD = 4
"""Tasks that are prepared before a worker asks for one."""


@dataclass
class Tally:
    """How far a sweep is, in tasks.

    Attributes:
        total: Tasks that are known of; points with a target width add theirs as they go.
        stored: Tasks whose result this sweep has stored.
        found: Tasks whose result was in the file.
        failures: What went wrong, a line a task, or a line a point that could not be prepared.
        notes: What the user should know, a line each.
    """

    total: int = 0
    stored: int = 0
    found: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class _Adaptive:
    """A point with a target width: its next task depends on the results so far."""

    point: Point
    results: list[RunResult] = field(default_factory=list)

    def wide(self) -> bool:
        """Whether the interval of what was measured is still wider than the target."""
        blocks = len(self.point.blocks)
        done = len(self.results)
        if done == 0:
            return True
        if done > blocks and done % blocks:  # within a round some images have more shots
            return True
        first = self.results[:blocks]
        counts = [
            sum((each.counts for each in self.results[block::blocks]), np.zeros_like(result.counts))
            for block, result in enumerate(first)
        ]
        labels = np.concatenate([result.labels for result in first])
        accuracy = single_shot(np.concatenate(counts), labels)
        return accuracy.high - accuracy.low > (self.point.target_width or 0)

    def exhausted(self) -> bool:
        """Whether all its tasks were done."""
        return len(self.results) >= len(self.point.blocks) * self.point.rounds


class Schedule:
    """Runs the tasks of all points on a pool and stores what comes back.

    Only this process writes to the file. A task whose worker died is tried once more. What cannot
    be done is kept with its reason, and left out the next time unless `retry` is set.
    """

    def __init__(
        self,
        points: Sequence[Point],
        store: Store,
        pool: Pool,
        threads: int,
        tally: Tally,
        *,
        retry: bool = False,
    ) -> None:
        self._points = sorted(points, key=_compilation)
        self._store, self._pool, self._threads, self._tally = store, pool, threads, tally
        self._retry = retry
        self._find = cache(resolve_device)  # all tasks see one calibration
        self._source = self._tasks()
        self._ready: deque[WorkItem] = deque()
        self._claimed_elsewhere: deque[WorkItem] = deque()
        self._issued: set[str] = set()
        self._retried: set[str] = set()
        self._place: dict[str, tuple[Point, str]] = {}
        self._known: dict[tuple[str, str], set[str]] = {}
        for stored in store.points():
            for kind, name, digest in named_inputs(stored.labels, stored.content):
                self._known.setdefault((kind, name), set()).add(digest)
        self._waiting: dict[str, list[_Adaptive]] = {}
        tally.total = sum(len(point.blocks) for point in points if point.target_width is None)

    def run(self, observe: Callable[[Tally], None]) -> None:
        """Run everything; `observe` is called whenever the tally has changed.

        Raises:
            QnnqError: When the file cannot be written; what was stored stays.
        """
        while True:
            while self._pool.free() and (task := self._next()):
                self._pool.submit(task)
            observe(self._tally)
            if not self._pool.busy():
                return
            while len(self._ready) < _AHEAD and (task := next(self._source, None)):
                self._ready.append(task)
            for task, outcome in self._pool.wait():
                self._receive(task, outcome)

    def _next(self) -> WorkItem | None:
        """Return the next task to do; those that another sweep has claimed come last."""
        while task := self._ready.popleft() if self._ready else next(self._source, None):
            if self._done_elsewhere(task):
                continue
            if self._store.claim(task.task_id):
                return task
            self._claimed_elsewhere.append(task)
        while self._claimed_elsewhere:
            task = self._claimed_elsewhere.popleft()
            if not self._done_elsewhere(task):
                return task
        return None

    def _done_elsewhere(self, task: WorkItem) -> bool:
        if not self._store.finished(task.task_id):
            return False
        self._tally.found += 1
        if task.task_id in self._waiting and (result := self._store.result(task.task_id)):
            self._continue(task.task_id, result)
        return True

    def _receive(self, task: WorkItem, outcome: RunResult | Failure) -> None:
        if isinstance(outcome, RunResult):
            with interrupts_held():  # what is counted is stored, and the other way round
                self._store.add(outcome)
                self._tally.stored += 1
            self._continue(task.task_id, outcome)
        elif outcome.lost and task.task_id not in self._retried:
            self._retried.add(task.task_id)
            self._ready.appendleft(task)
        else:
            point, place = self._place[task.task_id]
            reason = f"{outcome.message}{' twice' if outcome.lost else ''}"
            self._fail(point, place, task.task_id, reason)

    def _tasks(self) -> Iterator[WorkItem]:
        """Yield every task that the file does not need the results of other tasks for."""
        for point in self._points:
            if self._retry:
                self._store.forget_failures(point.name)
            if point.target_width is not None:
                yield from self._advance(_Adaptive(point))
                continue
            places = [(0, block) for block in range(len(point.blocks))]
            tasks = self._prepared(point, places)
            if tasks is None:
                self._tally.total -= len(places) - 1
                continue
            self._link(point, dict(zip(places, tasks, strict=True)), fresh=True)
            for place, (task, _) in zip(places, tasks, strict=True):
                if task.task_id in self._issued:  # two points may be one physical setting
                    self._tally.total -= 1
                else:
                    self._issued.add(task.task_id)
                    yield from self._unless_failed(point, place, task)

    def _advance(self, adaptive: _Adaptive) -> Iterator[WorkItem]:
        """Yield the next task of a point with a target width, if it needs one."""
        point = adaptive.point
        while not adaptive.exhausted() and adaptive.wide():
            place = divmod(len(adaptive.results), len(point.blocks))
            prepared = self._prepared(point, [place])
            if prepared is None:
                self._tally.total += 1
                return
            (task, _) = prepared[0]
            self._link(point, {place: prepared[0]}, fresh=not adaptive.results)
            result = (
                self._store.result(task.task_id) if self._store.finished(task.task_id) else None
            )
            new = task.task_id not in self._issued
            if new:
                self._issued.add(task.task_id)
                self._tally.total += 1
            if result is None:
                self._waiting.setdefault(task.task_id, []).append(adaptive)
                if new:
                    yield from self._unless_failed(point, place, task)
                return
            self._tally.found += new
            adaptive.results.append(result)

    def _continue(self, task_id: str, result: RunResult) -> None:
        for adaptive in self._waiting.pop(task_id, []):
            adaptive.results.append(result)
            self._ready.extend(self._advance(adaptive))

    def _link(
        self,
        point: Point,
        tasks: dict[tuple[int, int], tuple[WorkItem, dict[str, Any]]],
        fresh: bool,
    ) -> None:
        content = next(iter(tasks.values()))[1]
        ids = {place: task.task_id for place, (task, _) in tasks.items()}
        self._store.link(point.name, content, point.labels, ids, len(point.blocks), fresh=fresh)
        for kind, name, digest in named_inputs(point.labels, content):
            known = self._known.setdefault((kind, name), {digest})
            if digest not in known:
                known.add(digest)
                self._tally.notes.append(
                    f"{name}: another {kind} than the file's earlier points of this name were "
                    "measured with; its points are new ones"
                )

    def _prepared(
        self, point: Point, places: Sequence[tuple[int, int]]
    ) -> list[tuple[WorkItem, dict[str, Any]]] | None:
        """Return tasks and what identifies them, or None, counted, where that is impossible."""
        if reason := self._store.failure(point.name, point.inputs, ""):
            self._count_failure(point, reason)
            return None
        found = []
        for place in places:
            request = point.task(*place)
            try:
                prepared = prepare(request, self._find)
            except REFUSALS as error:
                self._fail(point, "", "", " ".join(str(error).split()))
                return None
            task = prepared.task.to_json()
            changed = [name for name, value in point.inputs.items() if task[name] != value]
            if changed:
                self._fail(point, "", "", f"its {changed[0]} has changed since the sweep began")
                return None
            found.append((WorkItem(request, prepared.task.id, self._threads), task))
        return found

    def _unless_failed(
        self, point: Point, place: tuple[int, int], task: WorkItem
    ) -> Iterator[WorkItem]:
        where = "{},{}".format(*place)
        reason = self._store.failure(point.name, point.inputs, where)
        if reason and not self._store.finished(task.task_id):
            self._count_failure(point, reason)
        else:
            self._place[task.task_id] = point, where
            yield task

    def _fail(self, point: Point, place: str, task_id: str, reason: str) -> None:
        self._store.fail(point.name, point.inputs, point.labels, place, task_id, reason)
        self._count_failure(point, reason)

    def _count_failure(self, point: Point, reason: str) -> None:
        self._tally.failures.append(f"{_name(point.request)}: {reason}")


def _compilation(point: Point) -> tuple[str, ...]:
    """Sort key that keeps points of one device and layout together, where caches serve them."""
    request = point.request
    parts = (request.device or request.noise, request.qubits, request.copies, request.pairs)
    return (*map(str, parts), request.pair_gate)


def _name(request: RunRequest) -> str:
    return f"{request.model}, noise {request.noise}, strength {request.strength:g}"

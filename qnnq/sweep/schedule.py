"""The order of a sweep: which tasks next, what was there already, when a point is done."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import Any

from qnnq.devices.names import resolve_device
from qnnq.results.encoding import Row
from qnnq.results.file import Place, Store
from qnnq.results.points import named_inputs
from qnnq.results.rows import canonical
from qnnq.runs.planned_run import RunIdentity
from qnnq.runs.request import RunRequest
from qnnq.runs.run import plan
from qnnq.storage.database import batched
from qnnq.sweep.asked import Adaptive, Asked, ask
from qnnq.sweep.points import REFUSALS, Point
from qnnq.sweep.signals import interrupts_held
from qnnq.sweep.work import Batch, Done, Failure, Pool, Same, WorkItem

_BATCH_S = 0.25
"""How long a batch is to take: messages and commits then cost little of it."""
_LARGEST_BATCH = 1000
_LINKED_TOGETHER = 100


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

    def take_notes(self) -> list[str]:
        """Return the notes that were not taken yet."""
        taken = self.notes[:]
        self.notes.clear()
        return taken


class Schedule:
    """Runs the tasks of all points on a pool and stores what comes back.

    Only this process writes to the file. It compiles nothing: tasks are known by their identities,
    and a worker says of a point that it is impossible. Tasks whose worker died are tried again in
    halves, and one that was alone `retries` times. What cannot be done is kept with its reason, and
    left out the next time unless `retry` is set.
    """

    def __init__(
        self,
        points: Iterator[Point],
        store: Store,
        pool: Pool,
        threads: int,
        tally: Tally,
        observe: Callable[[Tally], None],
        *,
        retry: bool,
        retries: int,
    ) -> None:
        self._store, self._pool, self._threads = store, pool, threads
        self._tally, self._observe = tally, observe
        self._retry, self._retries = retry, retries
        self._failed = store.reasons()
        self._find = cache(resolve_device)  # all tasks see one calibration
        self._size = 1
        self._source = self._tasks(points)
        self._following: deque[Asked] = deque()
        self._asked: dict[str, list[Asked]] = {}
        self._ready: deque[WorkItem] = deque()
        self._claimed_elsewhere: deque[WorkItem] = deque()
        self._again: deque[Batch] = deque()
        self._tries: Counter[str] = Counter()
        self._refused: dict[int, Point] = {}
        self._known: dict[tuple[str, str], set[str]] = {}
        for stored in store.settings():
            for kind, name, digest in named_inputs(stored.labels, stored.content):
                self._known.setdefault((kind, name), set()).add(digest)

    def run(self) -> None:
        """Run everything.

        Raises:
            QnnqError: When the file cannot be written; what was stored stays.
        """
        while True:
            while self._pool.free() and (batch := self._next()):
                self._pool.submit(batch)
            self._observe(self._tally)
            if not self._pool.busy():
                return
            self._fill()
            for batch, outcome in self._pool.wait():
                if isinstance(outcome, Done):
                    self._receive(batch, outcome)
                else:
                    self._lose(batch, outcome.message)

    def _next(self) -> Batch | None:
        """Return the next tasks to do; those that another sweep has claimed come last."""
        if self._again:
            return self._again.popleft()
        while self._fill():
            items = self._unfinished(self._ready)
            mine = self._store.claim([item.identity for item in items])
            self._claimed_elsewhere += [item for item in items if item.identity not in mine]
            if mine:
                items = [item for item in items if item.identity in mine]
                return Batch(tuple(items), self._threads)
        while self._claimed_elsewhere:
            if items := self._unfinished(self._claimed_elsewhere):
                return Batch(tuple(items), self._threads)
        return None

    def _unfinished(self, waiting: deque[WorkItem]) -> list[WorkItem]:
        """Take the next tasks; another sweep may have done some of them meanwhile."""
        items = [waiting.popleft() for _ in range(min(self._size, len(waiting)))]
        items = [item for item in items if item.identity in self._asked]  # others were refused
        done = self._store.finished([item.identity for item in items])
        for identity, task_id in done.items():
            self._found(self._asked.pop(identity), task_id)
        return [item for item in items if item.identity not in done]

    def _fill(self) -> bool:
        """Have tasks ready for the next batch; False when none is left."""
        while len(self._ready) < self._size:
            asked = list(self._following)
            self._following.clear()
            while len(asked) < _LINKED_TOGETHER and (more := next(self._source, None)):
                asked += more
            if not asked:
                break
            self._link(asked)
            self._observe(self._tally)
        return bool(self._ready)

    def _tasks(self, points: Iterator[Point]) -> Iterator[list[Asked]]:
        """Yield every task that does not need the results of others, those of a seed together."""
        for point in points:
            identity = self._identity(point)
            if identity is None:
                self._tally.total += 1
                if point.target_width is None:
                    self._tally.total -= len(point.seeds) * len(point.blocks)
            elif point.target_width is None:
                blocks = range(len(point.blocks))
                for seeds in batched(point.seeds, max(1, _LINKED_TOGETHER // len(blocks))):
                    places = product(seeds, (0,), blocks)
                    yield [ask(point, identity, Place(*place)) for place in places]
            else:
                for seed in point.seeds:
                    self._advance(Adaptive(point, identity, seed))
                    yield [self._following.pop()]

    def _advance(self, adaptive: Adaptive) -> None:
        if asked := adaptive.next():
            self._tally.total += 1
            self._following.append(asked)

    def _link(self, asked: list[Asked]) -> None:
        """Link tasks to their points, and sort out which are still to do."""
        by_point: dict[int, list[Asked]] = {}
        for each in asked:
            by_point.setdefault(id(each.point), []).append(each)
        elsewhere: dict[str, str] = {}
        with self._store.together():
            for number, some in by_point.items():
                if number in self._refused:
                    self._tally.total -= len(some)
                    continue
                found = self._store.link(
                    some[0].point.labels,
                    some[0].identity.content,
                    {each.place: each.item.identity for each in some},
                    len(some[0].point.blocks),
                    fresh=some[0].adaptive is None or not some[0].adaptive.results,
                    compiler=some[0].identity.compiler,
                )
                elsewhere |= {
                    each.item.identity: found[each.place] for each in some if each.place in found
                }
        asked = [each for each in asked if id(each.point) not in self._refused]
        done = self._store.finished([each.item.identity for each in asked])
        for each in asked:
            identity = each.item.identity
            if identity in done:
                self._found([each], done[identity])
            elif reason := self._failed_before(each.point, each.place):
                self._count_failure(each.point, reason)
            elif identity in self._asked:  # two points may be one physical setting
                self._asked[identity].append(each)
            else:
                self._asked[identity] = [each]
                self._ready.append(replace(each.item, stored=elsewhere.get(identity)))

    def _found(self, asked: list[Asked], task_id: str) -> None:
        """Count tasks, all of one identity, whose result is in the file; points may go on."""
        self._tally.found += len(asked)
        waiting = [each.adaptive for each in asked if each.adaptive]
        if waiting and (result := self._store.result(task_id)):
            for adaptive in waiting:
                adaptive.results.append(result)
                self._advance(adaptive)

    def _receive(self, batch: Batch, done: Done) -> None:
        outcomes = {
            item.identity: outcome
            for item, outcome in zip(batch.items, done.outcomes, strict=False)
        }
        rows = {each: found for each, found in outcomes.items() if isinstance(found, Row)}
        same = {each: found.task_id for each, found in outcomes.items() if isinstance(found, Same)}
        with interrupts_held():  # what is counted is stored, and the other way round
            with self._store.together():
                self._store.add_rows(rows)
                self._store.identify(same)
            self._tally.stored += len(rows)
        for identity, outcome in outcomes.items():
            asked = self._asked.pop(identity, [])  # none: it was refused with its point
            if isinstance(outcome, Failure):
                self._fail(asked, outcome)
            elif isinstance(outcome, Same):
                self._found(asked, outcome.task_id)
            else:
                self._tally.found -= 1  # it was stored just now
                self._found(asked, outcome.values[0].hex())
        self._ready.extendleft(reversed(batch.items[len(done.outcomes) :]))
        mean = done.seconds / len(done.outcomes)
        self._size = max(1, min(int(_BATCH_S / mean), 2 * self._size, _LARGEST_BATCH))

    def _lose(self, batch: Batch, reason: str) -> None:
        """Try tasks again whose worker died, in halves so that the one that killed it is found."""
        middle = len(batch.items) // 2
        if middle:
            halves = batch.items[:middle], batch.items[middle:]
            self._again += [Batch(items, batch.threads) for items in halves]
            return
        (item,) = batch.items
        self._tries[item.identity] += 1
        if self._tries[item.identity] <= self._retries:
            self._again.append(batch)
        else:
            times = self._tries.pop(item.identity)
            asked = self._asked.pop(item.identity, [])
            self._fail(asked, Failure(f"{reason} ({times} times)"))

    def _identity(self, point: Point) -> RunIdentity | None:
        """Return what a whole point is known by, or None, counted, where it is impossible."""
        if reason := self._failed_before(point):
            self._count_failure(point, reason)
            return None
        try:
            identity = plan(point.request, self._find).identity()
        except REFUSALS as error:
            reason = " ".join(str(error).split())
        else:
            content = identity.content
            changed = [name for name, digest in point.inputs.items() if content[name] != digest]
            if not changed:
                self._note_changes(point, content)
                return identity
            reason = f"its {changed[0]} has changed since the sweep began"
        self._fail_whole(point, reason)
        return None

    def _note_changes(self, point: Point, asked: dict[str, Any]) -> None:
        for kind, name, digest in named_inputs(point.labels, asked):
            known = self._known.setdefault((kind, name), {digest})
            if digest not in known:
                known.add(digest)
                self._tally.notes.append(
                    f"{name}: another {kind} than the file's earlier points of this name were "
                    "measured with; its points are new ones"
                )

    def _failed_before(self, point: Point, place: Place | None = None) -> str | None:
        """Return why a point or one of its tasks failed; None where it is to be tried (again)."""
        if not self._failed:
            return None
        labels, where = _named(point, place)
        key = canonical(labels), canonical(point.inputs), where
        if key in self._failed and self._retry:
            self._store.forget_failure(*key)
            return None
        return self._failed.get(key)

    def _fail(self, asked: list[Asked], failure: Failure) -> None:
        for each in asked:
            if failure.whole:
                self._refuse(each.point, failure.message)
                continue
            labels, where = _named(each.point, each.place)
            self._store.fail(labels, each.point.inputs, where, each.item.identity, failure.message)
            self._count_failure(each.point, failure.message)

    def _refuse(self, point: Point, reason: str) -> None:
        """Leave out what is left of a point that is impossible, and count it once."""
        if id(point) in self._refused:
            self._tally.total -= 1
            return
        self._refused[id(point)] = point
        self._fail_whole(point, reason)
        for identity, asked in [*self._asked.items()]:
            others = [each for each in asked if each.point is not point]
            self._tally.total -= len(asked) - len(others)
            self._asked[identity] = others
            if not others:
                del self._asked[identity]

    def _fail_whole(self, point: Point, reason: str) -> None:
        self._store.fail(point.labels, point.inputs, "", None, reason)
        self._count_failure(point, reason)

    def _count_failure(self, point: Point, reason: str) -> None:
        self._tally.failures.append(f"{_name(point.request)}: {reason}")


def _named(point: Point, place: Place | None) -> tuple[dict[str, object], str]:
    """Return the labels and the place that a failure is kept under."""
    if place is None:
        return {**point.labels}, ""
    return {**point.labels, "seed": place.seed}, f"{place.round},{place.block}"


def _name(request: RunRequest) -> str:
    return f"{request.model}, noise {request.noise}, strength {request.strength:g}"

"""The service's record against the ledger's: by hand, and in all orders of what can happen."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from loopback import OwnClock

from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import QnnqError
from qnnq.jobs.budget import Budget
from qnnq.jobs.control import note_stopped, stop_jobs
from qnnq.jobs.engine import Pending, RuntimeEngine
from qnnq.jobs.layer_plan import JobPlan, LayerCost
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.ledger_file import _SCHEMA
from qnnq.jobs.reconciliation import Adopt, Drop, Note, Planned, Stop, Supersede, settle
from qnnq.jobs.records import Attempt
from qnnq.jobs.service import DIGEST, JobResult, JobView, Missing, Submission, Unanswered
from qnnq.jobs.submission import Reconciler

RUN, DIGITS, LAYERS = "qnnq-run", "0123456789abcdef", 2
EVENTS = ("send", "lost", "late", "kill", "copy", "race", "cancel", "delete", "run")
LIMITS = ServiceLimits(attempts=1000)


def view(job_id: str, status: str, created: int, number: int = 1, digest: str = DIGITS) -> JobView:
    tags = (f"{RUN}-1-{number}", RUN, f"{DIGEST}{digest}")
    return JobView(job_id, status, tags=tags, created=f"2026-12-01T00:00:{created:02}Z")  # type: ignore[arg-type]


def attempt(number: int, state: str, job_id: str | None = None) -> Attempt:
    return Attempt(f"{RUN}-1-{number}", 1, "", job_id, state)


def planned(*attempts: Attempt, done: bool = False) -> Planned:
    return Planned(done, f"{RUN}-1-", DIGITS, attempts)


FIRST, SECOND = f"{RUN}-1-1", f"{RUN}-1-2"


@pytest.mark.parametrize(
    ("ledger", "views", "expected"),
    [
        (planned(attempt(1, "submitted", "a")), [view("a", "queued", 1)], []),
        (planned(attempt(1, "intended")), [], []),
        (planned(attempt(1, "intended")), [view("a", "queued", 1)], [Adopt(FIRST, "a")]),
        (planned(attempt(1, "refused")), [view("a", "done", 1)], [Adopt(FIRST, "a")]),
        (planned(attempt(1, "failed", "a")), [view("a", "failed", 1)], []),
        # created first by the service's clock, whoever waits for which; then the smaller id
        (
            planned(attempt(1, "submitted", "b")),
            [view("b", "running", 2), view("a", "queued", 1)],
            [Adopt(FIRST, "a"), Drop(FIRST, "b")],
        ),
        (
            planned(attempt(1, "submitted", "a")),
            [view("b", "queued", 1), view("a", "queued", 1)],
            [Drop(FIRST, "b")],
        ),
        # what is done is paid already
        (
            planned(attempt(1, "submitted", "a")),
            [view("a", "queued", 1), view("b", "done", 2, 2)],
            [Adopt(SECOND, "b"), Supersede(FIRST), Drop(FIRST, "a")],
        ),
        (
            planned(attempt(1, "unanswered"), attempt(2, "done", "b"), done=True),
            [view("a", "queued", 1), view("b", "done", 2, 2)],
            [Drop(FIRST, "a")],
        ),
        # the last one may be what a copy of the run waits for
        (
            planned(attempt(1, "unanswered"), attempt(2, "done", "b"), done=True),
            [view("a", "queued", 1)],
            [Note(FIRST, "a")],
        ),
        # given up by the user, who was told that its result is gone
        (planned(attempt(1, "abandoned", "a")), [view("a", "done", 1)], []),
        # of a copy that measured other outcomes in the layer before
        (planned(attempt(1, "intended")), [view("a", "queued", 1, digest="f" * 16)], []),
    ],
)
def test_transitions(ledger: Planned, views: list[JobView], expected: list[Any]) -> None:
    assert settle(ledger, views) == expected
    assert settle(ledger, views[::-1]) == expected


def test_a_cancelled_run_takes_no_more_jobs() -> None:
    ledger = planned(attempt(1, "cancelled"))
    assert settle(ledger, [view("a", "queued", 1)], stopped=True) == [Stop(FIRST, "a")]
    assert settle(ledger, [view("a", "done", 1)], stopped=True) == [Adopt(FIRST, "a")]


class Killed(BaseException):
    """What no handler of the program catches."""


class Service:
    """A service in memory, which checks what is asked of it.

    Attributes:
        jobs: What it accepted, oldest first, deleted ones too.
        faults: What befalls the next submission: `lost`, `late` (never listed, before `settled`),
            `kill`.
        before_sending: Called before the next submission is accepted.
        after_listing: Called between the next list of jobs and what its reader makes of it.
    """

    finds_jobs = True

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.faults: Counter[str] = Counter()
        self.before_sending: Callable[[], None] | None = None
        self.after_listing: Callable[[], None] | None = None
        self.settled = self.by_user = False
        self.unseen: set[str] = set()

    def submit(self, sent: Submission) -> str:
        hook, self.before_sending = self.before_sending, None
        self._overtake(hook)
        twins = [each for each in self.find(RUN) if self._same(each.tags, sent.tags)]
        usable = {"queued", "running", "done"}
        unseen = {key for key, job in self.jobs.items() if job["given_up"]} | self.unseen
        bad = [each.id for each in twins if each.status in usable and each.id not in unseen]
        assert not bad, f"sent again although {bad} is listed"
        job_id = f"job{len(self.jobs)}"
        late = self.faults.pop("late", 0) > 0
        job = {"tags": sent.tags, "status": "queued", "deleted": False, "given_up": False}
        self.jobs[job_id] = job | {"late": late}
        if self.faults.pop("kill", 0):
            raise Killed
        if self.faults.pop("lost", 0):
            raise Unanswered("lost")
        return job_id

    def _same(self, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
        return one[0].rpartition("-")[0] == other[0].rpartition("-")[0] and one[2] == other[2]

    def _shown(self, job_id: str) -> JobView:
        job = self.jobs[job_id]
        seconds = {"done": 2.0, "cancelled": 0.0}.get(job["status"])
        created = f"{int(job_id[3:]):04}"
        return JobView(job_id, job["status"], seconds=seconds, tags=job["tags"], created=created)

    def find(self, tag: str) -> list[JobView]:
        found = [
            self._shown(job_id)
            for job_id, job in self.jobs.items()
            if tag in job["tags"] and not job["deleted"] and (self.settled or not job["late"])
        ]
        hook, self.after_listing = self.after_listing, None
        self._overtake(hook)
        return found

    def _overtake(self, hook: Callable[[], None] | None) -> None:
        """Let another folder act, whose jobs the one that is acting cannot have seen."""
        before = set(self.jobs)
        if hook is not None:
            hook()
        self.unseen |= set(self.jobs) - before

    def view(self, job_id: str) -> JobView:
        if self.jobs[job_id]["deleted"]:
            return JobView(job_id, "lost", message="not known")
        return self._shown(job_id)

    def result(self, job_id: str, shape: tuple[int, int, int]) -> JobResult:
        bits = np.random.default_rng(int(job_id[3:])).integers(0, 2, shape, dtype=np.uint8)
        return JobResult(bits)

    def cancel(self, job_id: str) -> bool:
        job = self.jobs[job_id]
        if job["deleted"]:
            raise Missing(job_id)
        if job["status"] != "queued":
            return False
        if not self.by_user:
            others = [
                each
                for each in self.find(RUN)
                if each.id != job_id
                and self._same(each.tags, job["tags"])
                and each.status in ("queued", "running", "done")
                and not self.jobs[each.id]["given_up"]
            ]
            assert others, f"{job_id} is cancelled, and nothing else stands for it"
        job["status"] = "cancelled"
        return True

    def run(self) -> None:
        for job in self.jobs.values():
            if job["status"] == "queued":
                job["status"] = "done"

    def plan_usage(self) -> None:
        pass

    def calibration(self) -> None:
        pass


class MemoryLedger(Ledger):
    """A ledger in memory."""

    def __init__(self, other: Ledger | None = None) -> None:
        self.folder = self.path = Path("run")
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        if other is not None:
            other._database.backup(self._database)
            return
        self._database.executescript(_SCHEMA)
        for layer in range(LAYERS):
            self._database.execute(
                "INSERT INTO layers VALUES (?, x'00', '0', 1, 1, 1, 1.5)", (layer,)
            )
        estimates = [{"quantum_seconds": 2.0, "jobs": 1}] * LAYERS
        facts = {
            "run_tag": RUN,
            "cancelled": None,
            "attempts": None,
            "budget_s": 1000.0,
            "kind": "run",
            "chunks": [0],
            "task": {},
            "estimate": {"layers": estimates},
            "request": {"options": {"mode": "job", "tags": []}},
        }
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        self._database.executemany("INSERT INTO facts VALUES (?, ?)", rows)


def test_what_is_done_stays_done() -> None:
    """Whatever is said of it afterwards; a second job of it counts with its bill."""
    ledger = MemoryLedger()
    ledger.write_plan(0, [JobPlan(np.zeros((1, 8)), np.arange(8)[None])], 8)
    (job,) = ledger.jobs()
    tag = ledger.intend(job, None, None).tag
    ledger.finish(job, tag, np.zeros(job.shape, np.uint8), 2.0)
    ledger.finish(job, tag, np.ones(job.shape, np.uint8), 2.0)
    ledger.ended(tag, "failed", 0.0, "lost")
    ledger.add_surplus(tag, "b", cancelled=False, seconds=3.0)
    (only,) = ledger.attempts(job)
    assert (only.state, only.seconds, ledger.bits(job).any()) == ("done", 2.0, False)
    assert ledger.quantum_seconds() == 5.0


class Folder:
    """A run folder, and what a user does with it."""

    def __init__(self, service: Service, ledger: MemoryLedger) -> None:
        self.service, self.ledger = service, ledger
        self.finished = False

    def resume(self) -> None:
        costs = [LayerCost(1e-6, 1e-6, 1, 1)] * LAYERS
        budget = Budget(self.ledger, costs, LIMITS, None)
        circuits: Any = [SimpleNamespace(circuit=None)] * LAYERS
        service: Any = self.service
        engine = RuntimeEngine(self.ledger, circuits, costs, LIMITS, service, budget)
        self.ledger.set_fact("cancelled", None)
        before = np.zeros((1, 1, 8))
        try:
            for layer in range(LAYERS):
                if not self.ledger.jobs(layer):
                    plan = JobPlan(before[0].astype(float), np.arange(8)[None])
                    self.ledger.write_plan(layer, [plan], 8)
                engine.finish(layer, service)
                (job,) = self.ledger.jobs(layer)
                before = self.ledger.bits(job)
                (ended,) = [each for each in self.ledger.attempts(job) if each.state == "done"]
                assert (before == self.service.result(str(ended.id), job.shape).bits).all()
            Reconciler(self.ledger, service, budget, LIMITS).all()
            self.finished = True
        except Pending:
            pass
        except Killed:
            if self.ledger._database.in_transaction:
                self.ledger._database.execute("ROLLBACK")
        except QnnqError as error:
            if "--resubmit" not in str(error):
                raise AssertionError(f"the run does not go on: {error}") from error
            self._resubmit()

    def _resubmit(self) -> None:
        """Do what the message says."""
        for each in self.ledger.attempts():
            if each.under_way and each.id and self.service.jobs[each.id]["deleted"]:
                self.service.jobs[each.id]["given_up"] = True
                self.ledger.ended(each.tag, "abandoned", None, None)

    def cancel(self) -> None:
        service: Any = self.service
        self.ledger.set_fact("cancelled", "now")
        self.service.by_user = True
        stop_jobs(self.ledger, service)
        note_stopped(self.ledger, service)
        self.service.by_user = False


def play(events: tuple[str, ...]) -> Service | None:
    """Let events happen, then let everything end; None where one cannot happen then."""
    service = Service()
    folders = [Folder(service, MemoryLedger())]
    for event in events:
        if event in ("lost", "late", "kill"):
            service.faults[event] += 1
            if event == "late":
                continue
        if event == "race":
            if len(folders) == 1:
                return None
            service.before_sending = folders[1].resume
        if event == "run":
            service.run()
        elif event == "cancel":
            folders[0].cancel()
        elif event == "delete":
            alive = [job for job in service.jobs.values() if not job["deleted"]]
            if not alive:
                return None
            alive[-1]["deleted"] = True
        elif event == "copy":
            if len(folders) == 1:
                folders.append(Folder(service, MemoryLedger(folders[0].ledger)))
            else:
                folders[1].resume()
        else:
            folders[0].resume()
        service.faults["lost"] = service.faults["kill"] = 0
        service.before_sending = None
    service.settled = True
    if len(folders) > 1:
        service.after_listing = folders[1].resume
    for _ in range(20):
        for folder in folders:
            folder.resume()
        service.run()
        if all(folder.finished for folder in folders):
            break
    for folder in folders:
        folder.resume()
        assert folder.finished, "the run does not end"
    check(events, service, folders)
    for folder in folders:
        folder.ledger.close()
    return service


def check(events: tuple[str, ...], service: Service, folders: list[Folder]) -> None:
    """Compare what was accepted with what was planned and what had to be sent again."""
    happened = Counter(events)
    wanted = {
        (job.number, folder.ledger.planned(job).digest)
        for folder in folders
        for job in folder.ledger.jobs()
    }
    cancelled = sum(job["status"] == "cancelled" for job in service.jobs.values())
    more = happened["late"] + len(service.unseen) + cancelled * happened["cancel"]
    assert len(service.jobs) <= len(wanted) + more + happened["delete"] * (len(folders) + 1)
    if not happened["late"] + len(service.unseen) + happened["cancel"] + happened["delete"]:
        assert len(service.jobs) == len(wanted) == LAYERS
    if len(folders) == 1 and not happened["delete"]:
        billed = sum(2.0 for job in service.jobs.values() if job["status"] == "done")
        assert folders[0].ledger.quantum_seconds() == billed


@pytest.fixture
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qnnq.devices.patience.time", OwnClock())


@pytest.mark.usefixtures("own_clock")
@pytest.mark.parametrize("depth", [3, pytest.param(5, marks=pytest.mark.slow)])
def test_all_orders(depth: int) -> None:
    """Every order of so many events, then both folders are resumed until they are finished."""
    import itertools

    played = 0
    for events in itertools.product(EVENTS, repeat=depth):
        try:
            played += play(events) is not None
        except AssertionError as error:
            raise AssertionError(f"{' '.join(events)}: {error}") from error
    assert played > len(EVENTS) ** depth / 3

"""The process ends before or after any single step: a later one finishes, and pays once."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checks import assert_complete
from conftest import IMAGES, SHOTS, Files
from loopback import OwnClock

from qnnq.jobs.advance import advance
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.runs import Run
from qnnq.jobs.service import JobResult, JobView, Submission

LEDGER_STEPS = ("write_plan", "intend", "submitted", "finish", "set_seconds", "set_fact")
SERVICE_STEPS = ("submit", "find", "view", "result", "close")


class Killed(BaseException):
    """What no handler of the program catches."""


class RememberingService:
    """A service that outlives the processes: jobs finish when they are looked at twice."""

    finds_jobs = True

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[str, ...]] = {}
        self.looks: dict[str, int] = {}

    def submit(self, sent: Submission) -> str:
        job = f"job{len(self.jobs)}"
        self.jobs[job] = sent.tags
        return job

    def find(self, tag: str) -> list[JobView]:
        return [JobView(job, "queued", tags=own) for job, own in self.jobs.items() if tag in own]

    def view(self, job: str) -> JobView:
        self.looks[job] = self.looks.get(job, 0) + 1
        return JobView(job, "done" if self.looks[job] > 1 else "running", seconds=2.0)

    def result(self, job: str, shape: tuple[int, int, int]) -> JobResult:
        bits = np.random.default_rng(int(job[3:])).integers(0, 2, shape, dtype=np.uint8)
        return JobResult(bits)

    def cancel(self, job: str) -> bool:
        raise AssertionError(f"{job}: nothing was submitted twice, so nothing is to be cancelled")

    def plan_usage(self) -> None:
        pass

    def calibration(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def bomb(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count steps, and end the process at one of them."""
    state = {"step": 0, "at": -1, "after": 0}

    def armed(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            state["step"] += 1
            here = state["step"] == state["at"]
            if here and not state["after"]:
                raise Killed
            found = original(*arguments, **named)
            if here:
                raise Killed
            return found

        return step

    for name in LEDGER_STEPS:
        monkeypatch.setattr(Ledger, name, armed(getattr(Ledger, name)))
    for name in SERVICE_STEPS:
        method = armed(getattr(RememberingService, name))
        monkeypatch.setattr(RememberingService, name, method)
    monkeypatch.setattr("qnnq.devices.patience.time", OwnClock())
    return state


def test_every_step(
    files: Files, tmp_path: Path, bomb: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from qnnq.jobs.creation import create_run
    from qnnq.jobs.hardware_request import HardwareRequest
    from qnnq.jobs.planning import plan_run

    request = HardwareRequest(str(files.network), "fake_jakarta", data=str(files.data), shots=SHOTS)
    plan = plan_run(request)
    for number in itertools.count():
        at, after = number // 2 + 1, number % 2
        service = RememberingService()
        monkeypatch.setattr(Run, "service", lambda run, found=service: found)
        folder = tmp_path / f"run{number}"
        create_run(request, plan, folder, None)
        bomb.update(step=0, at=at, after=after)
        try:
            advance(folder, True, lambda line: None)
        except Killed:
            bomb["at"] = -1
            assert advance(folder, True, lambda line: None)
        else:
            break  # the bomb lay beyond the last step
        assert_complete(folder, IMAGES, SHOTS)
        assert len(service.jobs) == 3, f"step {at}, {'after' if after else 'before'} it"
    assert number > 2 * 20  # each of three layers takes several steps

"""Runs against a service that misbehaves: every shot once, nothing paid twice."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from checks import assert_complete, assert_paid_once, until
from conftest import FAST_LIMITS, IMAGES, SHOTS, Command, Files
from loopback import Fault, Server

from qnnq.vendors.ibm.service import RemoteService

JOBS = "/jobs"


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("GET", r"/jobs.*", "refuse", 503, times=4), Fault("POST", JOBS, "refuse", 503, 2)],
        [Fault("POST", JOBS, "refuse", 429, times=2), Fault("GET", r"/jobs.*", "refuse", 429, 3)],
        [Fault("POST", JOBS, "refuse", 500, times=1), Fault("POST", JOBS, "drop", times=2)],
        [Fault("POST", JOBS, "hang", seconds=8)],
        [
            Fault("GET", "/instances/usage", "hang", seconds=3)
        ],  # asked for just before a job is sent
        [
            Fault("POST", "/sessions", "refuse", 503),
            Fault("GET", "/backends", "refuse", 503),
            Fault("GET", "/jobs/[^/]+/results", "garble", times=1),
        ],
    ],
    ids=["503", "429", "dropped", "hung", "hung-before", "session-and-result"],
)
def test_in_one_go(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command, faults: list[Fault]
) -> None:
    expected = sum(fault.times for fault in faults)
    connected.faults.add(*(replace(fault) for fault in faults))
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert answer.code == 0, answer.err
    assert len(connected.faults.struck) == expected
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


def test_a_job_behind_a_lost_answer(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """The client alone would send it again: the service accepts it, but answers 504."""
    connected.faults.add(Fault("POST", JOBS, "lose", 504))
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert answer.code == 0, answer.err
    assert len(connected.store.events("accepted")) == 3
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


def test_a_job_that_arrives_twice(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """The second one is cancelled while both still wait."""
    connected.queue_delay = 3600
    connected.faults.add(Fault("POST", JOBS, "double"))

    def let_the_first_run() -> None:
        until(lambda: bool(connected.store.events("cancelled")))
        connected.queue_delay = 0

    run = tmp_path / "run"
    with _meanwhile(let_the_first_run):
        answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert answer.code == 0, answer.err
    assert "accepted one job twice" in answer.err
    assert len(connected.store.events("accepted")) == 4
    assert len(connected.store.events("cancelled")) == 1
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)
    assert "accepted twice by the service" in qnnq("status", run).out


def test_an_expired_token(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    run = tmp_path / "run"

    def expire() -> None:
        for number in (1, 2, 3):
            until(lambda number=number: len(connected.store.events("accepted")) >= number)
            connected.expire_tokens()

    with _meanwhile(expire):
        answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


def test_a_job_that_fails_is_tried_again(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    connected.failing_jobs = 2
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run, failed=2)
    status = qnnq("status", run, "--json", "-").json()
    assert [job["attempts"] for job in status["jobs"]] == [3, 1, 1]
    assert status["quantum_seconds"] == pytest.approx(
        sum(job["seconds"] for job in connected.store.jobs())
    )


def test_a_job_that_somebody_cancelled_is_tried_again(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    connected.queue_delay = 60
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    connected.store.cancel(connected.store.jobs()[0]["id"])
    connected.queue_delay = 0
    answer = qnnq("resume", run, "--wait")
    assert answer.code == 0, answer.err
    assert "cancelled" in answer.err
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


def test_a_job_that_always_fails_is_given_up(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    connected.failing_jobs = 100
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("qnnq: layer 1, job 1: failed 3 times")
    assert "laser is on strike" in answer.err
    assert len(connected.store.jobs()) == 3
    assert qnnq("resume", run, "--wait").code == 1
    assert len(connected.store.jobs()) == 3  # a resume does not begin to count anew


def test_failures_count_against_the_budget(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """Three jobs are estimated at 6.02 s; one that fails first is paid as well."""
    connected.failing_jobs = 1
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", "--budget", "9"))
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("qnnq: --budget 9: layer 2, job 1 may take")
    assert len(connected.store.jobs()) == 2
    assert all(json.loads(job["options"])["cost"] <= 8 for job in connected.store.jobs())
    states = [job["state"] for job in qnnq("status", run, "--json", "-").json()["jobs"]]
    assert states == ["done", "planned"]


def test_a_run_whose_rest_will_not_fit_stops_before_it_spends(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """Six jobs are estimated at 12.02 s, and one fails first: 15 s are not enough for all."""
    files.limits.write_text(f"{FAST_LIMITS}executions_per_job = 8\n")
    connected.failing_jobs = 1
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", "--budget", "15"))
    assert answer.code == 1
    last = answer.err.splitlines()[-1]
    assert last.startswith("qnnq: --budget 15: layer 1, job 2 may take 4 s more, and what follows")
    assert "(bills so far are 1.00 times the estimate)" in last
    assert last.endswith("--budget 17")
    assert len(connected.store.jobs()) == 2
    assert qnnq("resume", run).code == 1
    assert "no image has all its shots yet" in qnnq("collect", run).err
    assert len(connected.store.jobs()) == 2
    answer = qnnq("resume", run, "--wait", "--budget", "17")
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)


def test_a_job_gets_a_multiple_of_its_estimate_of_a_large_budget(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    assert qnnq(*files.submit("ibm_jakarta", tmp_path / "run", "--budget", "50000")).code == 0
    assert json.loads(connected.store.jobs()[0]["options"])["cost"] == 4 * 2 + 1


def test_a_job_that_the_service_does_not_know_is_not_paid_again(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    connected.faults.add(Fault("GET", "/jobs/[^/]+", "refuse", 404, times=1000))
    answer = qnnq("resume", run, "--wait")
    assert answer.code == 1
    assert len(answer.err.splitlines()) == 1
    assert "does not know the job" in answer.err
    assert "--resubmit 1.1" in answer.err
    connected.faults.active.clear()
    assert qnnq("resume", run, "--wait").code == 0
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


def test_a_job_that_ends_while_it_is_cancelled(
    connected: Server,
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cancel = RemoteService.cancel

    def late(service: RemoteService, job_id: str) -> bool:
        until(lambda: connected.store.jobs()[0]["status"] == "Completed")
        return cancel(service, job_id)

    monkeypatch.setattr(RemoteService, "cancel", late)
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    assert "0 jobs cancelled" in qnnq("cancel", run).out
    assert qnnq("resume", run, "--wait").code == 0
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


def test_a_slow_result(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    connected.run_delay = 0.8
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    assert qnnq("resume", run).code == 0
    assert qnnq("resume", run, "--wait").code == 0
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


def test_the_server_restarts(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    connected.queue_delay = 0.3

    def restart() -> None:
        for number in (1, 2, 3):
            until(lambda number=number: len(connected.store.events("accepted")) >= number)
            connected.stop()
            connected.start()

    run = tmp_path / "run"
    with _meanwhile(restart):
        answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    for _ in range(3):
        if answer.code == 0:
            break
        answer = qnnq("resume", run, "--wait")
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


def test_a_server_that_is_down(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    run = tmp_path / "run"
    files.limits.write_text("answer_timeout_s = 2.0\npatience_s = 1.0\n")
    connected.queue_delay = 30
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    connected.stop()
    answer = qnnq("resume", run, "--wait")
    assert answer.code == 1
    assert len(answer.err.splitlines()) == 1
    assert answer.err.startswith("qnnq: IBM Quantum: ")
    status = qnnq("status", run, "--json", "-").json()
    assert status["jobs"][0]["state"] == "submitted"
    assert status["unanswered"].startswith("IBM Quantum: ")
    assert "not all of this may be up to date: IBM Quantum: " in qnnq("status", run).out
    connected.queue_delay = 0.0
    connected.start()
    assert qnnq("resume", run, "--wait").code == 0
    assert_paid_once(connected, run)


class _meanwhile:
    """Do something in another thread, and see that it worked."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._failure: list[BaseException] = []

        def work() -> None:
            try:
                function()
            except BaseException as error:
                self._failure.append(error)

        self._thread = threading.Thread(target=work, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *details: object) -> None:
        self._thread.join(30)
        assert not self._failure

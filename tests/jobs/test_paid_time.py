"""Nothing is paid that the evidence does not allow, and nothing that was paid is thrown away."""

import json
import math
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checks import assert_complete, assert_paid_once, bill
from conftest import IMAGES, SHOTS, Command, Files
from loopback import Fault, Server

from qnnq.errors import QnnqError
from qnnq.jobs.ledger import Ledger
from qnnq.vendors.ibm.service import RemoteService
from qnnq.vendors.ibm.sessions import RemoteSessions

ESTIMATE = 3 * 2.003


def accepted(server: Server) -> int:
    return len(server.store.events("accepted"))


def caps(server: Server) -> list[int | None]:
    """Caps of all jobs, the oldest first."""
    return [json.loads(job["options"])["cost"] for job in server.store.jobs()][::-1]


def fact(run: Path, name: str) -> Any:
    ledger = Ledger(run)
    found = ledger.fact(name)
    ledger.close()
    return found


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("budget", "expected", "billed"), [(20, [5, 10], 13), (12, [3, 6], 9)])
def test_a_job_that_its_cap_stopped_gets_more_room_or_is_not_sent_again(
    unkind: Server,
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    budget: int,
    expected: list[int],
    billed: float,
) -> None:
    """Each needs 8 s, four times its estimate."""
    unkind.slowness = 4
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", "--budget", str(budget)))
    assert answer.code == 1
    assert caps(unkind) == expected
    assert bill(unkind) == pytest.approx(billed, abs=0.02)
    assert "were not enough" in answer.err
    assert f"qnnq resume {run} --budget" in answer.err
    assert qnnq("resume", run, "--wait").code == 1
    assert caps(unkind) == expected
    answer = qnnq("resume", run, "--wait", "--budget", "100")
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)
    assert qnnq("status", run, "--json", "-").json()["price"] == pytest.approx(4, rel=0.01)


def test_the_users_limit_of_a_job_is_no_reason_to_send_it_again(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    unkind.slowness = 4
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", "--max-execution-time", "3"))
    assert answer.code == 1
    assert caps(unkind) == [3]
    assert f"qnnq resume {run} --max-execution-time 6" in answer.err
    more = ("--max-execution-time", "9", "--budget", "100")
    answer = qnnq("resume", run, "--wait", *more)
    assert answer.code == 0, answer.err
    assert caps(unkind) == [3, 9, 9, 9]
    assert_complete(run, IMAGES, SHOTS)


def test_a_job_that_was_never_sent_reserves_no_more_than_its_cap(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, submit = tmp_path / "run", RemoteService.submit

    def die(service: RemoteService, *job: Any) -> str:
        if len(unkind.store.jobs()) == 2:
            raise KeyboardInterrupt
        return submit(service, *job)

    with monkeypatch.context() as patch:
        patch.setattr(RemoteService, "submit", die)
        answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", "--budget", "60"))
        assert answer.code == 130
    status = qnnq("status", run, "--json", "-").json()
    assert status["quantum_seconds_at_most"] == pytest.approx(bill(unkind) + 4 * 2 + 1 + 1, abs=0.1)
    answer = qnnq("resume", run, "--wait")
    assert answer.code == 0, answer.err
    assert accepted(unkind) == 3
    assert_complete(run, IMAGES, SHOTS)


def test_a_job_that_runs_past_its_cap_stays_in_the_budget(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    unkind.slowness, unkind.store.overrun = 1000, 1.0
    files.limits.write_text(f"{files.limits.read_text()}executions_per_job = 4\n")
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run, "--wait", "--budget", "40")).code == 1
    assert bill(unkind) <= 40


def test_the_default_budget_is_a_multiple_of_the_estimate(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    answer = qnnq(*files.submit("ibm_jakarta", tmp_path / "run", "--wait"))
    assert answer.code == 0, answer.err
    expected = math.ceil(4 * ESTIMATE)
    assert f"budget: {expected} quantum seconds, a multiple of the estimate" in answer.out
    assert fact(tmp_path / "run", "budget_s") == expected
    assert all(caps(unkind))
    answer = qnnq(*files.submit("ibm_jakarta", tmp_path / "free", "--budget", "none"))
    assert answer.code == 0
    assert "budget: none" in answer.out
    assert caps(unkind)[-1] is None


def test_one_budget_over_a_calibration_and_its_check(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the calibration may still be billed is not there for the check."""
    unkind.usage_lag = 40
    run = tmp_path / "calibration"
    calibrate = (
        *("calibrate", files.network, "--device", "ibm_jakarta", "--shots", 8, "--yes"),
        *("--run", run, "--out", tmp_path / "response.json", "--data", files.data),
        *("--limits", files.limits, "--check", "0:5", "--json", "-"),
    )
    with monkeypatch.context() as patch:
        patch.setattr(RemoteService, "view", interrupt)
        assert qnnq(*calibrate).code == 130
    assert caps(unkind) == [4 * 2 + 1]
    answer = qnnq(*calibrate, "--budget", "16")
    assert answer.code == 0, answer.err
    assert fact(run, "budget_s") == 16
    check = Path(answer.json()["run"])
    (calibration, *_) = [job["seconds"] for job in unkind.store.jobs()][::-1]
    assert fact(check, "budget_s") == pytest.approx(16 - calibration)
    assert bill(unkind) <= 16
    answer = qnnq(*calibrate, "--budget", "40")
    assert answer.code == 0, answer.err
    assert fact(check, "budget_s") == pytest.approx(40 - calibration)


def test_a_session_that_was_left_open_is_closed(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(RemoteSessions, "close", lambda sessions: None)
        more = ("--wait", "--execution-mode", "session")
        assert qnnq(*files.submit("ibm_jakarta", run, *more)).code == 0
    (session,) = unkind.store.execute("SELECT * FROM sessions")
    assert session["state"] == "open"
    assert qnnq("resume", run).code == 0
    (session,) = unkind.store.execute("SELECT * FROM sessions")
    assert session["state"] == "closed"


@pytest.mark.parametrize(
    "lag", [30, *(pytest.param(lag, marks=pytest.mark.slow) for lag in (0, 200))]
)
def test_two_copies_that_are_resumed_at_once_keep_the_same_jobs(
    unkind: Server,
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    monkeypatch: pytest.MonkeyPatch,
    lag: float,
) -> None:
    run, copy = tmp_path / "run", tmp_path / "copy"
    with monkeypatch.context() as patch:
        patch.setattr(RemoteService, "submit", interrupt)
        assert qnnq(*files.submit("ibm_jakarta", run, "--execution-mode", "job")).code == 130
    shutil.copytree(run, copy)
    unkind.queue_delay, unkind.listing_lag = 600, lag
    for _ in range(8):
        for folder in (run, copy):
            answer = qnnq("resume", folder)
            assert answer.code == 0, answer.err
            unkind.clock.sleep(10)  # type: ignore[attr-defined]
        unkind.clock.sleep(300)  # type: ignore[attr-defined]
    for folder in (run, copy):
        assert qnnq("resume", folder, "--wait").code == 0
        assert_complete(folder, IMAGES, SHOTS)
    # Each may send a job before that of the other is listed; one of the two is cancelled.
    assert accepted(unkind) <= (3 if lag == 0 else 6)
    assert len(unkind.store.events("billed")) == 3
    found = [qnnq("collect", each, "--json", "-", "--counts").json() for each in (run, copy)]
    assert found[0]["counts"] == found[1]["counts"]
    assert found[0]["hardware"]["jobs"] == found[1]["hardware"]["jobs"]


@pytest.mark.parametrize(
    ("status", "lag"),
    [
        *((400, 50), (401, 0), (429, 50)),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in ((400, 0), (401, 50), (403, 0), (403, 50), (429, 0))
        ),
    ],
)
def test_a_job_that_was_taken_behind_a_refusal(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, status: int, lag: float
) -> None:
    unkind.listing_lag = lag
    unkind.faults.add(Fault("POST", "/jobs", "lose", status))
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert lag or answer.code == 0, answer.err
    unkind.clock.sleep(100)  # type: ignore[attr-defined]
    answer = qnnq("resume", run, "--wait")
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)
    # Who says for certain that it took nothing, and shows nothing, is sent another one.
    assert accepted(unkind) <= 3 + (lag > 0 and status in (401, 429))
    assert lag or accepted(unkind) == 3
    status_of = qnnq("status", run, "--json", "-").json()
    assert status_of["quantum_seconds"] == pytest.approx(bill(unkind))


Change = Callable[[Any], object]


def without(name: str) -> Change:
    return lambda answer: {key: value for key, value in answer.items() if key != name}


def replaced(value: object, *names: str) -> Change:
    """Return what puts a value into an answer, at the end of a path of names."""

    def change(answer: Any) -> object:
        if not names:
            return value
        return {**answer, names[0]: replaced(value, *names[1:])(answer[names[0]])}

    return change


ODD: list[tuple[str, str, Change]] = [
    ("POST", "/jobs", replaced(None, "id")),
    ("POST", "/jobs", without("backend")),
    ("POST", "/jobs", replaced([])),
    ("POST", "/sessions", replaced(None, "id")),
    ("GET", "/jobs", replaced([])),
    ("GET", "/jobs", replaced(None, "jobs")),
    ("GET", "/jobs/[^/]+", replaced(None, "state")),
    ("GET", "/jobs/[^/]+", without("state")),
    ("GET", "/jobs/[^/]+", replaced({}, "state")),
    ("GET", "/jobs/[^/]+/metrics", replaced(None, "usage")),
    ("GET", "/jobs/[^/]+/metrics", replaced(None, "timestamps")),
    ("GET", "/jobs/[^/]+/metrics", replaced([], "usage")),
    ("GET", "/jobs/[^/]+/metrics", replaced(-50, "usage", "qpu_charge_time_seconds")),
    ("GET", "/jobs/[^/]+/metrics", replaced(math.nan, "usage", "qpu_charge_time_seconds")),
    ("GET", "/jobs/[^/]+/results", replaced({})),
    ("GET", "/jobs/[^/]+/results", replaced(None, "data")),
    ("GET", "/sessions/[^/]+", replaced(None)),
    ("GET", "/instances/usage", replaced(["much"])),
    ("GET", "/backends", replaced(None, "devices")),
]


def test_odd_answers_are_no_answers(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """All of them befall one run; the bill that is believed is the bill."""
    run = tmp_path / "run"
    for method, path, change in ODD:
        unkind.faults.add(Fault(method, path, "odd", change=change))
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", "--budget", "60"))
    assert answer.code == 0, answer.err
    assert len(unkind.faults.struck) == len(ODD)
    assert accepted(unkind) == 3
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(unkind, run)
    status = qnnq("status", run, "--json", "-").json()
    assert status["quantum_seconds"] == pytest.approx(bill(unkind))


def test_a_disk_that_cannot_be_written_keeps_no_job_alive(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise QnnqError("ledger.sqlite: cannot be written, the disk may be full")

    run = tmp_path / "run"
    unkind.queue_delay = 1000
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    with monkeypatch.context() as patch:
        for name in ("set_fact", "ended", "add_surplus", "update_session"):
            patch.setattr(Ledger, name, full)
        answer = qnnq("cancel", run)
    assert answer.code == 1
    assert "1 job cancelled, but ledger.sqlite: cannot be written" in answer.err
    assert unkind.store.jobs()[0]["status"] == "Cancelled"


def test_a_disk_that_is_full_everywhere_keeps_no_job_alive(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """Not even a temporary file can be written, which packages want when they are imported."""

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    run = tmp_path / "run"
    unkind.queue_delay = 1000
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    for command, code, said in (
        ("status", 0, "queued"),
        ("cancel", 1, "1 job cancelled, but"),
    ):
        answer = subprocess.run(
            [sys.executable, "-B", "-m", "qnnq", command, str(run)],
            capture_output=True,
            text=True,
            preexec_fn=fill,
        )
        assert answer.returncode == code, answer.stderr
        assert said in answer.stdout + answer.stderr
    assert unkind.store.jobs()[0]["status"] == "Cancelled"


def test_status_of_a_folder_that_cannot_be_written(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    (run / "lock").unlink()
    (run / "lock").mkdir()  # what SQLite cannot open, whoever asks
    answer = qnnq("status", run)
    assert answer.code == 0, answer.err
    assert "lock: cannot be written" in answer.out.replace("\n", " ")
    assert qnnq("resume", run).code == 1


@pytest.mark.parametrize("timeout", ["nan", "-1"])
def test_a_time_that_is_none(tmp_path: Path, qnnq: Command, timeout: str) -> None:
    answer = qnnq("resume", tmp_path, "--timeout", timeout)
    assert answer.code == 2
    assert f"--timeout {timeout}: expected seconds >= 0" in answer.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE facts SET value = '\"much\"' WHERE name = 'budget_s'", "budget_s: expected"),
        ("UPDATE attempts SET state = 'sumbitted'", "state 'sumbitted': expected one of"),
    ],
)
def test_what_a_ledger_may_not_say(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, change: str, said: str
) -> None:
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    with sqlite3.connect(run / "ledger.sqlite") as database:
        database.execute(change)
    for command in (("resume", run, "--wait"), ("status", run)):
        answer = qnnq(*command)
        assert answer.code == 2, answer.err
        assert said in answer.err.splitlines()[-1]
    assert qnnq("runs").code == 0
    assert accepted(unkind) == 1


def test_one_folder_that_cannot_be_read_hides_no_other(
    files: Files, tmp_path: Path, qnnq: Command
) -> None:
    assert qnnq(*files.submit("fake_jakarta", tmp_path / "run")).code == 0
    with (tmp_path / "state" / "qnnq" / "runs").open("a") as known:
        known.write(f"{tmp_path}/{'x' * 300}\n")  # longer than a name may be
    found = qnnq("runs", "--json", "-")
    assert found.code == 0, found.err
    states = [run["state"] for run in found.json()["runs"]]
    assert "finished" in states
    assert any(state.startswith("cannot be read: ") for state in states)


def test_errors_move_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged file may hold any characters, and a message quotes them."""
    from qnnq.wording import one_line

    assert one_line("QPY \x1b[31m\x00 file") == r"QPY \x1b[31m\x00 file"

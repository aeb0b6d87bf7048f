"""What happens to runs every day: mistakes, outages, other devices, other people."""

import json
import resource
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from checks import assert_complete, assert_paid_once
from conftest import IMAGES, SHOTS, Command, Files, connect
from loopback import CRN, Machine, OwnClock, Server

from qnnq.vendors.ibm.service import RemoteService


@pytest.fixture
def aging(
    tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Server, Machine]]:
    """A service with a machine of its own, which is calibrated anew now and then."""
    from qiskit_ibm_runtime.fake_provider import FakeJakartaV2

    clock = OwnClock()
    monkeypatch.setattr("qnnq.devices.patience.time", clock)
    (tmp_path / "service").mkdir()
    machine = Machine("ibm_jakarta", FakeJakartaV2())
    server = Server(tmp_path / "service", [machine], queue_delay=5, clock=clock)
    connect(server, tmp_path / "home", monkeypatch)
    yield server, machine
    server.stop()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"instance": "crn:v1:bluemix:public:quantum-computing:us-east:a/b:other::"}, "IBM"),
        ({"channel": "ibm_quantum_paltform"}, "the saved account cannot be used"),
        (None, "the saved account cannot be used"),
    ],
    ids=["instance", "channel", "file"],
)
def test_a_mistake_in_the_account(
    unkind: Server,
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    changes: dict[str, str] | None,
    said: str,
) -> None:
    file = tmp_path / "home" / ".qiskit" / "qiskit-ibm.json"
    accounts = json.loads(file.read_text())
    for account in accounts.values():
        account.update(changes or {})
    file.write_text(json.dumps(accounts) if changes else '{"default')
    began = unkind.clock.time()
    answer = qnnq(*files.submit("ibm_jakarta", tmp_path / "run"))
    assert answer.code == 2, answer.err
    assert len(answer.err.splitlines()) == 1
    assert said in answer.err
    assert unkind.clock.time() - began < 10


def test_an_instance_of_ones_own(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """It is kept with the run, and shown; a wrong one is refused at once by every command."""
    run, wrong, began = tmp_path / "run", "crn:v1:bluemix:other::", unkind.clock.time()
    for command in (
        files.submit("ibm_jakarta", run),
        [
            "estimate",
            files.network,
            "--device",
            "ibm_jakarta",
            "--images",
            "all",
            "--data",
            files.data,
        ],
        ["calibrate", files.network, "--device", "ibm_jakarta", "--out", tmp_path / "file"],
        ["compile", files.network, "--device", "ibm_jakarta"],
        ["run", files.network, "--noise", "ibm_jakarta", "--data", files.data],
        ["noise", "ibm_jakarta"],
    ):
        answer = qnnq(*command, "--instance", wrong)
        assert answer.code == 2, answer.err
        assert len(answer.err.splitlines()) == 1
        assert wrong in answer.err
    assert unkind.clock.time() - began < 10
    assert not run.exists()
    answer = qnnq(*files.submit("ibm_jakarta", run), "--instance", "loopback")
    assert answer.code == 0, answer.err
    # Another instance becomes the account's own: the run stays where its jobs are.
    file = tmp_path / "home" / ".qiskit" / "qiskit-ibm.json"
    accounts = json.loads(file.read_text())
    for account in accounts.values():
        account["instance"] = wrong
    file.write_text(json.dumps(accounts))
    assert qnnq("resume", run, "--wait").code == 0
    assert_complete(run, IMAGES, SHOTS)
    assert f"instance: {CRN}" in qnnq("status", run).out


def test_a_machine_that_left_the_account(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    from qiskit_ibm_runtime.fake_provider import FakeJakartaV2

    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    unkind.machines = {"ibm_other": Machine("ibm_other", FakeJakartaV2())}
    unkind.queue_delay = 1000
    began = unkind.clock.time()
    answer = qnnq("resume", run)
    assert answer.code == 2
    assert "expected one of the account's machines: ibm_other" in answer.err
    assert unkind.clock.time() - began < 10


def test_waiting_for_a_time(unkind: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    unkind.queue_delay = 1000
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    began = unkind.clock.time()
    assert f"go on with qnnq resume {run} --wait" in qnnq("status", run).out
    assert qnnq("resume", run, "--timeout", "100").code == 3
    assert unkind.clock.time() - began == pytest.approx(100, abs=1)
    assert qnnq("resume", run, "--timeout", "5000").code == 0
    assert_paid_once(unkind, run)


def test_status_counts_a_bill_that_is_not_in_the_ledger_yet(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    assert qnnq("status", run, "--json", "-").json()["quantum_seconds"] == 0
    unkind.clock.sleep(60)
    found = qnnq("status", run, "--json", "-").json()
    assert found["jobs"][0]["state"] == "done"
    assert found["quantum_seconds"] == found["jobs"][0]["seconds"] > 2


def test_interrupted_while_it_waits(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(service: RemoteService, job_id: str) -> None:
        raise KeyboardInterrupt

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(RemoteService, "view", interrupt)
        answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert answer.code == 130
    assert f"qnnq cancel {run}" in answer.err
    assert qnnq("resume", run, "--wait").code == 0
    assert_paid_once(unkind, run)


def test_cancelled_while_another_process_waits(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qnnq.jobs.control import cancel_run

    run = tmp_path / "run"
    unkind.queue_delay = 1000
    began, cancelled = unkind.clock.time(), []

    def cancel() -> None:
        if unkind.clock.time() > began + 100 and not cancelled:
            cancelled.append(cancel_run(run, lambda line: None))

    unkind.clock.due.append(cancel)  # type: ignore[attr-defined]
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait"))
    assert answer.code == 1
    assert "cancelled meanwhile" in answer.err
    assert cancelled == [1]
    assert len(unkind.store.jobs()) == 1
    assert qnnq("runs", "--json", "-").json()["runs"][0]["state"] == "cancelled"
    unkind.queue_delay = 5
    assert qnnq("resume", run, "--wait").code == 0
    assert_paid_once(unkind, run)


def test_all_runs(files: Files, tmp_path: Path, qnnq: Command) -> None:
    for name in ("one", "two", "damaged", "gone"):
        assert qnnq(*files.submit("fake_jakarta", tmp_path / name, "--budget", "50")).code == 0
    (tmp_path / "damaged" / "ledger.sqlite").write_bytes(b"something else" * 100)
    (tmp_path / "gone" / "ledger.sqlite").unlink()
    found = qnnq("runs", "--json", "-").json()["runs"]
    states = {Path(run["folder"]).name: run["state"] for run in found}
    assert states["one"] == states["two"] == "finished"
    assert "not SQLite" in states["damaged"]
    assert "gone" not in states
    assert found[0]["device"] == "fake_jakarta"
    assert found[0]["budget_s"] == 50
    assert qnnq("runs").out.count("finished") == 2


def test_run_folders_are_private(files: Files, tmp_path: Path, qnnq: Command) -> None:
    assert qnnq(*files.submit("fake_jakarta", tmp_path / "run")).code == 0
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_what_to_expect_before_it_is_paid(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """The default loses half a point of accuracy at most; the queue and the plan are shown."""
    unkind.usage_limit = 600
    shared = ("--images", "0:60", "--shots", 10, "--json", "-")
    answer = qnnq("estimate", "mnist16-a0.5", "--device", "fake_torino", *shared)
    choices = answer.json()["copies"]
    assert [each["copies"] for each in choices] == [1, 2, 4, 8]
    costs = [each["quantum_seconds"] for each in choices]
    assert costs == sorted(costs, reverse=True)
    (used,) = [each for each in choices if each["chosen"]]
    assert choices[0]["accuracy"] - used["accuracy"] <= 0.005
    assert choices[0]["accuracy"] - choices[-1]["accuracy"] > 0.05  # as many as fit: much worse
    # The same number from `qnnq run`, which has other random numbers: 5 standard errors of
    # 100,000 shots each, and copies share images in another way.
    run = ("run", "mnist16-a0.5", "--noise", "fake_torino", "--images", "0:1000", "--seed", 5)
    for each in (choices[0], choices[-1]):
        found = qnnq(*run, "--copies", each["copies"], "--shots", 100, "--json", "-").json()
        value = found["accuracy"]["single_shot"]["value"]
        assert abs(value - each["accuracy"]) < 5 * (2 * 0.25 / 100_000) ** 0.5
    said = qnnq(*files.submit("ibm_jakarta", tmp_path / "run")).out
    assert "0 jobs wait for ibm_jakarta; seconds left in the plan: 600" in said


def test_a_full_disk(files: Files, tmp_path: Path, qnnq: Command) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        answer = qnnq(*files.submit("fake_jakarta", tmp_path / "run"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert answer.code == 1
    assert "cannot be written, the disk may be full" in answer.err
    assert qnnq(*files.submit("fake_jakarta", tmp_path / "run")).code == 0


@pytest.mark.parametrize("name", ["task", "request", "run_tag"])
def test_a_damaged_fact(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, name: str
) -> None:
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    with sqlite3.connect(run / "ledger.sqlite") as database:
        database.execute("UPDATE facts SET value = '{' WHERE name = ?", (name,))
    answer = qnnq("resume", run)
    assert answer.code == 2
    assert "the ledger is damaged" in answer.err


def test_a_device_that_was_calibrated_anew(
    aging: tuple[Server, Machine], files: Files, tmp_path: Path, qnnq: Command
) -> None:
    server, machine = aging
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    machine.calibrate("2026-12-01T00:00:00+00:00")
    answer = qnnq("resume", run)
    assert answer.code == 0
    assert "calibrated anew at 2026-12-01" in answer.err
    site = qnnq("collect", run)
    assert site.code == 1
    from qnnq.jobs.ledger import Ledger

    ledger = Ledger(run)
    qubit = ledger.layers()[0].sites[0].neurons[0]
    ledger.close()
    machine.calibrate("2026-12-02T00:00:00+00:00", unreadable=qubit)
    answer = qnnq("resume", run, "--wait")
    assert answer.code == 1
    assert f"{qubit} is faulty" in answer.err
    assert "--despite-faults" in answer.err
    assert len(server.store.jobs()) == 1
    assert qnnq("resume", run, "--wait", "--despite-faults").code == 0
    assert_complete(run, IMAGES, SHOTS)
    found = qnnq("collect", run, "--json", "-").json()
    hardware, prediction = found["hardware"], found["prediction"]
    assert hardware["calibrations"][1] == "2026-12-02T00:00:00+00:00"
    assert prediction["simulated"]["calibration"] == "2026-12-02T00:00:00+00:00"
    assert prediction["predicted"]["calibration"] == hardware["calibrations"][0]
    assert prediction["simulated"]["single_shot"] != prediction["predicted"]["single_shot"]
    assert all(hardware["started"])


def test_a_calibration_that_was_cut_off_goes_on(
    aging: tuple[Server, Machine],
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, machine = aging
    monkeypatch.chdir(tmp_path)
    calibrate = ("calibrate", files.network, "--device", "ibm_jakarta", "--shots", 10, "--yes")

    def interrupt(service: RemoteService, job_id: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RemoteService, "view", interrupt)
        assert qnnq(*calibrate, "--out", "response.json").code == 130
    machine.calibrate("2026-12-01T00:00:00+00:00")
    for _ in range(2):  # once to go on, once when it is finished, which is the earlier state
        answer = qnnq(*calibrate, "--out", "response.json")
        assert answer.code == 0, answer.err
    assert len(server.store.jobs()) == 2
    assert qnnq(*calibrate, "--out", "response.json").code == 0
    assert len(server.store.jobs()) == 2

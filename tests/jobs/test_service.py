"""The command line against the loopback service, without faults."""

from pathlib import Path

import numpy as np
import pytest
from checks import assert_complete, assert_paid_once
from conftest import IMAGES, SHOTS, Command, Files, connect
from loopback import Machine, Server

from qnnq.report.sources import read_sources


def test_submit_wait_status_collect(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", "--tag", "mine"))
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)
    assert all("mine" in tags for _, tags in connected.store.events("accepted"))

    status = qnnq("status", "latest", "--json", "-").json()
    assert [job["state"] for job in status["jobs"]] == ["done"] * 3
    assert status["quantum_seconds"] == pytest.approx(
        sum(job["seconds"] for job in connected.store.jobs())
    )
    collected = qnnq("collect", run, "--json", "-", "--counts").json()
    assert collected["schema"] == "qnnq.run/1"
    assert collected["task"]["engine"] == "runtime"
    assert collected["calibration"]["device"] == "ibm_jakarta"
    assert np.array(collected["counts"]).sum() == IMAGES * SHOTS
    assert collected["hardware"]["quantum_seconds"] == pytest.approx(status["quantum_seconds"])
    # Two copies of three neurons on seven qubits; the last group of images is half full.
    assert collected["hardware"]["executions"] == 3 * -(-IMAGES // 2) * SHOTS
    assert collected["hardware"]["estimated_executions"] == collected["hardware"]["executions"]


def test_layer_by_layer_in_separate_calls(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    connected.queue_delay = 60
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    queued = qnnq("status", run, "--json", "-").json()
    assert [job["state"] for job in queued["jobs"]] == ["queued"]
    assert queued["jobs"][0]["position"] == 1
    early = qnnq("collect", run)
    assert early.code == 1
    assert "layer 1 of 3 is not finished" in early.err
    assert qnnq("resume", run).code == 0
    assert len(connected.store.jobs()) == 1  # still queued, and not submitted again
    connected.queue_delay = 0
    assert qnnq("resume", run, "--wait").code == 0
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)
    before = len(connected.store.jobs())
    assert qnnq("resume", "latest", "--wait").code == 0
    assert len(connected.store.jobs()) == before


def test_cancel_and_go_on(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    connected.queue_delay = 30
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run)).code == 0
    assert "1 job cancelled" in qnnq("cancel", "latest").out
    assert connected.store.jobs()[0]["status"] == "Cancelled"
    assert qnnq("cancel", "latest").out.strip().endswith("0 jobs cancelled")
    connected.queue_delay = 0.05
    assert qnnq("resume", run, "--wait").code == 0
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run)


@pytest.mark.parametrize(
    ("plan", "mode", "opened"),
    [
        ("open", "batch", "batch"),
        ("open", "session", "batch"),
        ("premium", "session", "dedicated"),
        ("premium", "job", None),
    ],
)
def test_modes(
    connected: Server,
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    plan: str,
    mode: str,
    opened: str | None,
) -> None:
    connected.plan = plan
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", "--execution-mode", mode))
    assert answer.code == 0, answer.err
    assert ("no sessions" in answer.err) == (plan == "open" and mode == "session")
    sessions = connected.store.execute("SELECT * FROM sessions")
    assert [row["mode"] for row in sessions] == ([opened] if opened else [])
    assert all(row["state"] == "closed" for row in sessions)
    assert len({job["session"] for job in connected.store.jobs()}) == 1
    assert_paid_once(connected, run)


@pytest.mark.parametrize(("mode", "seconds"), [("session", 19), ("batch", None)])
def test_a_session_ends_within_the_budget(
    connected: Server,
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    mode: str,
    seconds: int | None,
) -> None:
    """It bills wall-clock time; a batch bills what its jobs use."""
    connected.plan = "premium"
    more = ("--execution-mode", mode, "--budget", "19.5")
    assert qnnq(*files.submit("ibm_jakarta", tmp_path / "run", *more)).code == 0
    assert [row["max_ttl"] for row in connected.store.execute("SELECT * FROM sessions")] == [
        seconds
    ]


def test_options_reach_the_service(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    import json

    more = ("--rep-delay", "100", "--max-execution-time", "5", "--measurement-twirling")
    assert qnnq(*files.submit("ibm_jakarta", tmp_path / "run", "--wait", *more)).code == 0
    for job in connected.store.jobs():
        options = json.loads(job["options"])
        assert options["cost"] == 5
        assert options["options"]["rep_delay"] == pytest.approx(100e-6)
        assert '"item_type": "samplex"' in job["params"]  # what twirling is sent as
    assert_complete(tmp_path / "run", IMAGES, SHOTS)
    estimate = qnnq("status", "latest", "--json", "-").json()["estimated_quantum_seconds"]
    # 3 layers: 2 s each, and 12 executions of a little over 100 us
    assert estimate == pytest.approx(6 + 36 * 105e-6, abs=36 * 5e-6)
    (command,) = read_sources([str(tmp_path / "run")]).submissions
    assert command.endswith("--measurement-twirling --rep-delay 100")


def test_dynamical_decoupling(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """It pads the circuits with delays and X gates before they are sent."""
    from loopback.machine import received

    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run, "--dynamical-decoupling", "XX")).code == 0
    (circuit,) = received(connected.store.jobs()[0]["params"])
    assert circuit.count_ops()["delay"] > 0
    assert qnnq("resume", run, "--wait").code == 0
    (command,) = read_sources([str(run)]).submissions
    assert command.endswith("--dynamical-decoupling XX")


def test_weak_measurement_uses_fractional_gates(
    tmp_path: Path, files: Files, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client hides them unless it is asked; one RZZ then does what takes two CX."""
    from dataclasses import replace

    from loopback.machine import received
    from qiskit_ibm_runtime.fake_provider import FakeFractionalBackend

    from qnnq.networks.file import read_network, write_network

    write_network(replace(read_network(files.network), entanglement=1.0), files.network)
    folder = tmp_path / "service"
    folder.mkdir()
    server = Server(folder, [Machine("ibm_fractional", FakeFractionalBackend())])
    connect(server, tmp_path / "home", monkeypatch)
    run = tmp_path / "run"
    answer = qnnq(*files.submit("ibm_fractional", run, "--wait"))
    assert answer.code == 0, answer.err
    (circuit,) = received(server.store.jobs()[0]["params"])
    # two neurons of three fit on five qubits, so a layer takes two executions a shot
    assert circuit.count_ops()["rzz"] == 2
    assert "cx" not in circuit.count_ops()
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(server, run)
    server.stop()


def test_least_busy(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    assert qnnq(*files.submit("least_busy", tmp_path / "run", "--wait")).code == 0
    assert qnnq("status", "latest", "--json", "-").json()["device"] == "ibm_jakarta"


def test_the_budget_is_kept(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    answer = qnnq(*files.submit("ibm_jakarta", tmp_path / "run", "--budget", "1"))
    assert answer.code == 2
    assert answer.err.startswith("qnnq: --budget 1: the estimate is 6.0 quantum seconds")
    assert not connected.store.jobs()
    assert not (tmp_path / "run").exists()


def test_nobody_to_ask(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    arguments = [a for a in files.submit("ibm_jakarta", tmp_path / "run") if a != "--yes"]
    answer = qnnq(*arguments)
    assert answer.code == 2
    assert "--yes" in answer.err
    assert not connected.store.jobs()

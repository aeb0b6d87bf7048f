"""Bad input and broken folders: one line, the right exit code, nothing submitted."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from conftest import Answer, Command, Files
from loopback import Server


def refused(answer: Answer, code: int, *parts: str) -> None:
    assert answer.code == code, answer.err
    assert len(answer.err.splitlines()) == 1
    for part in parts:
        assert part in answer.err


def test_no_account(
    files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiskit_ibm_runtime.accounts import management

    monkeypatch.setattr(management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(tmp_path / "none"))
    refused(qnnq(*files.submit("ibm_jakarta", tmp_path / "run")), 2, "no account", "save_account")


def test_wrong_key(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    file = tmp_path / "home" / ".qiskit" / "qiskit-ibm.json"
    accounts = json.loads(file.read_text())
    for account in accounts.values():
        account["token"] = "another"
    file.write_text(json.dumps(accounts))
    refused(qnnq(*files.submit("ibm_jakarta", tmp_path / "run")), 2, "API key is refused")


def test_unknown_device(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    answer = qnnq(*files.submit("ibm_jakata", tmp_path / "run"))
    refused(answer, 2, "'ibm_jakata'", "nearest: ibm_jakarta")
    refused(qnnq(*files.submit("fake_jakata", tmp_path / "run")), 2, "nearest: fake_jakarta")
    refused(qnnq(*files.submit("jakarta", tmp_path / "run")), 2, "'jakarta'", "ibm_...")


def test_offline_device(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    connected.machines["ibm_jakarta"].online = False
    answer = qnnq(*files.submit("ibm_jakarta", tmp_path / "run"))
    refused(answer, 2, "ibm_jakarta: offline (maintenance)")
    answer = qnnq(*files.submit("least_busy", tmp_path / "run"))
    refused(answer, 2, "least_busy", "3 qubits")


def test_wrong_options(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> None:
    submit = files.submit("ibm_jakarta", tmp_path / "run")
    refused(qnnq(*submit, "--execution-mode", "batsch"), 2, "'batsch'", "batch, session, job")
    refused(qnnq(*submit, "--dynamical-decoupling", "XZ"), 2, "XX, XpXm, XY4")
    refused(qnnq(*submit, "--rep-delay", "900"), 2, "--rep-delay 900", "0 to 500 us")
    refused(qnnq(*submit, "--copies", "3"), 2, "3 copies of 3 neurons", "7")
    files.limits.write_text("execution_per_job = 3")
    refused(qnnq(*submit), 2, "limits.toml", "nearest: executions_per_job")
    files.limits.write_text("payload_bytes = 3")
    refused(qnnq(*submit), 2, "payload_bytes = 3", "room for one parameter set")
    assert not connected.store.jobs()


@pytest.mark.parametrize("budget", ["nan", "inf", "0", "-1"])
def test_a_budget_that_is_none(files: Files, tmp_path: Path, qnnq: Command, budget: str) -> None:
    submit = files.submit("fake_jakarta", tmp_path / "run", "--budget", budget)
    refused(qnnq(*submit), 2, f"--budget {budget}: expected quantum seconds > 0")
    assert not (tmp_path / "run").exists()


def test_numbers_out_of_range(files: Files, tmp_path: Path, qnnq: Command) -> None:
    refused(qnnq(*files.submit("fake_jakarta", tmp_path / "run", "--copies", "0")), 2, "--copies 0")
    calibrate = ("calibrate", files.network, "--device", "fake_jakarta", "--run", tmp_path / "run")
    for option, value in (("shots", 0), ("seed", -1), ("copies", 0), ("pairs", -1)):
        answer = qnnq(*calibrate, "--out", tmp_path / "file", f"--{option}", value)
        refused(answer, 2, f"--{option} {value}: expected a whole number")
    assert not (tmp_path / "run").exists()


def test_a_closed_stdin(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    arguments = [a for a in files.submit("ibm_jakarta", tmp_path / "run") if a != "--yes"]
    refused(qnnq(*arguments), 2, "--yes")


def test_wider_than_the_chip(files: Files, tmp_path: Path, qnnq: Command) -> None:
    """A wide layer of a method-1 network is run in parts, and each neuron once."""
    answer = qnnq(
        "estimate", "mnist16-a0", "--device", "fake_jakarta", "--images", "0:2", "--json", "-"
    )
    assert answer.code == 0, answer.err
    layers = answer.json()["layers"]
    # 16 neurons on 7 qubits: three executions a shot
    assert [layer["executions"] for layer in layers] == [2 * 10 * 3] * 3


@pytest.fixture
def run(connected: Server, files: Files, tmp_path: Path, qnnq: Command) -> Path:
    folder = tmp_path / "run"
    connected.queue_delay = 60
    assert qnnq(*files.submit("ibm_jakarta", folder)).code == 0
    return folder


COMMANDS = ("resume", "status", "collect", "cancel")


def test_no_run(tmp_path: Path, qnnq: Command) -> None:
    for command in COMMANDS:
        refused(qnnq(command, "latest"), 2, "no run was submitted yet")
        refused(qnnq(command, tmp_path / "nothing"), 2, "nothing: no such run folder")


def test_a_folder_in_use(run: Path, files: Files, qnnq: Command) -> None:
    answer = qnnq(*files.submit("ibm_jakarta", run))
    refused(answer, 2, "holds a run already", "qnnq resume")
    assert not answer.out  # not even the estimate


@pytest.mark.parametrize("file", ["ledger.sqlite", "network.safetensors"])
def test_half_deleted(run: Path, qnnq: Command, file: str) -> None:
    (run / file).unlink()
    for command in COMMANDS:
        refused(qnnq(command, run), 2, f"found no {file} in it")


def test_another_network_in_the_folder(run: Path, files: Files, qnnq: Command) -> None:
    from qnnq.networks.bundled import BUNDLED_FOLDER

    shutil.copy(BUNDLED_FOLDER / "mnist16-a0.safetensors", run / "network.safetensors")
    refused(qnnq("resume", run), 2, "not the network that this run was made with")


def test_another_version(run: Path, qnnq: Command) -> None:
    with sqlite3.connect(run / "ledger.sqlite") as database:
        database.execute("PRAGMA user_version = 9")
    for command in COMMANDS:
        refused(qnnq(command, run), 2, "ledger format 9", "expected 6: collect or cancel")


def test_no_ledger(run: Path, qnnq: Command) -> None:
    (run / "ledger.sqlite").write_bytes(b"something else entirely, of some length" * 30)
    for command in COMMANDS:
        refused(qnnq(command, run), 2, "ledger.sqlite", "not SQLite")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM arrays",
        "DELETE FROM layers",
        "UPDATE layers SET circuit = x'00'",
        "UPDATE jobs SET bits = x'00'",
    ],
)
def test_a_damaged_ledger(files: Files, tmp_path: Path, qnnq: Command, change: str) -> None:
    run = tmp_path / "run"
    assert qnnq(*files.submit("fake_jakarta", run)).code == 0
    with sqlite3.connect(run / "ledger.sqlite") as database:
        database.execute(change)
    refused(qnnq("collect", run), 2, "ledger.sqlite: the ledger is damaged")


def test_a_lock_that_is_none(run: Path, qnnq: Command) -> None:
    (run / "lock").write_bytes(b"something else entirely, of some length" * 30)
    refused(qnnq("resume", run), 2, "lock: file is not a database")


def test_two_processes_make_one_run(
    connected: Server, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    other = sqlite3.connect(run / "lock", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    refused(qnnq(*files.submit("ibm_jakarta", run)), 1, "another process is working in this run")
    other.close()
    assert not (run / "ledger.sqlite").exists()
    assert not connected.store.jobs()


def test_locked_by_another_process(
    run: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(run / "lock", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    refused(qnnq("resume", run), 1, "another process is working in this run")
    assert qnnq("status", run).code == 0  # who only looks is let in
    assert qnnq("cancel", run).code == 0  # and who wants to spend no more
    other.close()

    monkeypatch.setattr("qnnq.jobs.ledger_file._BUSY_TIMEOUT_S", 0.1)
    holder = sqlite3.connect(run / "ledger.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    refused(qnnq("resume", run), 1, "ledger.sqlite: locked by another process")
    holder.close()

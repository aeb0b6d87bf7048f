"""Runs of earlier versions: what was paid for can be looked at, collected and gone on with."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from conftest import Command

OLD = Path(__file__).parent / "old_run"
"""A finished run of a 9-3-3-3 network on fake_jakarta, made by the version with format 1."""
COUNTS = [[3, 0, 1], [4, 0, 0], [4, 0, 0], [4, 0, 0], [3, 0, 1]]
FIRST_FORMAT, FORMAT = 1, 5


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLD, tmp_path / "run"))


def formats(run: Path) -> int:
    with sqlite3.connect(run / "ledger.sqlite") as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_it_is_collected(old: Path, qnnq: Command) -> None:
    """What that version printed."""
    assert formats(old) == FIRST_FORMAT
    for _ in range(2):
        answer = qnnq("collect", old, "--json", "-", "--counts")
        assert answer.code == 0, answer.err
        assert answer.json()["counts"] == COUNTS
        assert answer.json()["hardware"]["executions"] == 24
        assert formats(old) == FORMAT


def test_status_and_resume(old: Path, qnnq: Command) -> None:
    status = qnnq("status", old, "--json", "-")
    assert status.code == 0, status.err
    assert [job["state"] for job in status.json()["jobs"]] == ["done", "done"]
    assert qnnq("resume", old, "--budget", "9").code == 0
    assert qnnq("cancel", old).code == 0


def test_it_goes_on(old: Path, qnnq: Command) -> None:
    """Its last layer was not measured yet."""
    with sqlite3.connect(old / "ledger.sqlite") as database:
        database.execute("DELETE FROM attempts WHERE job IN (SELECT job FROM jobs WHERE layer = 1)")
        database.execute("DELETE FROM jobs WHERE layer = 1")
        database.execute("UPDATE facts SET value = 'null' WHERE name = 'finished'")
    answer = qnnq("resume", old)
    assert answer.code == 0, answer.err
    found = qnnq("collect", old, "--json", "-", "--counts").json()
    assert [sum(row) for row in found["counts"]] == [4] * 5
    assert not found["partial"]


def test_a_session_is_taken_over(old: Path, qnnq: Command) -> None:
    from qnnq.jobs.ledger import Ledger

    with sqlite3.connect(old / "ledger.sqlite") as database:
        database.execute("UPDATE facts SET value = '\"its-id\"' WHERE name = 'session'")
    ledger = Ledger(old)
    (session,) = ledger.sessions()
    ledger.close()
    assert session.id == "its-id"
    assert not session.ended


@pytest.mark.parametrize("change", ["DROP TABLE surplus", "DELETE FROM facts"])
def test_a_damaged_one(old: Path, qnnq: Command, change: str) -> None:
    with sqlite3.connect(old / "ledger.sqlite") as database:
        database.execute(change)
    answer = qnnq("collect", old)
    assert answer.code in (1, 2)
    assert answer.err.splitlines()[-1].startswith(f"qnnq: {old / 'ledger.sqlite'}: ")
    assert formats(old) == FIRST_FORMAT

"""The results file: what is kept, and what is no results file."""

import json
import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from qnnq.errors import InputError, QnnqError
from qnnq.results.encoding import Row, encode
from qnnq.results.file import Store
from qnnq.results.result import RunResult
from qnnq.results.rows import checksum
from qnnq.results.schema import FORMAT
from qnnq.results.task import Task


def a_result(number=0):
    rng = np.random.default_rng(number)
    return RunResult(
        task_id=f"{number:064x}",
        task=Task(network="n", engine="ideal", shots=300, seed=0, noise="ideal"),
        images=np.array([3, 1, 9_999]),
        labels=np.array([0, 1, 2]),
        counts=rng.multinomial(300, [0.2, 0.3, 0.5], size=3),
        softmax_sums=rng.random((3, 3)),
        seconds=0.25,
        versions={"qnnq": "0"},
        calibration=None,
        out_of_reach=0.125,
    )


def same(a, b):
    arrays = ("images", "labels", "counts")
    plain = ("task_id", "task", "seconds", "versions", "calibration", "out_of_reach")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays) and all(
        getattr(a, name) == getattr(b, name) for name in plain
    )


def test_a_result_comes_back(tmp_path):
    with Store(tmp_path / "r.sqlite", create=True) as store:
        assert not store.finished([a_result().task_id])
        store.add(a_result())
        assert store.finished([a_result().task_id])
    with Store(tmp_path / "r.sqlite") as store:
        found = store.result(a_result().task_id)
        assert same(found, a_result())
        np.testing.assert_allclose(found.softmax_sums, a_result().softmax_sums, rtol=1e-6)
        assert store.result("00") is None


def test_adding_twice_changes_nothing(tmp_path):
    with Store(tmp_path / "r.sqlite", create=True) as store:
        store.add(a_result())
        store.add(replace(a_result(), seconds=99.0))
        assert store.result(a_result().task_id).seconds == 0.25


def test_claims(tmp_path):
    with (
        Store(tmp_path / "r.sqlite", create=True) as one,
        Store(tmp_path / "r.sqlite", create=True) as two,
    ):
        task_id = a_result().task_id
        assert one.claim([task_id])
        assert one.claim([task_id])
        assert not two.claim([task_id])
        one.close()
        assert two.claim([task_id])


def test_a_torn_write_loses_only_the_last_task(tmp_path):
    """Copy the file while it is open, its log cut in the middle of the last commit."""
    with Store(tmp_path / "r.sqlite", create=True) as store:
        store.add(a_result(1))
        log = (tmp_path / "r.sqlite-wal").stat().st_size
        store.add(a_result(2))
        end = (tmp_path / "r.sqlite-wal").stat().st_size
        assert end > log
        for cut in (log + 1, (log + end) // 2, end - 1):
            shutil.copy(tmp_path / "r.sqlite", tmp_path / "torn.sqlite")
            content = (tmp_path / "r.sqlite-wal").read_bytes()
            (tmp_path / "torn.sqlite-wal").write_bytes(content[:cut])
            with Store(tmp_path / "torn.sqlite", create=True) as torn:
                assert torn.finished([a_result(1).task_id])
                assert not torn.finished([a_result(2).task_id])
                torn.add(a_result(2))
                assert same(torn.result(a_result(2).task_id), a_result(2))
            for leftover in tmp_path.glob("torn*"):
                leftover.unlink()


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match="no such results file"):
        Store(tmp_path / "r.sqlite")
    with pytest.raises(InputError, match="cannot be opened or created"):
        Store(tmp_path / "nowhere" / "r.sqlite", create=True)


def test_a_file_that_is_too_short_for_a_database_stays_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("\n")
    with pytest.raises(InputError, match="notes.txt: expected a qnnq results file, found another"):
        Store(path, create=True)
    assert path.read_text() == "\n"


@pytest.mark.parametrize("create", [True, False])
def test_no_database(tmp_path, create):
    path = tmp_path / "notes.txt"
    path.write_text("no database at all" * 100)
    with pytest.raises(InputError, match=r"notes\.txt: expected a qnnq results file"):
        Store(path, create=create)
    assert path.read_text() == "no database at all" * 100


@pytest.mark.parametrize("create", [True, False])
def test_another_database(tmp_path, create):
    with sqlite3.connect(tmp_path / "r.sqlite") as database:
        database.execute("CREATE TABLE t (x)")
    with pytest.raises(InputError, match="found another database"):
        Store(tmp_path / "r.sqlite", create=create)


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (FORMAT + 1, f"results format {FORMAT + 1} is newer than this qnnq reads"),
        (
            FORMAT - 1,
            f"results format {FORMAT - 1} is that of an older qnnq",
        ),
    ],
)
def test_another_format(tmp_path, version, says):
    Store(tmp_path / "r.sqlite", create=True).close()
    with sqlite3.connect(tmp_path / "r.sqlite") as database:
        database.execute(f"PRAGMA user_version = {version}")
    before = (tmp_path / "r.sqlite").read_bytes()
    for create in (True, False):
        with pytest.raises(InputError, match=says):
            Store(tmp_path / "r.sqlite", create=create)
    assert (tmp_path / "r.sqlite").read_bytes() == before


def test_damaged_row(tmp_path):
    with Store(tmp_path / "r.sqlite", create=True) as store:
        store.add(a_result())
    with sqlite3.connect(tmp_path / "r.sqlite") as database:
        database.execute("UPDATE results SET arrays = substr(arrays, 1, 20)")
    with Store(tmp_path / "r.sqlite") as store, pytest.raises(QnnqError, match="damaged"):
        store.result(a_result().task_id)


def test_a_result_of_an_earlier_version_says_what_it_is(tmp_path):
    """It has nulls where nothing applied, no digest of circuits, and an id of its own."""
    task = {
        "network": "n",
        "data": "d",
        "images": "0:3",
        "shots": 300,
        "seed": 0,
        "engine": "aer",
        "mode": "stepwise",
        "sampling": 1,
        "compensate": False,
        "noise": "fake_lagos",
        "strength": 1.0,
        "device": "fake_lagos",
        "calibration": None,
        "qubits": ["0,1", "2,3"],
        "copies": 1,
        "pairs": 0,
        "pair_gate": None,
    }
    content = json.dumps({k: v for k, v in task.items() if k not in ("images", "shots", "seed")})
    row = encode(a_result())
    values = (row.values[0], checksum(content), task["images"], *row.values[3:-1])
    with Store(tmp_path / "r.sqlite", create=True) as store:
        row = Row((*values, checksum(*values)), content, row.provenance)
        store.add_rows({a_result().task_id: row})
        found = store.result(a_result().task_id)
    assert found.task_id == a_result().task_id
    assert found.task.qubits == ("0,1", "2,3")
    assert found.task.circuits is None
    assert found.to_json()["task"] == {k: v for k, v in task.items() if v is not None}


def test_a_task_of_a_newer_version_is_not_misread(tmp_path):
    with pytest.raises(InputError, match="'colour' is of a newer qnnq"):
        Task.from_json({"network": "n", "engine": "aer", "shots": 1, "seed": 0, "colour": "red"})
    with pytest.raises(InputError, match="task: .*missing.*'seed'"):
        Task.from_json({"network": "n", "engine": "aer", "shots": 1})

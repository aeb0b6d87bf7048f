"""The reader shows all that is there, and says what is missing."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from qnnq.cli.main import main
from qnnq.errors import InputError, QnnqError
from qnnq.results.file import Place, Store
from qnnq.results.points import read_notes, read_points
from qnnq.results.robustness import pair
from qnnq.results.rows import checksum
from tests.results.files import a_result, add_point, changed, labels, write_results

NOBODY = 65534


def rows(capsys, path, *more):
    capsys.readouterr()
    assert main(["results", str(path), "--json", "-", *more]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def killed_writer(path):
    """Write a results file in a process that ends without closing it."""
    script = (
        "import os, sys; from tests.results.files import *; s = Store(sys.argv[1], create=True); "
        "add_point(s, 'half', 1.0, [range(10), range(10, 20)]); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="becomes another user")
def test_a_folder_that_may_not_be_written_to():
    """The log of a killed sweep is read all the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.sqlite"
        killed_writer(path)
        (Path(folder) / "r.sqlite-shm").unlink()
        for file in Path(folder).iterdir():
            file.chmod(0o444)
        os.chmod(folder, 0o555)
        source, sink = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setuid(NOBODY)
                found = [len(point.images) for point in read_points(path)]
                os.write(sink, json.dumps(found).encode())
            finally:  # whatever happens, the child runs no other tests
                os._exit(0)
        os.close(sink)
        os.waitpid(child, 0)
        assert json.loads(os.read(source, 1000)) == [20]
        os.close(source)
        os.chmod(folder, 0o755)


def test_a_copy_without_its_log_says_so(tmp_path):
    path = tmp_path / "r.sqlite"
    killed_writer(path)
    assert (tmp_path / "r.sqlite-wal").stat().st_size > 0
    (tmp_path / "copy").mkdir()
    shutil.copy(path, tmp_path / "copy" / "r.sqlite")
    with pytest.raises(InputError, match="no finished points yet"):
        read_points(tmp_path / "copy" / "r.sqlite")
    shutil.copy(path, tmp_path / "copy" / "again.sqlite")
    notes, _ = read_notes(tmp_path / "copy" / "again.sqlite")
    assert len(notes) == 1
    assert "its log again.sqlite-wal is not beside it" in notes[0]
    # Beside its log it is whole, and is so after it was read.
    for _ in range(2):
        assert read_notes(path) == ([], [])
        assert len(read_points(path)[0].images) == 20
    assert len(read_points(shutil.copy(path, tmp_path / "copy" / "read.sqlite"))[0].images) == 20


def test_a_closed_file_is_whole_without_a_log(tmp_path):
    write_results(tmp_path / "r.sqlite")
    shutil.copy(tmp_path / "r.sqlite", tmp_path / "copy.sqlite")
    assert read_notes(tmp_path / "copy.sqlite")[0] == []
    assert len(read_points(tmp_path / "copy.sqlite")) == 4


def test_a_row_of_another_type_is_named_though_its_checksum_is_right(tmp_path):
    path = tmp_path / "r.sqlite"
    write_results(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        for id_, *values, _ in database.execute("SELECT * FROM results").fetchall():
            values[4] = "soon"
            row = ("soon", checksum(id_, *values), id_)
            database.execute(
                "UPDATE results SET (seconds, checksum) = (?, ?) WHERE task_id = ?", row
            )
        database.commit()
    with pytest.raises(QnnqError, match="of results is damaged: could not convert string to float"):
        read_points(path)


def test_unfinished_points_are_marked_and_not_compared(tmp_path, capsys):
    path = tmp_path / "r.sqlite"
    write_results(path)
    with Store(path, create=True) as store:
        add_point(store, "third", 1.0, [range(10), range(10, 20)], finished=1)
    found = {(row["network"], row["strength"]): row for row in rows(capsys, path)}
    assert [key for key, row in found.items() if not row["complete"]] == [("third", 1.0)]
    assert found["third", 1.0]["image_count"] == 10
    assert main(["results", str(path), "--csv", "-"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    column = head.split(",").index("complete")
    assert [line.split(",")[column] for line in lines].count("False") == 1

    assert main(["results", str(path), "--report", "behaviour"]) == 2
    error = capsys.readouterr().err
    assert "1 of 5 points are not finished, the first: third (" in error
    assert "--unfinished" in error
    (compared,) = (
        row
        for row in rows(capsys, path, "--report", "behaviour", "--unfinished")
        if row["network"] == "third"
    )
    assert (compared["complete"], compared["image_count"]) == (False, 10)
    assert main(["plot", str(path), "--kind", "behaviour", "--out", str(tmp_path / "a.png")]) == 2
    assert "are not finished" in capsys.readouterr().err


def test_points_without_a_common_image_are_not_compared(tmp_path, capsys):
    """Two half-finished points used to give p = 1.0 for images that neither had in common."""
    path = tmp_path / "r.sqlite"
    with Store(path, create=True) as store:
        blocks = [range(10), range(10, 20)]
        add_point(store, "classical", 1.0, blocks, finished=1)
        store.link(
            labels("half", 1.0),
            a_result("half").task.to_json(),
            {Place(0, 0, 0): None, Place(0, 0, 1): a_result("half", 1.0, blocks[1]).task_id},
            2,
            fresh=True,
        )
        store.add(a_result("half", 1.0, blocks[1]))
    assert main(["results", str(path), "--report", "behaviour", "--unfinished"]) == 2
    assert "expected images in common, found none" in capsys.readouterr().err


def test_points_are_paired_by_image(tmp_path):
    path = tmp_path / "r.sqlite"
    with Store(path, create=True) as store:
        add_point(store, "classical", 1.0, [range(15)])
        add_point(store, "half", 1.0, [range(5, 20)])
    one, other = read_points(path)
    paired = pair(one, other)
    assert paired.images.tolist() == list(range(5, 15))
    assert paired.right[0].tolist() == one.right[5:].tolist()
    assert paired.right[1].tolist() == other.right[:10].tolist()
    with Store(path, create=True) as store:
        result = changed(a_result("half", 1.0), data="e" * 64)
        store.add(result)
        parts = {Place(0, 0, 0): result.task_id}
        store.link(labels("other", 1.0), result.task.to_json(), parts, 1, fresh=True)
    points = {point.labels["network"]: point for point in read_points(path)}
    with pytest.raises(InputError, match="expected points on the same data"):
        pair(points["classical"], points["other"])


def test_a_damaged_row_is_named_and_measured_again(tmp_path):
    path = tmp_path / "r.sqlite"
    write_results(path)
    victim = a_result("half", 1.0, range(10)).task_id
    with sqlite3.connect(path) as database:
        query = "UPDATE results SET seconds = 9 WHERE task_id = ?"
        database.execute(query, (bytes.fromhex(victim),))
    with pytest.raises(QnnqError, match=f"row '{victim[:60]}.*' of results is damaged"):
        read_points(path)
    with Store(path, create=True) as store:
        assert not store.finished([victim])
        store.add(a_result("half", 1.0, range(10)))
    assert len(read_points(path)) == 4
    with sqlite3.connect(path) as database:
        database.execute("UPDATE texts SET text = replace(text, 'half', 'haft')")
    with pytest.raises(QnnqError, match="of texts is damaged: its checksum"):
        read_points(path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE texts SET text = replace(text, 'haft', 'half')")
        database.execute("UPDATE points SET blocks = 3")
    with pytest.raises(QnnqError, match="of points is damaged"):
        read_points(path)

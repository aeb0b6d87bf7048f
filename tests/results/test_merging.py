"""Files of several machines become one, whatever of the same work is in them."""

import json
import sqlite3

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.errors import InputError, QnnqError
from qnnq.results.file import Store
from qnnq.results.merging import merge
from qnnq.results.points import read_notes, read_points
from tests.results.files import a_result, add_point, labels, write_results


def write_points(path, network, blocks, finished=None):
    with Store(path, create=True) as store:
        add_point(store, network, 1.0, blocks, finished)


def read(path):
    return {
        str(point.labels): (point.images.tolist(), point.counts.tolist(), point.complete)
        for point in read_points(path)
    }


def test_merged_files_read_as_one_that_has_it_all(tmp_path, capsys):
    blocks = [range(10), range(10, 20)]
    write_points(tmp_path / "a.sqlite", "classical", blocks)
    write_points(tmp_path / "b.sqlite", "half", blocks)
    for network in ("classical", "half"):
        write_points(tmp_path / "whole.sqlite", network, blocks)
    paths = [str(tmp_path / name) for name in ("a.sqlite", "b.sqlite", "b.sqlite")]
    out = tmp_path / "c.sqlite"
    assert main(["results", "merge", *paths, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 4 tasks of 3 files\n"
    assert main(["results", "merge", *paths, "--out", str(out), "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["tasks"], document["sources"]) == (4, paths)
    assert read(out) == read(tmp_path / "whole.sqlite")
    merge([tmp_path / "whole.sqlite"], out)
    assert read(out) == read(tmp_path / "whole.sqlite")


def test_halves_of_a_point_become_the_point(tmp_path):
    blocks = [range(10), range(10, 20)]
    write_points(tmp_path / "whole.sqlite", "half", blocks)
    for number in (0, 1):
        with Store(tmp_path / f"{number}.sqlite", create=True) as store:
            add_point(store, "half", 1.0, blocks, finished=0)
            store.add(a_result("half", 1.0, blocks[number]))
    merge([tmp_path / "0.sqlite", tmp_path / "1.sqlite"], tmp_path / "c.sqlite")
    assert read(tmp_path / "c.sqlite") == read(tmp_path / "whole.sqlite")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_divisions_the_one_of_which_more_is_done_stays(tmp_path, order):
    write_points(tmp_path / "0.sqlite", "half", [range(10), range(10, 20)], finished=1)
    write_points(tmp_path / "1.sqlite", "half", [range(5), range(5, 15), range(15, 20)])
    merge([tmp_path / f"{number}.sqlite" for number in order], tmp_path / "c.sqlite")
    assert read(tmp_path / "c.sqlite") == read(tmp_path / "1.sqlite")


def test_what_failed_in_one_file_and_is_done_in_another_is_done(tmp_path):
    blocks = [range(10), range(10, 20)]
    write_points(tmp_path / "a.sqlite", "half", blocks)
    with Store(tmp_path / "b.sqlite", create=True) as store:
        add_point(store, "half", 1.0, blocks, finished=1)
        task_id = a_result("half", 1.0, blocks[1]).task_id
        store.fail({**labels("half", 1.0), "seed": 0}, {}, "0,1", task_id, "killed")
    merge([tmp_path / "b.sqlite"], tmp_path / "c.sqlite")
    assert [each.reason for each in read_notes(tmp_path / "c.sqlite")[1]] == ["killed"]
    merge([tmp_path / "a.sqlite"], tmp_path / "c.sqlite")
    assert read_notes(tmp_path / "c.sqlite")[1] == []
    (point,) = read_points(tmp_path / "c.sqlite")
    np.testing.assert_array_equal(point.images, np.arange(20))


def test_bad_files_are_refused(tmp_path, capsys):
    path = tmp_path / "a.sqlite"
    write_results(path)
    with pytest.raises(InputError, match="expected another file than those that are merged"):
        merge([path], path)
    assert main(["results", "verify", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: whole, 8 tasks\n"
    assert main(["results", "verify", str(path), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["tasks"] == 8
    with sqlite3.connect(path) as database:
        database.execute("UPDATE results SET seconds = 9")
    with pytest.raises(QnnqError, match="of results is damaged"):
        merge([path], tmp_path / "b.sqlite")
    assert main(["results", "verify", str(path)]) == 1
    assert "of results is damaged: its checksum differs" in capsys.readouterr().err

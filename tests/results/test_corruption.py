"""Flipped bytes: one line that says where, or the output of the file as it was."""

import json

import numpy as np
import pytest

from qnnq.errors import QnnqError
from qnnq.results.points import read_notes, read_points
from qnnq.results.tables import build_report
from tests.results.files import write_results


def output(path):
    """Everything that `qnnq results` makes of a file, as text; or the line that it says."""
    try:
        _, failures = read_notes(path)
        points = read_points(path)
        reports = [build_report(name, points, None) for name in ("accuracy", "behaviour")]
        return json.dumps([reports, [(each.labels, each.reason) for each in failures]], default=str)
    except QnnqError as error:
        return error


def corrupted(folder, cases, seed):
    """Yield what is made of a file with one to four bytes changed, in single places or in a row."""
    write_results(folder / "whole.sqlite")
    content = (folder / "whole.sqlite").read_bytes()
    rng = np.random.default_rng(seed)
    path = folder / "flipped.sqlite"
    for case in range(cases):
        damaged = bytearray(content)
        count = int(rng.integers(1, 5))
        # Half of them in the first two pages, where the file's structure is.
        start = int(rng.integers(len(content) if case % 2 else 8192))
        places = start + np.arange(count) if case % 3 else rng.integers(len(content), size=count)
        for place in places:
            damaged[place % len(content)] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        for leftover in folder.glob("flipped.sqlite-*"):
            leftover.unlink()
        yield output(path)


def check(folder, cases, seed):
    write_results(folder / "reference.sqlite")
    expected = output(folder / "reference.sqlite")
    assert isinstance(expected, str)
    lines = 0
    for found in corrupted(folder, cases, seed):
        if isinstance(found, QnnqError):
            lines += 1
            assert str(found).count("\n") == 0
            assert "flipped.sqlite" in str(found)
        else:
            assert found == expected
    return lines


def test_flipped_bytes_are_said_or_change_nothing(tmp_path):
    assert check(tmp_path, 150, seed=0) > 40


def test_a_file_without_its_schema_says_how_to_save_the_rest(tmp_path):
    path = tmp_path / "results.sqlite"
    write_results(path)
    content = bytearray(path.read_bytes())
    content[100:108] = bytes(8)  # the header of the first page, which holds the schema
    path.write_bytes(content)
    error = output(path)
    assert isinstance(error, QnnqError)
    assert "is damaged (database disk image is malformed)" in str(error)
    assert f"sqlite3 {path} .recover" in str(error)


@pytest.mark.slow
def test_many_flipped_bytes_are_said_or_change_nothing(tmp_path):
    assert check(tmp_path, 2000, seed=1) > 500

"""`qnnq sweep --status` and `--dry-run`: what is done, what is left, what it will take."""

import json

import pytest

from qnnq.cli.main import main
from qnnq.errors import QnnqError
from qnnq.results.file import Store
from qnnq.runs.prepared_run import PreparedRun
from qnnq.runs.run import prepare
from qnnq.sweep.outlook import foresee
from qnnq.sweep.progress import read_progress, seconds_left
from qnnq.sweep.runner import run_sweep


def asked(capsys, option):
    capsys.readouterr()
    command = ["sweep", "sweep.toml", "--out", "r.sqlite", "--workers", "2", option]
    assert main([*command, "--json", "-"]) == 0
    answer = capsys.readouterr()
    return json.loads(answer.out), answer.err


def test_status_counts_what_is_in_the_file(ideal_sweep, capsys):
    text = ideal_sweep.read_text()
    ideal_sweep.write_text(text.replace("[0, 1, 2]", "[1, 7]"))
    run_sweep(ideal_sweep, "r.sqlite", workers=1)
    ideal_sweep.write_text(text)
    document, output = asked(capsys, "--status")
    # Of 2 networks x 3 seeds x 4 blocks those of seed 1; those of seed 7 are not asked for.
    assert [document[name] for name in ("done", "missing", "failed", "claimed")] == [8, 16, 0, 0]
    assert document["seconds_left"] > 0
    assert [point["done"] for point in document["points"]] == [4, 4]
    assert "8 done, 16 missing, 0 failed, 0 claimed; about" in output
    with Store("r.sqlite", create=True) as store:
        of_one = [row[6] for row in store.rows("points") if row[1] == 1]
        with store.together() as database:
            query = "DELETE FROM identities WHERE identity = ?"
            database.executemany(query, [(of_one[0],)])
        store.claim([each.hex() for each in of_one])
        points = read_progress(ideal_sweep, "r.sqlite")
    assert sum(point.done for point in points) == 7
    assert sum(point.claimed for point in points) == 1
    run_sweep(ideal_sweep, "r.sqlite", workers=1)
    points = read_progress(ideal_sweep, "r.sqlite")
    assert [(point.done, point.missing) for point in points] == [(12, 0), (12, 0)]
    assert seconds_left(points, 1) == 0


def test_status_tells_what_failed(folder):
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = "tiny.safetensors"
        noise = "readout(p=0.6)"
        strength = [1, 0.5]
        data = "data.npz"
        seeds = [0, 1]
        """
    )
    with pytest.raises(QnnqError):
        run_sweep("sweep.toml", "r.sqlite", workers=1)
    points = read_progress("sweep.toml", "r.sqlite")
    assert [(point.done, point.missing, point.failed) for point in points] == [(2, 0, 0), (0, 2, 2)]


def test_a_dry_run_stores_nothing_and_counts_what_will_be_done(ideal_sweep, capsys):
    document, output = asked(capsys, "--dry-run")
    assert not (ideal_sweep.parent / "r.sqlite").exists()
    assert (document["points"], document["tasks"], document["least"]) == (6, 24, False)
    assert document["seconds"] > 0
    assert document["memory"] > 10e6
    assert "6 points, 24 tasks; about" in output
    tally = run_sweep(ideal_sweep, "r.sqlite", workers=1)
    assert tally.stored == document["tasks"]
    with Store("r.sqlite") as store:
        size = sum(len(row[7]) for row in store.rows("results"))
    assert size == pytest.approx(document["file_size"] - 250 * 24, rel=0.1)
    assert "r.sqlite may hold some of it already: --status" in asked(capsys, "--dry-run")[1]


def test_what_a_setting_takes_once_is_not_counted_for_every_image(folder, monkeypatch):
    """By a clock that runs for 2 s when a setting is prepared, and for 1 s an image after that."""
    clock = [0.0]
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = ["tiny.safetensors", "other.safetensors"]
        noise = "readout(p=0.6)"
        strength = [0.5, 1]
        data = "data.npz"
        seeds = [0, 1, 2]
        """
    )
    monkeypatch.setattr("qnnq.sweep.outlook.time.perf_counter", lambda: clock[0])

    def prepared(request, find):
        clock[0] += 2
        return prepare(request, find)

    def execute(run, **options):
        clock[0] += len(run.images)
        return executed(run, **options)

    executed = PreparedRun.execute
    monkeypatch.setattr("qnnq.sweep.outlook.prepare", prepared)
    monkeypatch.setattr(PreparedRun, "execute", execute)
    found = foresee("sweep.toml", threads=1)
    assert (found.points, found.tasks) == (12, 12)  # half of them impossible: no half power
    assert found.seconds == 4 * (2 + 1) + 12 * 40


def test_a_dry_run_of_what_is_impossible_says_so(folder, capsys):
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = "tiny.safetensors"
        noise = "readout(p=0.01)"
        qubits = "999,1,2,3"
        data = "data.npz"
        """
    )
    assert main(["sweep", "sweep.toml", "--out", "r.sqlite", "--dry-run"]) == 2
    assert "999" in capsys.readouterr().err


def test_a_sweep_tells_how_far_it_is_without_a_terminal(ideal_sweep, capsys, monkeypatch):
    monkeypatch.setattr("qnnq.cli.output.SECONDS_BETWEEN_LINES", 0.0)
    assert main(["sweep", "sweep.toml", "--out", "r.sqlite", "--workers", "1"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "qnnq: tasks: 0 of 24"
    assert lines[-1] == "qnnq: tasks: 24 of 24"


def test_both_at_once_are_refused(ideal_sweep, capsys):
    command = ["sweep", "sweep.toml", "--out", "r.sqlite", "--status", "--dry-run"]
    assert main(command) == 2
    assert "--status: expected without --dry-run" in capsys.readouterr().err

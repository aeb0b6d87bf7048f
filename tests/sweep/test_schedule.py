"""Identity of results across workers, blocks and pools; stopping rules; reading."""

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from qnnq.errors import InputError, QnnqError
from qnnq.execution.request import RunRequest
from qnnq.execution.run import prepare
from qnnq.results.points import read_points
from qnnq.statistics import single_shot
from qnnq.sweep.run import run_sweep


def counts(results):
    return {
        json.dumps(dict(point.labels), sort_keys=True): (
            point.images.tolist(),
            point.counts.tolist(),
        )
        for point in read_points(results)
    }


def test_counts_do_not_depend_on_workers_or_blocks(ideal_sweep):
    run_sweep(ideal_sweep, "one.sqlite", workers=1)
    run_sweep(ideal_sweep, "three.sqlite", workers=3)
    text = ideal_sweep.read_text().replace("images_per_task = 10", "images_per_task = 27")
    ideal_sweep.write_text(text)
    run_sweep(ideal_sweep, "large.sqlite", workers=1)
    assert counts("one.sqlite") == counts("three.sqlite") == counts("large.sqlite")
    assert len(counts("one.sqlite")) == 2


def test_repetitions_are_added_up_and_are_what_run_finds(ideal_sweep):
    run_sweep(ideal_sweep, "results.sqlite", workers=1)
    (point,) = read_points("results.sqlite", ["network=tiny.safetensors"])
    requests = [
        RunRequest(
            "tiny.safetensors", "data.npz", noise="ideal", engine="ideal", shots=7, seed=seed
        )
        for seed in range(3)
    ]
    expected = sum(prepare(request).execute().counts for request in requests)
    np.testing.assert_array_equal(point.counts, expected)
    assert point.shots == 21


def test_a_second_time_does_nothing(ideal_sweep):
    assert run_sweep(ideal_sweep, "results.sqlite", workers=1).stored == 24
    again = run_sweep(ideal_sweep, "results.sqlite", workers=1)
    assert (again.stored, again.found) == (0, 24)


def test_a_network_that_has_changed_is_measured_again(ideal_sweep):
    run_sweep(ideal_sweep, "results.sqlite", workers=1)
    before = counts("results.sqlite")
    shutil.copy("other.safetensors", "tiny.safetensors")
    tally = run_sweep(ideal_sweep, "results.sqlite", workers=1)
    assert (tally.stored, tally.found, tally.total) == (0, 12, 12)  # as `other`: nothing is new
    assert counts("results.sqlite") != before
    one, other = counts("results.sqlite").values()
    assert one == other


@pytest.fixture
def adaptive_sweep(folder):
    def write(width, images="all", max_shots=400, workers=1):
        (folder / "sweep.toml").write_text(
            f"""
            [[grid]]
            networks = ["tiny.safetensors", "other.safetensors"]
            noise = "ideal"
            engine = "ideal"
            data = "data.npz"
            images = "{images}"
            shots = 5
            target_width = {width}
            max_shots = {max_shots}
            images_per_task = 10
            """
        )
        run_sweep("sweep.toml", "results.sqlite", workers=workers)
        return {point.labels["network"]: point for point in read_points("results.sqlite")}

    return write


def width(point):
    accuracy = single_shot(point.counts, point.truth)
    return accuracy.high - accuracy.low


def test_images_are_added_until_the_interval_is_narrow(adaptive_sweep):
    points = adaptive_sweep(0.45)
    for point in points.values():
        assert width(point) <= 0.45
        assert len(point.images) < 40
    narrower = adaptive_sweep(0.3)
    for name, point in narrower.items():
        assert width(point) <= 0.3
        assert len(point.images) > len(points[name].images)
        # What was there is kept.
        rows = np.searchsorted(point.images, points[name].images)
        if point.shots == 5:
            np.testing.assert_array_equal(point.counts[rows], points[name].counts)


def test_then_shots_are_added(adaptive_sweep):
    point = adaptive_sweep(0.1, images="0")["tiny.safetensors"]
    assert width(point) <= 0.1 or point.shots == 400
    assert 50 < point.shots <= 400
    assert point.shots % 5 == 0


def test_they_stop_at_max_shots_and_do_not_depend_on_workers(adaptive_sweep):
    points = adaptive_sweep(0.001, max_shots=15, workers=2)
    assert {(point.shots, len(point.images)) for point in points.values()} == {(15, 40)}
    assert all((point.counts.sum(axis=1) == 15).all() for point in points.values())
    once = counts("results.sqlite")
    tally = run_sweep("sweep.toml", "results.sqlite", workers=1)
    assert (tally.stored, tally.found, tally.total) == (0, 24, 24)  # 2 points, 4 blocks, 3 rounds
    shutil.move("results.sqlite", "other.sqlite")
    adaptive_sweep(0.001, max_shots=19, workers=1)  # a fourth round would be too many
    assert counts("results.sqlite") == once


def test_conditions_name_what_there_is(ideal_sweep):
    run_sweep(ideal_sweep, "results.sqlite", workers=1)
    with pytest.raises(InputError, match=r"network is one of other\.safetensors, tiny.safetensors"):
        read_points("results.sqlite", ["network=tiny"])
    with pytest.raises(InputError, match="label one of compensate, copies, data"):
        read_points("results.sqlite", ["netwrk=tiny"])


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two worker processes, each a command of its own."""
    pytest.importorskip("distributed")
    note = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    python = [sys.executable, "-m"]
    scheduler = [*python, "distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1"]
    worker = [*python, "distributed.cli.dask_worker", "--nworkers", "2", "--nthreads", "1"]
    options = ["--no-dashboard", "--scheduler-file", str(note)]
    processes = [subprocess.Popen([*scheduler, *options], **quiet)]
    try:
        deadline = time.monotonic() + 60
        while not note.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        processes.append(subprocess.Popen([*worker, *options], **quiet))
        yield json.loads(note.read_text())["address"]
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def test_dask_gives_the_same_counts(ideal_sweep, cluster):
    run_sweep(ideal_sweep, "here.sqlite", workers=1)
    tally = run_sweep(ideal_sweep, "there.sqlite", dask=cluster)
    assert (tally.stored, tally.failures) == (24, [])
    assert counts("there.sqlite") == counts("here.sqlite")


def test_a_dask_scheduler_that_goes_is_one_line(ideal_sweep, cluster, capfd):
    from distributed import Client

    def end_cluster(tally):
        if tally.stored == 1:
            with Client(cluster) as client:
                client.shutdown()

    with pytest.raises(QnnqError, match="--dask: the scheduler is gone; the same command goes on"):
        run_sweep(ideal_sweep, "there.sqlite", dask=cluster, observe=end_cluster)
    assert capfd.readouterr().err == ""
    run_sweep(ideal_sweep, "here.sqlite", workers=1)
    run_sweep(ideal_sweep, "there.sqlite", workers=1)
    assert counts("there.sqlite") == counts("here.sqlite")


def test_no_dask_scheduler(ideal_sweep, monkeypatch):
    dask_cluster = pytest.importorskip("qnnq.sweep.dask_cluster")
    monkeypatch.setattr(dask_cluster, "_CONNECT_TIMEOUT_S", 1)
    with pytest.raises(InputError, match=r"--dask tcp://127\.0\.0\.1:9: no Dask scheduler answers"):
        run_sweep(ideal_sweep, "results.sqlite", dask="tcp://127.0.0.1:9")

"""Identity of results across workers, blocks and pools; stopping rules; reading."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.deployments.placement import Placement
from qnnq.errors import InputError, QnnqError
from qnnq.networks.bundled import load_model
from qnnq.results.file import Store
from qnnq.results.points import read_notes, read_points
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import share_right, single_shot
from qnnq.sweep import processes
from qnnq.sweep.processes import ProcessPool
from qnnq.sweep.runner import run_sweep
from qnnq.sweep.schedule import Tally
from qnnq.sweep.work import Batch, Lost, perform
from tests.conftest import started_processes
from tests.execution.test_measured import measured_file
from tests.sweep.conftest import make_network, write_inputs


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
            "tiny.safetensors", data="data.npz", noise="ideal", engine="ideal", shots=7, seed=seed
        )
        for seed in range(3)
    ]
    expected = sum(prepare(request).execute().counts for request in requests)
    np.testing.assert_array_equal(point.counts, expected)
    assert point.shots == 7
    assert point.repetitions.keys == ((0, 0), (1, 0), (2, 0))
    (pooled,) = read_points("results.sqlite", ["network=tiny.safetensors"], pool_seeds=True)
    assert pooled.shots == 21


def test_a_second_time_does_nothing(folder, monkeypatch):
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = ["tiny.safetensors", "other.safetensors"]
        noise = "readout(p=0.01)"
        data = "data.npz"
        """
    )
    assert run_sweep("sweep.toml", "results.sqlite", workers=1).stored == 2
    monkeypatch.setattr(ProcessPool, "_start", None)  # no worker is needed
    again = run_sweep("sweep.toml", "results.sqlite", workers=1)
    assert (again.stored, again.found) == (0, 2)


def test_a_network_that_has_changed_makes_new_points(ideal_sweep, capsys):
    """Other seeds after a change: the counts of two networks are never added up."""
    ideal_sweep.write_text(ideal_sweep.read_text().replace("[0, 1, 2]", "[0]"))
    assert main(["sweep", "sweep.toml", "--out", "results.sqlite", "--workers", "1"]) == 0
    before = read_points("results.sqlite", ["network=tiny.safetensors"])[0]
    assert before.labels["content"] == ""
    make_network("tiny.safetensors", stretch=1.0, seed=5)
    ideal_sweep.write_text(ideal_sweep.read_text().replace("[0]", "[1]"))
    capsys.readouterr()
    assert main(["sweep", "sweep.toml", "--out", "results.sqlite", "--workers", "1"]) == 0
    assert "note: tiny.safetensors: another network than" in capsys.readouterr().err
    points = read_points("results.sqlite")
    assert len(points) == 3
    tiny = [point for point in points if point.labels["network"] == "tiny.safetensors"]
    assert len({point.labels["content"] for point in tiny}) == 2
    assert all(point.labels["content"].startswith("network ") for point in tiny)
    assert all((point.counts.sum(axis=1) == 7).all() for point in tiny)
    assert any(np.array_equal(point.counts, before.counts) for point in tiny)
    (other,) = (point for point in points if point.labels["network"] != "tiny.safetensors")
    assert len(other.repetitions.keys) == 2  # the seeds of what has not changed are one point


def test_data_that_has_changed_makes_new_points(ideal_sweep, capsys):
    run_sweep(ideal_sweep, "results.sqlite", workers=1)
    rng = np.random.default_rng(8)
    np.savez("data.npz", images=rng.random((40, 9)), labels=rng.integers(0, 3, 40))
    tally = run_sweep(ideal_sweep, "results.sqlite", workers=1)
    assert (tally.stored, tally.found) == (24, 0)
    assert len(tally.notes) == 1
    assert tally.notes[0].startswith("data.npz: another data than")
    assert len(read_points("results.sqlite")) == 4


def test_two_points_that_are_one_setting_are_measured_once(folder):
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = "tiny.safetensors"
        noise = ["fake_lagos*2", "fake_lagos*4"]
        strength = [1, 2]
        data = "data.npz"
        """
    )
    tally = run_sweep("sweep.toml", "results.sqlite", workers=1)
    assert (tally.stored, tally.found, tally.total) == (3, 1, 4)  # x 4 twice
    assert len(read_points("results.sqlite")) == 4


def test_a_response_file_that_has_changed_makes_new_points(folder):
    deployed = deploy(RunRequest(noise="fake_torino"), load_model("tiny.safetensors"))
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = "tiny.safetensors"
        noise = "measured:r.json"
        data = "data.npz"
        """
    )
    for seed in (0, 1):
        measured_file(folder / "r.json", deployed, 500, seed=seed)
        tally = run_sweep("sweep.toml", "results.sqlite", workers=1)
        assert (tally.stored, tally.found) == (1, 0)
    assert tally.notes[0].startswith("measured:r.json: another noise than")
    points = read_points("results.sqlite")
    assert len({point.labels["content"] for point in points}) == 2
    assert all(point.labels["content"].startswith("noise ") for point in points)
    (note,) = read_notes("results.sqlite")[0]
    assert "intervals under measured:r.json are those of counting" in note


def test_a_network_that_changes_during_a_sweep(ideal_sweep):
    """Its later points are not measured under the name of the earlier ones."""

    def change(tally):
        if tally.stored == 1:
            make_network("other.safetensors", stretch=1.0, seed=5)

    with pytest.raises(QnnqError, match="has changed since the sweep began|another version of"):
        run_sweep(ideal_sweep, "results.sqlite", workers=1, observe=change)
    points = read_points("results.sqlite")
    assert {point.labels["content"] for point in points} == {""}
    run_sweep(ideal_sweep, "results.sqlite", workers=1)
    assert len(read_points("results.sqlite")) >= 2


def test_the_same_name_in_another_folder(ideal_sweep, tmp_path, monkeypatch):
    out = tmp_path / "results.sqlite"
    run_sweep(ideal_sweep, out, workers=1)
    before = counts(out)
    other = tmp_path / "other"
    other.mkdir()
    write_inputs(other)
    make_network(other / "tiny.safetensors", stretch=1.0, seed=5)
    monkeypatch.chdir(other)
    run_sweep(ideal_sweep, out, workers=1)
    points = read_points(out)
    assert len(points) == 3
    found = [point.counts.tolist() for point in points]
    assert all(value in found for _, value in before.values())


def test_blocks_of_another_size_are_not_counted_twice(ideal_sweep):
    run_sweep(ideal_sweep, "results.sqlite", workers=1)
    before = counts("results.sqlite")
    ideal_sweep.write_text(ideal_sweep.read_text().replace("_task = 10", "_task = 27"))
    run_sweep(ideal_sweep, "results.sqlite", workers=1)
    assert counts("results.sqlite") == before


def test_an_impossible_point_stops_no_other(folder, capsys):
    """Readout that errs more often than not has no half power; no device has a qubit 999."""
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = "tiny.safetensors"
        noise = ["readout(p=0.6)", "readout(p=0.01)"]
        strength = [1, 0.5]
        qubits = ["best", "999,1,2,3"]
        data = "data.npz"
        """
    )
    command = ["sweep", "sweep.toml", "--out", "results.sqlite", "--workers", "1"]
    assert main(command) == 1
    error = capsys.readouterr().err
    assert (
        "tasks failed, the others are stored in results.sqlite, --retry tries them again" in error
    )
    assert error.count("\n") == 1
    assert main(command) == 1  # still counted, and not tried again
    assert capsys.readouterr().err == error
    assert main(["results", "results.sqlite", "--json", "-"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    done, failed = document["rows"], document["failed"]
    assert len(done) + len(failed) == 8
    assert {each["labels"]["qubits"] for each in failed} >= {"999,1,2,3"}
    assert {row["qubits"] for row in done} == {"best"}
    assert captured.err.count("note: failed: network tiny.safetensors") == len(failed)


def test_what_failed_is_tried_again_on_demand(ideal_sweep):
    (ideal_sweep.parent / "sweep.toml").write_text(
        """
        [[grid]]
        networks = ["tiny.safetensors"]
        noise = "readout(p=0.01)"
        qubits = ["best", "999,1,2,3"]
        data = "data.npz"
        """
    )
    with pytest.raises(QnnqError, match=r"1 of 2 tasks failed, .*999"):
        run_sweep("sweep.toml", "results.sqlite", workers=1)
    with Store("results.sqlite") as store:
        (failure,) = store.failures()
    assert failure.labels["qubits"] == "999,1,2,3"
    for retry in (False, True):
        tally = Tally()
        with pytest.raises(QnnqError):
            run_sweep("sweep.toml", "results.sqlite", workers=1, retry=retry, tally=tally)
        assert (tally.stored, tally.found, len(tally.failures)) == (0, 1, 1)


@pytest.fixture
def adaptive_sweep(folder):
    def write(width, images="all", max_shots=400, workers=1, more=""):
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
            {more}
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
        if len(point.repetitions.keys) == 1:
            np.testing.assert_array_equal(point.counts[rows], points[name].counts)


def test_the_majority_may_be_the_target(adaptive_sweep):
    points = adaptive_sweep(0.45, more='target = "majority"')
    for point in points.values():
        accuracy = point.accuracy("majority")
        assert accuracy.high - accuracy.low <= 0.45
        before = share_right(point.right[np.isin(point.images, point.images[:10])])
        assert len(point.images) == 10 or before.high - before.low > 0.45
        assert len(point.images) < 40


def test_a_point_stops_once_its_interval_decides(adaptive_sweep):
    """Ten images are enough to see that three classes are told apart by less than 95 %."""
    for point in adaptive_sweep(0.01, more="threshold = 0.95").values():
        accuracy = point.accuracy("single_shot")
        assert accuracy.high < 0.95
        assert len(point.images) < 40
        assert accuracy.high - accuracy.low > 0.01


def test_then_shots_are_added(adaptive_sweep):
    point = adaptive_sweep(0.1, images="0")["tiny.safetensors"]
    shots = int(point.counts.sum())
    assert width(point) <= 0.1 or shots == 400
    assert 50 < shots <= 400
    assert point.shots == 5
    assert len(point.repetitions.keys) == shots / 5


def test_they_stop_at_max_shots_and_do_not_depend_on_workers(adaptive_sweep):
    points = adaptive_sweep(0.001, max_shots=15, workers=2)
    found = {(len(point.repetitions.keys), len(point.images)) for point in points.values()}
    assert found == {(3, 40)}
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
    with pytest.raises(InputError, match="label one of compensate, condition_overhead"):
        read_points("results.sqlite", ["netwrk=tiny"])


QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
PYTHON = [sys.executable, "-m"]


def start_scheduler(folder, start_process):
    """Return the address of a Dask scheduler, which is a command of its own."""
    note = folder / "scheduler.json"
    command = [*PYTHON, "distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1"]
    options = ["--no-dashboard", "--scheduler-file", str(note)]
    running = start_process([*command, *options], cwd=folder, **QUIET)
    while not (note.exists() and note.read_text().strip()):
        assert running.poll() is None
        time.sleep(0.01)
    return json.loads(note.read_text())["address"]


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory):
    """A Dask scheduler and two worker processes, each a command of its own, and their folder."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("cluster")
    write_inputs(folder)
    with started_processes() as start:
        address = start_scheduler(folder, start)
        worker = [*PYTHON, "distributed.cli.dask_worker", "--nworkers", "2", "--nthreads", "1"]
        start([*worker, "--no-dashboard", address], cwd=folder, **QUIET)
        yield address, folder


@pytest.fixture
def cluster(shared_cluster, ideal_sweep, monkeypatch):
    """The address of the cluster, in its folder; the tests that break it are the last ones."""
    address, folder = shared_cluster
    shutil.copy(ideal_sweep, folder)
    monkeypatch.chdir(folder)
    return address


def test_dask_gives_the_same_counts(cluster):
    run_sweep("sweep.toml", "here.sqlite", workers=1)
    tally = run_sweep("sweep.toml", "there.sqlite", dask=cluster)
    assert (tally.stored, tally.failures) == (24, [])
    assert counts("there.sqlite") == counts("here.sqlite")


def test_no_dask_scheduler(ideal_sweep, monkeypatch):
    dask_cluster = pytest.importorskip("qnnq.sweep.dask_cluster")
    monkeypatch.setattr(dask_cluster, "_CONNECT_TIMEOUT_S", 1)
    with pytest.raises(InputError, match=r"--dask tcp://127\.0\.0\.1:9: no Dask scheduler answers"):
        run_sweep(ideal_sweep, "results.sqlite", dask="tcp://127.0.0.1:9")


@pytest.fixture
def scheduler(tmp_path, start_process):
    """A Dask scheduler without workers."""
    pytest.importorskip("distributed")
    return start_scheduler(tmp_path, start_process)


def test_no_dask_workers_is_said(ideal_sweep, scheduler, monkeypatch):
    import qnnq.sweep.dask_cluster as dask_cluster

    monkeypatch.setattr(dask_cluster, "_NO_WORKERS_S", 0.01)
    monkeypatch.setattr(dask_cluster, "_LOOK_S", 0.01)
    tally = Tally()
    with pytest.raises(QnnqError, match="--dask: no workers for .* s; the same command goes on"):
        run_sweep(ideal_sweep, "there.sqlite", dask=scheduler, timeout_s=3, tally=tally)
    assert len(tally.notes) > 1
    assert all("no workers for" in note and "waiting for some" in note for note in tally.notes)


def test_a_result_that_died_with_its_dask_worker_is_waited_for(cluster, monkeypatch):
    from distributed import Client, wait

    import qnnq.sweep.dask_cluster as dask_cluster

    monkeypatch.setattr(dask_cluster, "perform", lambda batch: batch.threads)
    with Client(cluster) as client:
        client.wait_for_workers(2)
        one, other = client.run(os.getpid).items()
    pool = dask_cluster.DaskPool(cluster, None, pytest.fail)
    try:
        for number, (avoided, _) in enumerate((one, other)):
            pool._stuck = {avoided}
            pool.submit(Batch((), number))
        kept, lost = pool._batches
        wait([kept, lost], timeout=60)
        os.kill(one[1], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while lost.status != "lost" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [(kept.status, lost.status)] == [("finished", "lost")]
        assert pool.wait() == [(Batch((), 0), 0)]
        assert pool.busy()
    finally:
        pool.close()


class Here:
    """A pool that does each batch in this process, so that what it compiles can be changed."""

    def __init__(self, workers, timeout_s=None):
        self.done = []

    def warm_up(self):
        pass

    def free(self):
        return not self.done

    def busy(self):
        return bool(self.done)

    def submit(self, batch):
        self.done.append((batch, perform(batch)))

    def wait(self):
        return [self.done.pop()]

    def close(self):
        pass


@pytest.fixture
def device_sweep(folder):
    path = folder / "sweep.toml"
    path.write_text(
        """
        [[grid]]
        networks = ["tiny.safetensors", "other.safetensors"]
        noise = "fake_lagos"
        data = "data.npz"
        seeds = [0, 1]
        """
    )
    return path


def test_the_parent_compiles_nothing(device_sweep, monkeypatch):
    def compiled(*_):
        raise AssertionError("compiled")

    monkeypatch.setattr("qnnq.deployments.compilation._compiled", compiled)
    for stored in (4, 0):
        tally = run_sweep(device_sweep, "results.sqlite", workers=1)
        assert (tally.stored, tally.found) == (stored, 4 - stored)


def test_what_another_compiler_makes_of_a_task_alike_is_not_measured_again(
    device_sweep, monkeypatch
):
    monkeypatch.setattr("qnnq.sweep.processes.ProcessPool", Here)
    assert run_sweep(device_sweep, "results.sqlite").stored == 4
    before = counts("results.sqlite")

    def use_compiler(source):
        monkeypatch.setattr("qnnq.deployments.identity.compiler", lambda: {"source": source})

    use_compiler("another")
    tally = run_sweep(device_sweep, "results.sqlite")
    assert (tally.stored, tally.found) == (0, 4)
    assert counts("results.sqlite") == before
    assert all(point.complete for point in read_points("results.sqlite"))

    use_compiler("one that compiles otherwise")
    placed = Placement.placed
    monkeypatch.setattr(
        Placement, "placed", lambda *found: replace(placed(*found), circuits="0" * 64)
    )
    device_sweep.write_text(device_sweep.read_text().replace("[0, 1]", "[1]"))
    assert run_sweep(device_sweep, "results.sqlite").stored == 2
    points = read_points("results.sqlite")
    assert len(points) == 4
    assert {len(point.repetitions.keys) for point in points} == {1, 2}
    assert all(point.labels["content"].startswith("circuits ") for point in points)


def test_an_impossible_point_of_many_tasks_is_one_failure(folder):
    """Its tasks are not tried one by one; what is left of the others is done."""
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = "tiny.safetensors"
        noise = "readout(p=0.01)"
        qubits = ["999,1,2,3", "best"]
        data = "data.npz"
        seeds = [0, 1, 2]
        images_per_task = 4
        """
    )
    tally = Tally()
    with pytest.raises(QnnqError, match=r"1 of 31 tasks failed, .*999"):
        run_sweep("sweep.toml", "results.sqlite", workers=1, tally=tally)
    assert (tally.stored, len(tally.failures)) == (30, 1)


def test_a_batch_that_is_stuck_on_a_dask_worker_is_given_to_another(cluster, monkeypatch):
    import qnnq.sweep.dask_cluster as dask_cluster

    def perform(batch):
        from distributed import get_worker

        try:
            Path("stuck").mkdir()
        except FileExistsError:
            return get_worker().address
        Path("stuck/worker").write_text(get_worker().address)
        while not Path("released").exists():
            time.sleep(0.01)

    monkeypatch.setattr(dask_cluster, "perform", perform)
    monkeypatch.setattr(dask_cluster, "_LOOK_S", 0.05)
    from distributed import Client

    with Client(cluster) as client:
        client.wait_for_workers(2)
    pool = dask_cluster.DaskPool(cluster, 0.2, pytest.fail)
    try:
        batch, found = Batch((), 1), []
        while not found or isinstance(found[0][1], Lost):
            pool.submit(batch)
            found = []
            while not found:
                found = pool.wait()
        stuck = Path("stuck/worker").read_text()
        assert found[0][1] != stuck
    finally:
        pool.close()
        Path("released").touch()


def test_a_dask_scheduler_that_goes_is_one_line(cluster, capfd):
    from distributed import Client

    ended = []

    def end_cluster(tally):
        if tally.stored and not ended:
            ended.append(True)
            with Client(cluster) as client:
                client.shutdown()

    with pytest.raises(QnnqError, match="--dask: the scheduler is gone; the same command goes on"):
        run_sweep("sweep.toml", "gone.sqlite", dask=cluster, observe=end_cluster)
    assert capfd.readouterr().err == ""
    run_sweep("sweep.toml", "here.sqlite", workers=1)
    run_sweep("sweep.toml", "gone.sqlite", workers=1)
    assert counts("gone.sqlite") == counts("here.sqlite")


def test_warnings_of_workers_are_notes(capsys, monkeypatch):
    """A worker whose parent is gone ends at once, and has said what becomes of warnings."""
    monkeypatch.setattr(multiprocessing, "parent_process", multiprocessing.current_process)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    here, there = multiprocessing.Pipe()
    here.close()
    with warnings.catch_warnings():
        processes._work(there, warm=False)
        warnings.warn("features were\nclipped", stacklevel=1)
    assert capsys.readouterr().err == "qnnq: note: features were clipped\n"

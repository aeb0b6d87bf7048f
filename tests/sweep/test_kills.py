"""Kills at random moments, of sweeps and their workers: equal counts, little done twice."""

import contextlib
import multiprocessing
import os
import random
import signal
import sqlite3

import pytest

from qnnq.cli.main import main
from qnnq.sweep import processes
from qnnq.sweep.runner import run_sweep
from tests.sweep.conftest import write_inputs
from tests.sweep.test_interruptions import rows, stored, wait_for_rows, workers_of
from tests.sweep.test_schedule import PYTHON, QUIET, start_scheduler

# A sweep that waits for what never comes ends by itself, and a wait for its rows with it.
TIMEOUT = ["--timeout", "30"]


def sweep_of(tasks):
    return f"""
        [[grid]]
        networks = ["tiny.safetensors", "other.safetensors"]
        noise = "ideal"
        engine = "ideal"
        data = "data.npz"
        images = "0:1"
        shots = 1
        seeds = {list(range(tasks // 2))}
        """


def in_flight():
    """Tasks that a sweep has handed out and not stored."""
    with contextlib.closing(sqlite3.connect("file:results.sqlite?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM claims").fetchone()[0]


def sweep(options):
    """Run the sweep; its own workers write down each task."""
    import tests.sweep.logged  # noqa: F401

    processes.CONTEXT = multiprocessing.get_context("fork")
    return main(["sweep", "sweep.toml", "--out", "results.sqlite", *options, *TIMEOUT])


class Killed:
    """A sweep that is started and killed again and again, and the work that was lost by it."""

    def __init__(self, folder, tasks, start_warm):
        write_inputs(folder)
        (folder / "sweep.toml").write_text(sweep_of(tasks))
        self.log = folder / "log"
        self.log.touch()
        self.tasks, self.most_twice = tasks, 0
        self._start_warm = start_warm

    def start(self, *options):
        """Return a process that goes on with the sweep."""
        return self._start_warm(sweep, options)

    def kill(self, process):
        process.kill()
        assert process.wait() == -signal.SIGKILL, process.said()
        self.most_twice += in_flight()

    def kill_worker(self, pid):
        os.kill(pid, signal.SIGKILL)
        self.most_twice += in_flight()

    def check(self, *options):
        """End it undisturbed; then nothing is missing or other, and little was done twice."""
        left = self.tasks - rows("results.sqlite")
        assert left > 0
        process = self.start(*options)
        assert process.wait() == 0, process.said()
        twice = len(self.log.read_text().split()) - self.tasks
        print(f"{self.tasks} tasks, {left} left at the end, {twice} done twice")
        run_sweep("sweep.toml", "expected.sqlite", workers=1)
        assert stored("results.sqlite") == stored("expected.sqlite")
        print(f"at most {self.most_twice} were in flight")
        assert 0 <= twice <= self.most_twice


def few_and_many(tasks, kills):
    """A small number in every run of the tests, the large one among the slow tests."""
    many = pytest.param(40_000, 50, marks=pytest.mark.slow)
    return pytest.mark.parametrize(("tasks", "kills"), [(tasks, kills), many])


@few_and_many(1000, 3)
def test_sweeps_on_two_workers_that_are_killed(tmp_path, monkeypatch, start_warm, tasks, kills):
    monkeypatch.chdir(tmp_path)
    killed = Killed(tmp_path, tasks, start_warm)
    random_moment = random.Random(5)
    for _ in range(kills):
        process = killed.start("--workers", "2")
        more = random_moment.randrange(tasks // (4 * kills) + 1)
        wait_for_rows(process, "results.sqlite", rows("results.sqlite") + more)
        killed.kill(process)
    killed.check("--workers", "2")


@few_and_many(2000, 2)
def test_sweeps_on_a_dask_cluster_whose_workers_are_killed_too(
    tmp_path, monkeypatch, start_process, start_warm, tasks, kills
):
    """A worker in every second sweep; Dask starts another in its place."""
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    killed = Killed(tmp_path, tasks, start_warm)
    address = start_scheduler(tmp_path, start_process)
    command = [*PYTHON, "distributed.cli.dask_worker", "--nworkers", "2", "--nthreads", "1"]
    # By its name, as Dask would copy a file to elsewhere and import it twice.
    options = ["--no-dashboard", "--preload", "tests.sweep.logged", address]
    cluster = start_process([*command, *options], cwd=tmp_path, **QUIET)
    random_moment = random.Random(6)
    for number in range(kills):
        process = killed.start("--dask", address)
        more = 1 + random_moment.randrange(tasks // (4 * kills))
        wait_for_rows(process, "results.sqlite", rows("results.sqlite") + more)
        if number % 2 and (workers := workers_of(cluster.pid)):
            killed.kill_worker(random_moment.choice(workers))
            wait_for_rows(process, "results.sqlite", rows("results.sqlite") + 1)
        killed.kill(process)
    killed.check("--dask", address)

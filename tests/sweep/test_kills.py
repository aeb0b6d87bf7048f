"""Kills of a sweep at random moments: equal counts, little done twice."""

import random
import sys

import pytest

from qnnq.sweep.runner import run_sweep
from tests.sweep.conftest import write_inputs
from tests.sweep.test_interruptions import rows, stored, wait_for_rows
from tests.sweep.test_schedule import QUIET

# Workers are spawned, which imports the script: they write down each task.
SCRIPT = """
import os, sys
import qnnq.sweep.work as work
outcome = work._outcome
log = os.open(os.path.join(os.path.dirname(__file__), "log"), os.O_WRONLY | os.O_APPEND)
def _outcome(prepared, item, threads):
    os.write(log, (item.task_id + "\\n").encode())
    return outcome(prepared, item, threads)
work._outcome = _outcome
if __name__ == "__main__":
    from qnnq.cli.main import main
    sys.exit(main(["sweep", "sweep.toml", "--out", "results.sqlite", *sys.argv[1:]]))
"""
BATCH = 1000
"""Tasks that one worker has at once, at most."""


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


class Killed:
    """A sweep that is started again and again, and what was lost by it."""

    def __init__(self, folder, tasks, start_process):
        write_inputs(folder)
        self.folder, self.tasks, self._start_process = folder, tasks, start_process
        (folder / "sweep.toml").write_text(sweep_of(tasks))
        (folder / "script.py").write_text(SCRIPT)
        (folder / "log").touch()
        self.expected = "expected.sqlite"
        run_sweep("sweep.toml", self.expected, workers=1)

    def start(self, *options):
        return self._start_process([sys.executable, "script.py", *options], **QUIET)

    def done(self):
        return len((self.folder / "log").read_text().split())

    def check(self, most_twice):
        """End it undisturbed; then nothing is missing or other, and little was done twice."""
        twice = self.done() - rows("results.sqlite")
        print(f"{self.tasks} tasks, {twice} done twice")
        assert run_sweep("sweep.toml", "results.sqlite", workers=2).failures == []
        assert stored("results.sqlite") == stored(self.expected)
        assert twice <= most_twice


def few_and_many(tasks, kills):
    """A small number in every run of the tests, the large one among the slow tests."""
    many = pytest.param(10 * tasks, 50, marks=pytest.mark.slow)
    return pytest.mark.parametrize(("tasks", "kills"), [(tasks, kills), many])


@few_and_many(2000, 3)
def test_sweeps_on_two_workers_that_are_killed(tmp_path, monkeypatch, start_process, tasks, kills):
    monkeypatch.chdir(tmp_path)
    sweep = Killed(tmp_path, tasks, start_process)
    random_moment = random.Random(5)
    for _ in range(kills):
        process = sweep.start("--workers", "2")
        more = random_moment.randrange(tasks // (2 * kills) + 1)
        wait_for_rows(process, "results.sqlite", rows("results.sqlite") + more)
        process.kill()
        process.wait()
    sweep.check(most_twice=kills * 2 * BATCH)

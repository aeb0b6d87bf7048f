"""Whatever stops a sweep, it goes on where it was and ends with the same counts."""

import contextlib
import math
import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import time
from functools import partial
from pathlib import Path

import pytest

from qnnq.cli import output
from qnnq.cli.main import main
from qnnq.errors import QnnqError
from qnnq.results.file import Store
from qnnq.sweep import processes, schedule
from qnnq.sweep.runner import run_sweep
from qnnq.sweep.work import perform
from tests.sweep.conftest import write_inputs

SWEEP = f"""
[[grid]]
networks = ["tiny.safetensors", "other.safetensors"]
noise = "ideal"
engine = "ideal"
data = "data.npz"
shots = 5000
seeds = {list(range(20))}
"""
TASKS = 40  # of about 30 ms
REFERENCES = 2  # the two networks without sampling, which are stored before the first task


@pytest.fixture
def long_sweep(folder):
    (folder / "sweep.toml").write_text(SWEEP)
    return folder / "sweep.toml"


def sweep(results, most_bytes=resource.RLIM_INFINITY):
    """Run the sweep, in small batches: how many tasks are in flight depends on no speed."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    output.SECONDS_BETWEEN_LINES, schedule._LARGEST_BATCH = math.inf, 2
    processes.CONTEXT = multiprocessing.get_context("fork")
    return main(["sweep", "sweep.toml", "--out", results, "--workers", "2"])


@pytest.fixture
def start(start_warm):
    """Start the sweep in a process of its own."""
    return partial(start_warm, sweep)


def stored(results):
    """Task ids and counts of every row."""
    with Store(results) as store:
        ids = [id_ for (id_,) in store._database.execute("SELECT task_id FROM results")]
        return {id_.hex(): store.result(id_.hex()).counts.tolist() for id_ in ids}


def rows(results):
    try:
        with sqlite3.connect(f"file:{results}?mode=ro", uri=True) as database:
            count = database.execute("SELECT count(*) FROM results").fetchone()[0]
            return max(0, count - REFERENCES)
    except sqlite3.OperationalError:  # not there yet
        return 0


def wait_for_rows(process, results, number):
    while process.poll() is None and rows(results) < number:
        time.sleep(0.005)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The results of a sweep that nothing disturbs; task ids do not depend on the folder."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_inputs(folder)
    (folder / "sweep.toml").write_text(SWEEP)
    with contextlib.chdir(folder):
        assert run_sweep("sweep.toml", "results.sqlite", workers=2).stored == TASKS
    return folder / "results.sqlite"


@pytest.fixture(scope="module")
def expected(undisturbed):
    return stored(undisturbed)


def test_killed_again_and_again(long_sweep, expected, start):
    generator = random.Random(3)
    killed = 0
    for _ in range(4):
        process = start("results.sqlite")
        more = generator.randrange(2, 5)
        wait_for_rows(process, "results.sqlite", rows("results.sqlite") + more)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
    assert killed == 4
    before = rows("results.sqlite")
    assert 8 <= before < TASKS
    tally = run_sweep(long_sweep, "results.sqlite", workers=2)
    assert tally.found >= before
    assert tally.stored + tally.found == TASKS
    assert stored("results.sqlite") == expected


def test_two_sweeps_into_one_file(long_sweep, expected, start):
    both = [start("results.sqlite") for _ in range(2)]
    outputs = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert stored("results.sqlite") == expected
    # Claims keep them from doing the same work, but for the batches in flight at the end.
    done = [int(said.split(": ")[1].split()[0]) for said, _ in outputs]
    assert sum(done) <= TASKS + TASKS // 4


def test_interrupted_by_the_user(long_sweep, expected, start):
    process = start("results.sqlite")
    wait_for_rows(process, "results.sqlite", 5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to the workers too
    _, error = process.communicate()
    assert process.returncode == 130
    number = rows("results.sqlite")
    assert error == (
        f"qnnq: stopped: results.sqlite has {number} of {TASKS} tasks; "
        "the same command goes on from there\n"
    )
    assert run_sweep(long_sweep, "results.sqlite", workers=2).found == number
    assert stored("results.sqlite") == expected


def workers_of(pid):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            if int(parent) == pid and b"tracker" not in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="finds workers by /proc")
def test_a_worker_that_is_killed_is_replaced(long_sweep, expected, start):
    process = start("results.sqlite")
    for number in (5, 15):
        wait_for_rows(process, "results.sqlite", number)
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    said, error = process.communicate()
    assert (process.returncode, error) == (0, "")
    assert said == "results.sqlite: 40 tasks done, 0 were there already\n"
    assert stored("results.sqlite") == expected


def test_a_task_that_kills_its_worker_twice_fails_alone(
    long_sweep, undisturbed, expected, monkeypatch
):
    """The data of one task makes its worker exit, as the kernel does when memory runs out."""
    with Store(undisturbed) as store:
        identity, task_id, _ = sorted(store.rows("identities"))[TASKS // 2]
    victim = task_id.hex()
    work = partial(_fragile_work, identity.hex())
    monkeypatch.setattr("qnnq.sweep.processes._work", work)
    with pytest.raises(QnnqError) as caught:
        run_sweep(long_sweep, "results.sqlite", workers=2)
    message = str(caught.value)
    assert message.startswith(
        "1 of 40 tasks failed, the others are stored in results.sqlite, --retry"
    )
    assert message.endswith("its worker process was killed by SIGKILL (2 times)")
    assert stored("results.sqlite") == {key: expected[key] for key in expected if key != victim}


def _fragile_work(victim, pipe, warm):
    while True:
        batch = pipe.recv()
        if victim in [item.identity for item in batch.items]:
            os.kill(os.getpid(), signal.SIGKILL)
        pipe.send(perform(batch))


def test_full_disk(long_sweep, expected, start):
    """The file may grow to 150 kB: some tasks fit, then one line says what is wrong."""
    process = start("results.sqlite", 150_000)
    _, error = process.communicate()
    assert process.returncode == 1
    assert error.startswith("qnnq: results.sqlite: cannot be written, the disk may be full")
    assert error.count("\n") == 1
    number = rows("results.sqlite")
    assert 0 < number < TASKS
    assert run_sweep(long_sweep, "results.sqlite", workers=2).found == number
    assert stored("results.sqlite") == expected


def test_a_task_that_takes_too_long_is_given_to_another_worker(long_sweep, monkeypatch):
    """Here none of them ever answers."""
    monkeypatch.setattr("qnnq.sweep.processes._work", _stuck_work)
    long_sweep.write_text(SWEEP.replace(str(list(range(20))), "0").replace("40", "1"))
    with pytest.raises(QnnqError, match=r"took longer than 0\.2 s \(3 times\)"):
        run_sweep(long_sweep, "results.sqlite", workers=2, timeout_s=0.2, retries=2)


def _stuck_work(pipe, warm):
    signal.pause()

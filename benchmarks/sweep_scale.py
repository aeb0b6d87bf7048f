"""What a sweep of many cheap tasks takes: planning, running, going on, reading, file and memory.

Two networks on one image with one shot under device noise, at ten strengths, as many seeds as
tasks are asked for. Beside it the same tasks each by itself: prepared, run and committed alone.

    python benchmarks/sweep_scale.py --tasks 20000
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from qnnq.results.file import Store
from qnnq.runs.run import prepare
from qnnq.sweep.file import read_sweep
from qnnq.sweep.points import expand
from qnnq.sweep.runner import run_sweep
from qnnq.sweep.schedule import Tally

NETWORKS, STRENGTHS = ["mnist16-a0", "mnist16-a0.5"], [0.25 * step for step in range(1, 11)]
MOST_ALONE = 300


def write_sweep(folder: Path, tasks: int) -> Path:
    """Write a sweep file of about that many tasks."""
    seeds = max(1, tasks // (len(NETWORKS) * len(STRENGTHS)))
    lines = [
        "[[grid]]",
        f"networks = {NETWORKS}",
        'noise = "fake_kingston"',
        f"strength = {STRENGTHS}",
        'images = "0:1"',
        "shots = 1",
        f"seeds = {list(range(seeds))}",
    ]
    path = folder / "sweep.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(sweep: Path, results: Path, workers: int) -> dict[str, float]:
    """Run a sweep, and return its times in seconds, those of processes in CPU time."""
    started, own, others = time.perf_counter(), time.process_time(), _children()
    first: list[float] = []

    def observe(tally: Tally) -> None:
        if tally.stored and not first:
            first.append(time.perf_counter() - started)

    tally = run_sweep(sweep, results, workers=workers, observe=observe)
    return {
        "tasks": tally.stored + tally.found,
        "wall": time.perf_counter() - started,
        "first": first[0] if first else 0.0,
        "parent": time.process_time() - own,
        "workers": _children() - others,
    }


def each_alone(sweep: Path, results: Path) -> float:
    """Return the seconds a task, in CPU time, of tasks that are done one by one."""
    points = list(expand(read_sweep(sweep)))
    requests = [
        replace(point.request, seed=seed)
        for point in points
        for seed in point.seeds[: MOST_ALONE // len(points)]
    ]
    with Store(results, create=True) as store:
        prepare(requests[0]).execute(threads=1)
        started = time.process_time()
        for request in requests:
            store.add(prepare(request).execute(threads=1))
        return (time.process_time() - started) / len(requests)


def read(results: Path) -> tuple[float, float]:
    """Return the wall time in seconds and the peak memory in MB of `qnnq results`."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "qnnq", "results", str(results), "--csv", "-"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sweep, results = write_sweep(folder, options.tasks), folder / "results.sqlite"
        new = run(sweep, results, options.workers)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        again = run(sweep, results, options.workers)
        reading, reading_memory = read(results)
        alone = each_alone(sweep, folder / "alone.sqlite")
        size = results.stat().st_size
    tasks = new["tasks"]
    for what, value in (
        ("tasks", f"{tasks:.0f}"),
        ("first task stored", f"{new['first']:.1f} s"),
        ("all stored", f"{new['wall']:.1f} s"),
        ("parent, CPU a task", f"{1e3 * new['parent'] / tasks:.3f} ms"),
        ("workers, CPU a task", f"{1e3 * new['workers'] / tasks:.3f} ms"),
        ("each task alone, CPU a task", f"{1e3 * alone:.3f} ms"),
        ("going on where all is done", f"{again['wall']:.1f} s"),
        ("qnnq results", f"{reading:.1f} s, {reading_memory:.0f} MB"),
        ("parent, peak memory", f"{memory:.0f} MB"),
        ("results file, a task", f"{size / tasks:.0f} bytes"),
    ):
        print(f"{what:30}{value}")


if __name__ == "__main__":
    main()

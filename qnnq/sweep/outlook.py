"""What a sweep will take, from a few of its tasks, before it is begun."""

import time
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from qnnq.data.selection import image_ranges, parse_images
from qnnq.devices.names import resolve_device
from qnnq.execution.run import prepare
from qnnq.results.encoding import encode
from qnnq.sweep.file import read_sweep
from qnnq.sweep.points import Point, count_tasks, expand

_SAMPLED = 5
_LONG_ENOUGH_S = 0.3
_BYTES_BESIDE = 250
"""Of a task in a results file, beside its arrays: identity, checksums, index, place in a point."""


@dataclass(frozen=True)
class Outlook:
    """What a sweep asks for, and estimates of what it takes.

    Attributes:
        points: Settings, each repetition counted.
        tasks: Tasks; for points with a target width one each, which is the fewest.
        least: Whether there are such points, so that all estimates are lower bounds.
        seconds: Time of all tasks one after the other, with the threads that a worker has.
        memory: Peak memory of a process that does such tasks, bytes.
        file_size: Size of the results, bytes.
    """

    points: int
    tasks: int
    least: bool
    seconds: float
    memory: int
    file_size: int


def foresee(path: str | Path, threads: int) -> Outlook:
    """Return what a sweep file asks for and will take, by the first images of a few points.

    Raises:
        InputError, NoiseError, TranspileError: For bad input, as the sweep itself would.
    """
    sweep = read_sweep(path)
    counts = count_tasks(sweep)
    step = max(1, counts.settings // _SAMPLED)
    found = [_sample(point, threads) for point in islice(expand(sweep), 0, None, step)]
    seconds = sum(took for took, _ in found) / len(found)
    size = sum(size for _, size in found) / len(found)
    tasks = counts.tasks + counts.adaptive
    return Outlook(
        counts.points,
        tasks,
        counts.adaptive > 0,
        seconds * tasks,
        _peak_memory(),
        int((size + _BYTES_BESIDE) * tasks),
    )


def _sample(point: Point, threads: int) -> tuple[float, float]:
    """Return the seconds and the bytes of a task, from as many images as take a moment."""
    prepared = prepare(point.request, cache(resolve_device))
    images = parse_images(point.blocks[0], len(prepared.dataset.labels))
    number = 1
    while True:
        part = prepared.part(image_ranges(images[:number]), point.request.seed)
        started = time.perf_counter()
        row = encode(part.execute(threads=threads, with_error=False))
        took = time.perf_counter() - started
        if number >= len(images) or took > _LONG_ENOUGH_S:
            share = len(images) / min(number, len(images))
            return took * share, len(row.values[7]) * share
        number *= 4


def _peak_memory() -> int:
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak

"""What a sweep will take, from a few of its tasks, before it is begun."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from qnnq.data.selection import image_ranges, parse_images
from qnnq.devices.device import Device, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.results.encoding import Row, encode
from qnnq.runs.run import prepare
from qnnq.sweep.file import read_sweep
from qnnq.sweep.points import REFUSALS, Point, count_tasks, expand

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
        InputError, NoiseError, TranspileError: For bad input, as the sweep itself would, or where
            none of these points can be measured.
    """
    sweep = read_sweep(path)
    counts = count_tasks(sweep)
    step = max(1, counts.settings // _SAMPLED)
    find, refused = cache(resolve_device), None
    found: list[_Sample] = []
    for point in islice(expand(sweep), 0, None, step):
        try:
            if not found:  # what is imported for it is no part of any other's time
                _measure(point, threads, find)
            found.append(_measure(point, threads, find))
        except REFUSALS as error:
            refused = error
    if refused is not None and not found:
        raise refused
    once, each, size = (sum(values) / len(found) for values in zip(*found, strict=True))
    tasks = counts.tasks + counts.adaptive
    return Outlook(
        counts.points,
        tasks,
        counts.adaptive > 0,
        once * counts.settings + each * tasks,
        _peak_memory(),
        int((size + _BYTES_BESIDE) * tasks),
    )


class _Sample(NamedTuple):
    """Seconds that a setting takes once, and those and the bytes of each of its tasks."""

    once: float
    each: float
    size: float


def _measure(point: Point, threads: int, find: Callable[[DeviceLike], Device]) -> _Sample:
    """Measure a point, and a task of it by as many images as take a moment."""
    started = time.perf_counter()
    prepared = prepare(point.request, find)
    images = parse_images(point.blocks[0], len(prepared.dataset.labels))

    def take(number: int) -> Row:
        part = prepared.part(image_ranges(images[:number]), point.request.seed)
        return encode(part.execute(threads=threads, with_error=False))

    take(1)
    once = time.perf_counter() - started
    number = 1
    while True:
        started = time.perf_counter()
        row = take(number)
        took = time.perf_counter() - started
        if number == len(images) or took > _LONG_ENOUGH_S:
            share = len(images) / number
            return _Sample(once, took * share, len(row.values[7]) * share)
        number = min(4 * number, len(images))


def _peak_memory() -> int:
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak

"""How far a sweep is, point by point, from its file and its results."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qnnq.results.file import Store, StoredSetting
from qnnq.results.rows import canonical
from qnnq.sweep.file import read_sweep
from qnnq.sweep.points import Point, expand


@dataclass(frozen=True)
class PointProgress:
    """A point of a sweep file, in tasks.

    Attributes:
        labels: What the sweep file calls it.
        done: Tasks that have a result.
        missing: Tasks that have none; of a point with a target width those that are known of.
        failed: Tasks of the missing ones that failed.
        claimed: Tasks of the missing ones that a sweep is doing.
        seconds: What the finished tasks took on average, or None.
    """

    labels: Mapping[str, Any]
    done: int
    missing: int
    failed: int
    claimed: int
    seconds: float | None


def read_progress(sweep: str | Path, results: str | Path) -> list[PointProgress]:
    """Return how far each point of a sweep file is.

    Raises:
        InputError: For a bad sweep file, or where there is no results file.
        QnnqError: For a damaged results file.
    """
    points = expand(read_sweep(sweep))
    with Store(results) as store:
        settings: dict[str, list[StoredSetting]] = {}
        for setting in store.settings():
            settings.setdefault(canonical(setting.labels), []).append(setting)
        failed: Counter[str] = Counter()
        for failure in store.failures():
            failed[canonical(failure.labels)] += 1
        return [
            _progress(store, point, settings.get(canonical(point.labels), []), failed)
            for point in points
        ]


def seconds_left(points: list[PointProgress], workers: int) -> float | None:
    """Return how long the missing tasks will take, or None where no task is finished."""
    done = sum(point.done for point in points)
    if not done:
        return None
    usual = sum(point.done * (point.seconds or 0.0) for point in points) / done
    left = sum(
        (point.missing - point.failed) * (usual if point.seconds is None else point.seconds)
        for point in points
    )
    return left / workers


def _progress(
    store: Store, point: Point, settings: list[StoredSetting], failed: Counter[str]
) -> PointProgress:
    seeds = {*point.seeds}
    known = done = claimed = 0
    seconds = 0.0
    for setting in settings:
        if any(setting.content.get(name) != value for name, value in point.inputs.items()):
            continue
        for seed, took, taken in store.progress(setting.id):
            if seed in seeds:
                known += 1
                done += took is not None
                seconds += took or 0.0
                claimed += taken and took is None
    asked = known if point.target_width is not None else len(seeds) * len(point.blocks)
    missing = max(0, asked - done)
    if failed[canonical(point.labels)]:
        failures = missing
    else:
        of_seeds = (canonical({**point.labels, "seed": seed}) for seed in seeds)
        failures = sum(failed[labels] for labels in of_seeds) if failed else 0
    return PointProgress(
        point.labels, done, missing, failures, claimed, seconds / done if done else None
    )

"""What a page is made from: results files and the folders of runs on devices."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qnnq.jobs.folder import find_run
from qnnq.jobs.reading import Collected, collect_run
from qnnq.results.file import Store
from qnnq.results.labels import setting_text
from qnnq.results.points import (
    REPEATED,
    Measured,
    draws_are_shared,
    filtered,
    named_inputs,
    read_notes,
    read_points,
    read_references,
)
from qnnq.results.repetitions import Repetitions
from qnnq.results.result import RunResult
from qnnq.results.task import REFERENCES

_TOLD = 20
"""Failures of a results file that a page tells; the rest are counted."""


@dataclass(frozen=True)
class Origin:
    """How one setting was measured: its labels and seeds, and the result of its first task."""

    labels: Mapping[str, Any]
    seeds: tuple[int, ...]
    result: RunResult


@dataclass(frozen=True)
class Sources:
    """All that was read.

    Attributes:
        names: The files and folders, as they were given.
        points: Every point.
        references: Networks that answer once, which they are read beside.
        origins: How each setting was measured.
        runs: Runs on devices by folder.
        sweeps: The texts of the sweep files that asked for the points.
        submissions: The command lines that asked for the runs.
        notes: What a reader should know, failures among them.
    """

    names: tuple[str, ...]
    points: tuple[Measured, ...]
    references: tuple[Measured, ...]
    origins: tuple[Origin, ...]
    runs: Mapping[str, Collected]
    sweeps: tuple[str, ...]
    submissions: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def inputs(self) -> list[tuple[str, str, str]]:
        """Networks, data and measured noise: kind, name, digest."""
        return sorted(
            {
                found
                for origin in self.origins
                for found in named_inputs(origin.labels, origin.result.task.to_json())
            }
        )


def read_sources(
    paths: Iterable[str | Path], where: Sequence[str] = (), *, pool_seeds: bool = False
) -> Sources:
    """Read results files and run folders.

    Args:
        paths: A folder is a run, anything else a results file; `latest` is the last run.
        where: Conditions `label=value` on the points of results files.
        pool_seeds: Whether the shots of all seeds of a point make one vote.

    Raises:
        InputError: If one is missing, is neither, or holds nothing that is finished.
        QnnqError: If one is damaged.
    """
    names = tuple(map(str, paths))
    points: list[Measured] = []
    origins: list[Origin] = []
    runs: dict[str, Collected] = {}
    references: list[Measured] = []
    notes: list[str] = []
    sweeps: list[str] = []
    submissions: list[str] = []
    for name in names:
        if is_run(name):
            folder = find_run(name)
            runs[str(folder)] = found = collect_run(folder)
            points.append(_measured(found))
            submissions.append(found.command)
            references += _unsampled(found)
            origins.append(Origin(found.labels, (found.result.seed,), found.result))
            continue
        references += read_references(name)
        points += read_points(name, where, pool_seeds=pool_seeds)
        with Store(name) as store:
            origins += _origins(store)
            sweeps += store.asked("sweep")
            submissions += store.asked("submit")
        told, failures = read_notes(name)
        notes += told
        notes += [
            f"failed: {setting_text(each.labels)}: {each.reason}" for each in failures[:_TOLD]
        ]
        if left := failures[_TOLD:]:
            notes.append(f"failed: {len(left)} more, which qnnq results {name} lists")
    unfinished = sum(not point.complete for point in points)
    if unfinished:
        notes.append(f"{unfinished} of {len(points)} points are not finished")
    points = [each for each in points if each.labels.get("engine") not in REFERENCES] or points
    points, references = by_digest(points, references)
    return Sources(
        names,
        tuple(alike(points)),
        tuple(references),
        tuple(origins),
        runs,
        tuple(dict.fromkeys(sweeps)),
        tuple(dict.fromkeys(submissions)),
        tuple(notes),
    )


def by_digest(
    points: Sequence[Measured], references: Sequence[Measured]
) -> tuple[list[Measured], list[Measured]]:
    """Give each network one name, whatever the paths, and others of that name their digests."""
    paths: dict[str, str] = {}
    for point in (*points, *references):
        name = str(point.labels["network"])
        paths[point.network_digest] = min(paths.get(point.network_digest, name), name, key=len)
    names = {digest: Path(path).name for digest, path in paths.items()}
    taken = Counter(names.values())
    called = {d: f"{name} ({d[:8]})" if taken[name] > 1 else name for d, name in names.items()}

    def renamed(some: Sequence[Measured]) -> list[Measured]:
        return [
            replace(each, labels={**each.labels, "network": called[each.network_digest]})
            for each in some
        ]

    return renamed(points), renamed(references)


def is_run(name: str) -> bool:
    """Whether a name means a run folder; others mean results files."""
    return name == "latest" or Path(name).is_dir()


def source_points(
    name: str, where: Sequence[str] = (), *, pool_seeds: bool = False
) -> list[Measured]:
    """Return the points of a results file or a run folder that meet conditions.

    Raises `InputError` and `QnnqError` as `read_sources`.
    """
    if not is_run(name):
        return read_points(name, where, pool_seeds=pool_seeds)
    run = collect_run(find_run(name))
    found = [_measured(run), *_unsampled(run)]
    chosen = [point for _, point in filtered([(each.labels, each) for each in found], where)]
    return chosen if any(each.startswith("engine=") for each in where) else chosen[:1]


def source_references(name: str) -> list[Measured]:
    """Return the references of a results file or a run folder; raises as `read_sources`."""
    if not is_run(name):
        return read_references(name)
    return _unsampled(collect_run(find_run(name)))


def alike(points: Iterable[Measured]) -> list[Measured]:
    """Give all points the same labels, empty where a source does not have one."""
    points = list(points)
    blank = dict.fromkeys((name for point in points for name in point.labels), "")
    return [replace(point, labels={**blank, **point.labels}) for point in points]


def _measured(run: Collected) -> Measured:
    result = run.result
    labels = {name: value for name, value in run.labels.items() if name not in REPEATED}
    strength = 1.0 if result.task.strength is None else result.task.strength
    return Measured(
        {**labels, "mode": result.task.mode, "content": "", "strength": strength},
        result.images,
        result.labels,
        result.counts,
        result.softmax_sums,
        result.seconds,
        result.task.network,
        str(result.task.data),
        not run.partial,
        Repetitions.one(result.labels, result.counts, result.softmax_sums, (result.seed, 0)),
        draws_are_shared(result.task.to_json()),
    )


def _unsampled(run: Collected) -> list[Measured]:
    result = run.unsampled
    if result is None:
        return []
    aside = {"mode": result.task.mode, "content": ""}
    own = {"engine": result.task.engine, "noise": "ideal", "strength": 0.0, "shots": 1}
    labels = {name: value for name, value in run.labels.items() if name not in REPEATED}
    reference = Measured(
        {**labels, **aside, **own},
        result.images,
        result.labels,
        result.counts,
        result.softmax_sums,
        result.seconds,
        result.task.network,
        str(result.task.data),
        not run.partial,
    )
    return [reference]


def _origins(store: Store) -> list[Origin]:
    return [
        Origin(each.setting.labels, tuple(store.seeds(each)), store.any_result(each))
        for each in store.measured()
        if each.setting.labels.get("engine") not in REFERENCES
    ]

"""From a sweep file to points, and from a point to the tasks that measure it."""

import hashlib
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from noise_models.errors import NoiseError
from qnnq.data.load import load_data
from qnnq.data.selection import image_ranges, parse_images
from qnnq.deployments.noise_text import is_measured
from qnnq.devices.names import device_kind, device_names, own_name, resolve_device
from qnnq.errors import InputError, QnnqError
from qnnq.execution.class_probabilities import check_enumerable
from qnnq.execution.inputs import as_pixels
from qnnq.limits import MOST_POINTS
from qnnq.networks.bundled import load_model
from qnnq.networks.network import Network
from qnnq.options.coherent import OF_COHERENT_MODE
from qnnq.runs.deploy import deploy
from qnnq.runs.labels import request_labels
from qnnq.runs.request import RunRequest, check_request
from qnnq.sweep.file import SWEPT, Grid, SweepFile
from transpile.errors import TranspileError

IMAGES_PER_TASK = {"aer": 100}
"""Default size of a task by engine, so that a task takes seconds; other engines: all images."""
_ADAPTIVE_IMAGES_PER_TASK = 500
ALL_BUNDLED = "bundled"
"""In `devices`: every bundled fake device that the activation step can be compiled for."""
REFUSALS = (QnnqError, NoiseError, TranspileError)
"""What says that input is bad, or that a service failed; anything else is a defect."""
_OWN_NOISE = re.compile(r"\bdevice\b")


@dataclass(frozen=True)
class Point:
    """One setting whose accuracy is measured, with its repetitions.

    Attributes:
        labels: What it is called in tables and figures; no part of any task's identity.
        request: The run, with its images as the user wrote them and the first seed.
        seeds: The seeds of its repetitions.
        inputs: Digests of the files that it is measured with, as they are in a task.
        blocks: The selections of images that its tasks take.
        target_width: Stop when the accuracy's interval is this narrow, or None.
        majority: Whether that is the majority's accuracy; else it is that of a single shot.
        threshold: Stop as well when the interval lies above or below it, or None.
        rounds: Rounds of `request.shots` shots, at most.
    """

    labels: Mapping[str, Any]
    request: RunRequest
    seeds: tuple[int, ...]
    inputs: Mapping[str, str]
    blocks: tuple[str, ...]
    target_width: float | None
    majority: bool
    threshold: float | None
    rounds: int


def round_seed(seed: int, round_: int) -> int:
    """Return the seed of a round: the user's for the first, then 62-bit hashes of (seed, round)."""
    if round_ == 0:
        return seed
    digest = hashlib.sha256(f"qnnq round {round_} of seed {seed}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 2


def expand(sweep: SweepFile) -> Iterator[Point]:
    """Return all points, those that share compiled circuits after one another.

    They are made as they are asked for; what does not exist raises `InputError` at once.
    """
    asked = sum(map(crossed, sweep.grid))
    if asked > MOST_POINTS:
        raise InputError(f"[[grid]]: expected at most {MOST_POINTS:,} points, found {asked:,}")
    files = _Files(cache(load_model), cache(_size), cache(_digest))
    for number, grid in enumerate(sweep.grid, start=1):
        try:
            ends = sorted({min(grid.strength), max(grid.strength)})
            deque(_expand_grid(grid, files, ends), maxlen=0)  # between them nothing else is wrong
        except REFUSALS as error:
            raise InputError(f"[[grid]] {number}: {error}") from error
    return (point for grid in sweep.grid for point in _expand_grid(grid, files, grid.strength))


class Counts(NamedTuple):
    """How much a sweep file asks for: `tasks` are those of points without a target width."""

    settings: int
    points: int
    adaptive: int
    tasks: int


def count_tasks(sweep: SweepFile) -> Counts:
    """Return how much a sweep file asks for, without making its points."""
    settings = points = adaptive = tasks = 0
    for grid in sweep.grid:
        aside = {"data", "engine", "images"}
        crossed: list[Sized] = [grid.off, _modes(grid), _devices(grid)]
        crossed += [values for name, values in _listed(grid).items() if name not in aside]
        number, seeds = math.prod(map(len, crossed)), len({*grid.seeds})
        for data, engine, images in product(grid.data, grid.engine, grid.images):
            settings += number
            repeated = number * (1 if engine == "exact" else seeds)
            points += repeated
            if grid.target_width is not None:
                adaptive += repeated
            else:
                blocks = _blocks(grid, engine, _size(data), images)
                tasks += repeated * len(blocks)
    return Counts(settings, points, adaptive, tasks)


class _Files(NamedTuple):
    """The files of a sweep, each read once."""

    networks: Callable[[str], Network]
    sizes: Callable[[str], int]
    digests: Callable[[str, str], str]


def crossed(grid: Grid) -> int:
    """Return how many points a grid has, with one device for `bundled`."""
    return math.prod(len(value) for _, value in grid if isinstance(value, list))


def _expand_grid(grid: Grid, files: _Files, strengths: Iterable[float]) -> Iterator[Point]:
    seeds = tuple(dict.fromkeys(grid.seeds))
    rounds, majority = 1, grid.target == "majority"
    if grid.target_width is not None:
        # More shots settle single shots; of the majority they only better the votes.
        rounds = (grid.max_shots or (1 if majority else 100) * grid.shots) // grid.shots
    blocks = cache(lambda data, engine, images: _blocks(grid, engine, files.sizes(data), images))
    listed: dict[str, Iterable[Any]] = _listed(grid) | {"mode": _modes(grid)}
    del listed["strength"]  # the innermost
    listed["strength"] = strengths
    of_circuits = {name: listed.pop(name) for name in [*listed] if SWEPT[name].compiled}
    of_circuits = {"device": _devices(grid), **of_circuits, "off": grid.off}
    for circuits in _crossed(of_circuits):
        device, noise, off = circuits["device"], circuits["noise"], circuits.pop("off")
        own = _OWN_NOISE.sub(own_name(device), noise) if device else noise
        if {*grid.engine} != {"ideal"}:
            _check_noise(own, device)
        switched = {**circuits, "noise": switch_off(own, off), "shots": grid.shots}
        for chosen in _crossed(listed):
            request = RunRequest(**switched, **chosen.pop("mode"), **chosen, seed=seeds[0])
            check_request(request)
            network, data, engine = request.model, request.data, request.engine
            if engine == "exact":
                _check_exact(grid, files.networks(network))
            inputs = {
                "network": files.networks(network).digest,
                "data": files.digests(network, data),
            }
            if engine == "ideal" or is_measured(own):  # quick to check as a whole
                states = load_data(data).states
                deployment = deploy(request, files.networks(network), states=states)
                if engine != "ideal":
                    inputs["noise"] = deployment.noise
            labels = point_labels(request, files.networks(network))
            yield Point(
                {**labels, "noise": noise, "off": "+".join(off)},
                request,
                seeds[:1] if engine == "exact" else seeds,  # it has nothing to repeat
                inputs,
                blocks(data, engine, request.images),
                grid.target_width,
                majority,
                grid.threshold,
                rounds,
            )


def _listed(grid: Grid) -> dict[str, list[Any]]:
    """Return the values of each option of all modes but the devices, by its name in a request."""
    return {
        name: getattr(grid, declared.grid)
        for name, declared in SWEPT.items()
        if not declared.mode and name not in ("mode", "device")
    }


def _crossed(listed: Mapping[str, Iterable[Any]]) -> Iterator[dict[str, Any]]:
    return (dict(zip(listed, values, strict=True)) for values in product(*listed.values()))


def _modes(grid: Grid) -> list[dict[str, Any]]:
    """Return the modes as options of a request, coherent with those that it alone has, crossed."""
    options = {name: value for name in OF_COHERENT_MODE if (value := getattr(grid, name))}
    if options and "coherent" not in grid.mode:
        raise InputError(f"{next(iter(options))}: expected coherent in `mode`")
    return [
        {"mode": mode, **chosen}
        for mode in grid.mode
        for chosen in (_crossed(options) if mode == "coherent" else [{}])
    ]


def _devices(grid: Grid) -> list[str | None]:
    devices: list[str | None] = []
    for name in grid.devices or []:
        devices += _usable_devices() if name == ALL_BUNDLED else [name]
    if not devices and any(_OWN_NOISE.search(noise) for noise in grid.noise):
        raise InputError("noise: 'device' means the noise of each of `devices`, which is missing")
    return devices or [None]


def _usable_devices() -> list[str]:
    """Return the bundled devices but the oldest, which have u2 and u3 gates and no sx."""
    return [
        name
        for name in device_names()
        if {"sx", "rx"} & set(resolve_device(name).target.operation_names)
    ]


def _check_noise(noise: str, device: str | None) -> None:
    """Find unknown names before anything is run."""
    from qnnq.deployments.noise_text import parse_noise

    if not is_measured(noise):
        parse_noise(noise, device)
    elif device is not None:
        device_kind(device)


def _check_exact(grid: Grid, network: Network) -> None:
    check_enumerable(network)
    if grid.target_width is not None:
        raise InputError(
            "target_width: expected engines that take shots, found exact, whose accuracies have no "
            "sampling error"
        )


def point_labels(request: RunRequest, network: Network) -> dict[str, Any]:
    """Return what tables and figures call a point."""
    return {
        "network": request.model,
        "stretch": max(network.stretches),
        "entanglement": network.entanglement,
        "widths": "-".join(map(str, network.widths)),
        **request_labels(request),
    }


def _size(data: str) -> int:
    return len(load_data(data).labels)


def _digest(network: str, data: str) -> str:
    """Return the digest of the data as a network takes them."""
    return as_pixels(load_model(network), load_data(data), data, network).digest


def _blocks(grid: Grid, engine: str, count: int, images: str) -> tuple[str, ...]:
    chosen = parse_images(images, count)
    size = grid.images_per_task or IMAGES_PER_TASK.get(engine)
    if grid.target_width is not None:
        # Any first part of a shuffled selection stands for all of it; all points share the order.
        chosen = np.random.default_rng(0).permutation(chosen)
        size = size or _ADAPTIVE_IMAGES_PER_TASK
    if size is None:
        return (image_ranges(chosen),)
    parts = [chosen[start : start + size] for start in range(0, len(chosen), size)]
    if grid.target_width is not None:
        parts = [np.sort(part) for part in parts]
    return tuple(map(image_ranges, parts))


def switch_off(noise: str, mechanisms: list[Any] | tuple[str, ...]) -> str:
    """Return a noise specification with mechanisms switched off."""
    if not mechanisms:
        return noise
    from noise_models import NoiseSpecification
    from noise_models.attribution import without_mechanisms

    if is_measured(noise):
        raise InputError(f"off: {noise!r} is measured as a whole; expected noise of known terms")
    specification = NoiseSpecification.parse(noise, device_names=device_names())
    return str(without_mechanisms(specification, mechanisms))

"""One run: a network, data, noise and an engine, from the user's words to additive counts."""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qnnq.data import Dataset, load_data, parse_images
from qnnq.devices import DEFAULT_DEVICE
from qnnq.engines.base import Engine
from qnnq.engines.ideal import IdealEngine
from qnnq.errors import InputError
from qnnq.models import load_model
from qnnq.naming import nearest
from qnnq.network import Network
from qnnq.shot_loop import run_shots

if TYPE_CHECKING:
    from qnnq.deployment import Deployment
    from qnnq.measured_deployment import MeasuredDeployment

EngineName = Literal["instrument", "aer", "ideal"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
PairGate = Literal["sx", "cz"]
PAIR_GATES: tuple[PairGate, ...] = get_args(PairGate)

MOST_SHOTS = 1_000_000
"""The shots of one image are held in memory together."""


@dataclass(frozen=True)
class RunRequest:
    """What a user asks for; names and paths are as on the command line.

    Attributes:
        model: A bundled network's name, or a network file.
        data: A bundled data set's name, or a file.
        images: Which images: `all`, `0:200`, `6929` or `1,5,9`.
        noise: A noise specification, or `measured:FILE` (a response file of `qnnq calibrate`).
        strength: Multiplies the strength of every noise term.
        pairs: Gate pairs inserted after each rotation.
        pair_gate: `sx` (SX, SX-dagger on each neuron) or `cz` (CZ, CZ on neighbours).
        engine: Where the layers are measured.
        device: The device whose layout, gates and durations are used; None takes the one that
            the noise names, else `fake_kingston`.
        qubits: `best`, `all`, or a list such as `3,4,5` or `3:4,7:8`.
        copies: Images side by side on the chip.
        shots: Shots an image.
        seed: Seed of every random number.
        compensate: Whether each neuron's angle is replaced by the one whose noisy probability
            is the wanted one, where there is one.
    """

    model: str = "mnist16-a0.5"
    data: str = "mnist-test"
    images: str = "all"
    noise: str = DEFAULT_DEVICE
    strength: float = 1.0
    pairs: int = 0
    pair_gate: PairGate = "sx"
    engine: EngineName = "instrument"
    device: str | None = None
    qubits: str = "best"
    copies: int = 1
    shots: int = 15
    seed: int = 0
    compensate: bool = False


@dataclass(frozen=True)
class RunResult:
    """What a run found; rates are derived from the counts when they are read.

    Attributes:
        task_id: SHA-256 of the canonical JSON of `task`.
        task: Everything that determines the result.
        images: Indices of the images in the data set, shape (images,).
        labels: Their classes, shape (images,).
        counts: Shots that chose each class, shape (images, classes).
        softmax_sums: Sum over shots of the softmax of the logits, shape (images, classes).
        seconds: Wall-clock time of the shots.
        versions: Package versions that made it.
        calibration: The device and the time of its calibration data, or None.
        out_of_reach: Share of the angles that compensation could not correct fully, or None.
    """

    task_id: str
    task: dict[str, Any]
    images: NDArray[np.int64]
    labels: NDArray[np.int64]
    counts: NDArray[np.int64]
    softmax_sums: NDArray[np.float64]
    seconds: float
    versions: dict[str, str]
    calibration: dict[str, str | None] | None
    out_of_reach: float | None = None

    @property
    def shots(self) -> int:
        """Shots an image."""
        return int(self.task["shots"])

    def to_json(self, with_counts: bool = False) -> dict[str, Any]:
        """Return the result in schema `qnnq.run/1`."""
        from dataclasses import asdict

        from qnnq.statistics import accuracies

        found = accuracies(self.counts, self.softmax_sums, self.labels, self.shots)
        document: dict[str, Any] = {
            "schema": "qnnq.run/1",
            "task_id": self.task_id,
            "task": self.task,
            "images": len(self.images),
            "shots": self.shots,
            "accuracy": {name: asdict(accuracy) for name, accuracy in found.items()},
            "seconds": self.seconds,
            "versions": self.versions,
            "calibration": self.calibration,
        }
        if self.out_of_reach is not None:
            document["out_of_reach"] = self.out_of_reach
        if with_counts:
            document["counts"] = self.counts.tolist()
        return document


@dataclass(frozen=True)
class PreparedRun:
    """A run whose input was checked, loaded and compiled."""

    network: Network
    dataset: Dataset
    images: NDArray[np.int64]
    shots: int
    seed: int
    task: dict[str, Any]
    deployment: "Deployment | MeasuredDeployment | None" = None
    engine_name: EngineName = "ideal"
    compensate: bool = False
    task_id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "task_id", task_id(self.task))

    def engine(self) -> Engine:
        """Return the engine that the run asks for."""
        if self.deployment is None:
            network = self.network
            return IdealEngine([network.layer_entanglement(i) for i in range(network.hidden)])
        return self.deployment.engine(self.engine_name)

    def execute(
        self,
        progress: Callable[[int], None] | None = None,
        threads: int | None = None,
        keep_partial: bool = False,
    ) -> RunResult:
        """Run all shots; `progress` is told how many images were finished since the last call.

        With `keep_partial`, Ctrl-C gives the result of the images that were finished: that of the
        same task with fewer images.
        """
        started = time.perf_counter()
        engine = self.engine()
        compensated = None
        if self.compensate and self.deployment is not None:
            engine = compensated = self.deployment.compensated(engine)
        votes = run_shots(
            self.network,
            self.dataset.images[self.images],
            self.images,
            engine,
            self.shots,
            self.seed,
            progress,
            threads=threads or (1 if self.engine_name == "aer" else os.cpu_count() or 1),
            keep_partial=keep_partial,
        )
        images = self.images[: len(votes.counts)]
        task = {**self.task, "images": image_ranges(images)}
        return RunResult(
            task_id=task_id(task),
            task=task,
            images=images,
            labels=self.dataset.labels[images].astype(np.int64),
            counts=votes.counts,
            softmax_sums=votes.softmax_sums,
            seconds=time.perf_counter() - started,
            versions=package_versions(),
            calibration=self.deployment.calibration if self.deployment else None,
            out_of_reach=compensated.out_of_reach() if compensated else None,
        )


def task_id(task: dict[str, Any]) -> str:
    """Return the SHA-256 (hexadecimal) of a task's canonical JSON."""
    text = json.dumps(task, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that determine a result."""
    names = ("qnnq", "numpy", "qiskit", "qiskit-aer", "qiskit-ibm-runtime")
    return {name: version(name) for name in names}


def prepare(request: RunRequest) -> PreparedRun:
    """Check, load and compile what a run needs.

    Raises:
        InputError: If anything that was asked for does not exist or does not fit together.
    """
    _check(request)
    network = load_model(request.model)
    dataset = load_data(request.data)
    if dataset.images.shape[1] != network.inputs:
        raise InputError(
            f"{request.data}: expected images of {network.inputs} pixels (what {request.model} "
            f"takes), got {dataset.images.shape[1]}"
        )
    if dataset.labels.max(initial=0) >= network.classes:
        place = int(np.argmax(dataset.labels >= network.classes))
        raise InputError(
            f"{request.data}: expected labels 0 to {network.classes - 1} (what {request.model} "
            f"tells apart), got {dataset.labels[place]} at image {place}"
        )
    images = parse_images(request.images, len(dataset.labels))
    deployment = _deployment(request, network)
    task = {
        "network": network.digest,
        "data": dataset.digest,
        "images": image_ranges(images),
        "shots": request.shots,
        "seed": request.seed,
        "engine": request.engine,
        "mode": "stepwise",
        "compensate": request.compensate,
        **(deployment.task if deployment else {"noise": "ideal", "strength": 1.0}),
    }
    return PreparedRun(
        network,
        dataset,
        images,
        request.shots,
        request.seed,
        task,
        deployment,
        request.engine,
        request.compensate,
    )


def _deployment(request: RunRequest, network: Network) -> "Deployment | MeasuredDeployment | None":
    if request.engine == "ideal":
        if request.noise != "ideal" and _is_noisy(request):
            raise InputError(
                f"--engine ideal: expected --noise ideal, got {request.noise!r} "
                "(engines instrument and aer simulate noise)"
            )
        if request.compensate:
            raise InputError("--compensate: expected --engine instrument or aer, got ideal")
        return None
    from qnnq.deployment import deploy
    from qnnq.measured_deployment import deploy_measured, is_measured

    return (deploy_measured if is_measured(request.noise) else deploy)(
        network,
        noise=request.noise,
        strength=request.strength,
        device=request.device,
        qubits=request.qubits,
        copies=request.copies,
        pairs=request.pairs,
        pair_gate=request.pair_gate,
    )


def _is_noisy(request: RunRequest) -> bool:
    from qnnq.deployment import parse_noise

    specification, _ = parse_noise(request.noise, request.device)
    return bool(specification.scaled(request.strength).active_terms)


def _check(request: RunRequest) -> None:
    if request.engine not in ENGINES:
        raise InputError(
            f"--engine {request.engine!r}: expected one of {', '.join(ENGINES)}"
            f"{nearest(request.engine, ENGINES)}"
        )
    check_placement(request.pairs, request.pair_gate, request.copies)
    _at_least("shots", request.shots, 1)
    if request.shots > MOST_SHOTS:
        raise InputError(f"--shots {request.shots}: expected at most {MOST_SHOTS}")
    _at_least("seed", request.seed, 0)
    if not (math.isfinite(request.strength) and request.strength >= 0):
        raise InputError(f"--strength {request.strength}: expected a number >= 0")


def check_placement(pairs: int, pair_gate: str, copies: int) -> None:
    """Raise InputError unless the options of a placement are within their ranges."""
    if pair_gate not in PAIR_GATES:
        raise InputError(f"--pair-gate {pair_gate!r}: expected one of {', '.join(PAIR_GATES)}")
    _at_least("pairs", pairs, 0)
    _at_least("copies", copies, 1)


def _at_least(option: str, value: int, least: int) -> None:
    if value < least:
        raise InputError(f"--{option} {value}: expected a whole number >= {least}")


def image_ranges(images: NDArray[np.int64]) -> str:
    """Return image indices as text such as `0:200,300,302:305`, the same for equal selections."""
    runs = np.split(images, np.flatnonzero(np.diff(images) != 1) + 1)
    return ",".join(
        f"{run[0]}:{run[-1] + 1}" if len(run) > 1 else f"{run[0]}" for run in runs if len(run)
    )

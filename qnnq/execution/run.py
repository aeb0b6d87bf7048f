"""One run: a network, data, noise and an engine, from the user's words to additive counts."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.data.selection import image_ranges, parse_images
from qnnq.devices.device import Device
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.request import EngineName, RunRequest, check_request
from qnnq.execution.shot_loop import Votes, run_shots
from qnnq.limits import MOST_OUTCOMES
from qnnq.networks.bundled import load_model
from qnnq.networks.network import Network
from qnnq.results.result import RunResult, package_versions
from qnnq.results.task import Task

if TYPE_CHECKING:
    from qnnq.execution.coherent_deployment import CoherentDeployment
    from qnnq.execution.deployment import Deployment
    from qnnq.execution.engines.compensated import CompensatedEngine
    from qnnq.execution.measured_deployment import MeasuredDeployment


@dataclass(frozen=True)
class PreparedRun:
    """A run whose input was checked, loaded and compiled."""

    network: Network
    dataset: Dataset
    images: NDArray[np.int64]
    shots: int
    seed: int
    task: Task
    deployment: "Deployment | MeasuredDeployment | CoherentDeployment | None" = None
    engine_name: EngineName = "ideal"
    compensate: bool = False

    def part(self, images: str, seed: int) -> "PreparedRun":
        """Return the same run with other images, as in a task, and another seed."""
        return replace(
            self,
            images=parse_images(images, len(self.dataset.labels)),
            seed=seed,
            task=replace(self.task, images=images, seed=seed),
        )

    def mode(self) -> tuple[Mode, "CompensatedEngine | None"]:
        """Return the mode that the run asks for, and the engine that corrects angles if any."""
        entanglements = self.network.entanglements
        if self.deployment is None:
            return Stepwise(IdealEngine(entanglements), entanglements), None
        from qnnq.execution.coherent_deployment import CoherentDeployment

        if isinstance(self.deployment, CoherentDeployment):
            return self.deployment.mode(), None
        engine, compensated = self._engine(self.deployment, self.seed)
        return Stepwise(engine, entanglements), compensated

    def execute(
        self,
        progress: Callable[[int], None] | None = None,
        threads: int | None = None,
        keep_partial: bool = False,
        with_error: bool = True,
    ) -> RunResult:
        """Run all shots; `progress` is told how many images were finished since the last call.

        With `keep_partial`, Ctrl-C gives the result of the images that were finished: that of the
        same task with fewer images. `with_error`: whether a measured response is varied within its
        errors, or a drift, which takes forty runs, so that they become part of the intervals.
        """
        started = time.perf_counter()
        mode, compensated = self.mode()
        votes = self._shots(mode, progress, threads, keep_partial)
        images = self.images[: len(votes.counts)]
        whole = len(images) == len(self.images)
        task = self.task if whole else replace(self.task, images=image_ranges(images))
        deviations = self._calibration_deviations(len(images), threads) if with_error else None
        drift = self._drift_deviations(len(images), threads) if with_error else None
        return RunResult(
            task_id=task.id,
            task=task,
            images=images,
            labels=self.dataset.labels[images].astype(np.int64),
            counts=votes.counts,
            softmax_sums=votes.softmax_sums,
            seconds=time.perf_counter() - started,
            versions=package_versions(),
            calibration=self.deployment.calibration if self.deployment else None,
            out_of_reach=compensated.out_of_reach() if compensated else None,
            calibration_deviations=deviations,
            drift_deviations=drift,
        )

    def _engine(
        self, deployment: "Deployment | MeasuredDeployment", drift_seed: int
    ) -> "tuple[Engine, CompensatedEngine | None]":
        """Return the engine, and the same where it corrects angles, for the noise without drift."""
        from qnnq.execution.deployment import Deployment

        if isinstance(deployment, Deployment) and deployment.drifts:
            engine = deployment.drifting_engine(self.engine_name, shots=self.shots, seed=drift_seed)
        else:
            engine = deployment.engine(self.engine_name)
        if not self.compensate:
            return engine, None
        compensated = deployment.compensated(engine)
        return compensated, compensated

    def _drift_deviations(self, first: int, threads: int | None) -> dict[str, float] | None:
        """Return how far the accuracies of the first images vary with the drift of the noise."""
        from qnnq.execution.deployment import Deployment

        deployment = self.deployment
        if not isinstance(deployment, Deployment) or not deployment.drifts:
            return None
        if self.engine_name != "instrument":  # forty runs of another one take too long
            return None
        from qnnq.execution.drift_error import drift_deviations
        from qnnq.statistics import accuracies

        labels = self.dataset.labels[self.images[:first]].astype(np.int64)
        entanglements = self.network.entanglements
        return drift_deviations(
            lambda day: self._engine(deployment, day)[0],
            lambda engine: self._shots(
                Stepwise(engine, entanglements), threads=threads, first=first
            ),
            lambda votes: accuracies(votes.counts, votes.softmax_sums, labels, self.shots),
            self.seed,
        )

    def _shots(
        self,
        mode: Mode,
        progress: Callable[[int], None] | None = None,
        threads: int | None = None,
        keep_partial: bool = False,
        first: int | None = None,
    ) -> Votes:
        """Run the shots of all images, or of the first ones."""
        images = self.images[:first]
        return run_shots(
            self.network,
            self.dataset.images[images],
            images,
            mode,
            self.shots,
            self.seed,
            progress,
            threads=threads or (1 if self.engine_name == "aer" else os.cpu_count() or 1),
            keep_partial=keep_partial,
        )

    def _calibration_deviations(self, first: int, threads: int | None) -> dict[str, float] | None:
        """Return how far the accuracies of the first images are uncertain by the calibration."""
        from qnnq.execution.measured_deployment import MeasuredDeployment

        if not isinstance(self.deployment, MeasuredDeployment):
            return None
        from qnnq.execution.calibration_error import calibration_deviations
        from qnnq.statistics import accuracies

        labels = self.dataset.labels[self.images[:first]].astype(np.int64)
        entanglements = self.network.entanglements
        return calibration_deviations(
            self.deployment,
            self.compensate,
            lambda engine: self._shots(
                Stepwise(engine, entanglements), threads=threads, first=first
            ),
            lambda votes: accuracies(votes.counts, votes.softmax_sums, labels, self.shots),
            self.seed,
        )


def prepare(request: RunRequest, find: Callable[[str], Device] = resolve_device) -> PreparedRun:
    """Check, load and compile what a run needs.

    Args:
        request: What is asked for.
        find: Returns the device of a name. A series of runs that is to see one calibration of a
            machine passes one that remembers its devices.

    Raises:
        InputError: If anything that was asked for does not exist or does not fit together.
    """
    check_request(request)
    network = load_model(request.model)
    dataset = load_data(request.data)
    if dataset.images.shape[1] != network.inputs:
        raise InputError(
            f"{request.data}: expected images of {network.inputs} pixels (what {request.model} "
            f"takes), got {dataset.images.shape[1]}"
        )
    if dataset.labels.max(initial=0) >= network.classes:
        index = int(np.argmax(dataset.labels >= network.classes))
        raise InputError(
            f"{request.data}: expected labels 0 to {network.classes - 1} (what {request.model} "
            f"tells apart), got {dataset.labels[index]} at image {index}"
        )
    widest = max(network.widths)
    if request.shots * widest > MOST_OUTCOMES:
        raise InputError(
            f"--shots {request.shots}: expected at most {MOST_OUTCOMES // widest} with layers of "
            f"{widest} neurons, as the shots of an image are held in memory together"
        )
    images = parse_images(request.images, len(dataset.labels))
    deployment = deploy_request(request, network, find)
    task = Task(
        network=network.digest,
        data=dataset.digest,
        images=image_ranges(images),
        shots=request.shots,
        seed=request.seed,
        engine=request.engine,
        compensate=request.compensate,
        noise="ideal",
        strength=1.0,
    )
    if deployment is not None:
        task = deployment.completed(task)
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


def run(request: RunRequest, progress: Callable[[int], None] | None = None) -> RunResult:
    """Run a network as a request says.

    Args:
        request: What is asked for.
        progress: Called with the number of images that were finished since the last call.

    Raises:
        InputError, NoiseError, TranspileError: If anything that was asked for does not exist or
            does not fit together.
    """
    return prepare(request).execute(progress)


def deploy_request(
    request: RunRequest, network: Network, find: Callable[[str], Device] = resolve_device
) -> "Deployment | MeasuredDeployment | CoherentDeployment | None":
    """Put the network where the request wants it; None for the ideal engine.

    Raises:
        InputError: If the engine, the noise and the placement do not fit together.
    """
    if request.engine == "ideal":
        if request.noise != "ideal" and _is_noisy(request):
            raise InputError(
                f"--engine ideal: expected --noise ideal, got {request.noise!r} "
                "(engines instrument and aer simulate noise)"
            )
        return None
    if request.compensate:
        check_compensable(network)
    from qnnq.execution.coherent_deployment import deploy_coherent
    from qnnq.execution.deployment import deploy
    from qnnq.execution.measured_deployment import deploy_measured, is_measured

    measured = is_measured(request.noise)
    if request.mode == "coherent":
        if measured:
            raise InputError(
                f"--noise {request.noise}: expected --mode stepwise, got coherent: layers were "
                "measured one by one"
            )
        return deploy_coherent(request, network, find)
    if measured and request.engine != "instrument":
        raise InputError(
            f"--engine {request.engine}: expected instrument with --noise measured:FILE"
        )
    options: dict[str, Any] = {
        "noise": request.noise,
        "strength": request.strength,
        "device": request.device,
        "qubits": request.qubits,
        "copies": request.copies,
        "pairs": request.pairs,
        "pair_gate": request.pair_gate,
    }
    return (
        deploy_measured(network, **options) if measured else deploy(network, **options, find=find)
    )


def check_compensable(network: Network) -> None:
    """Raise InputError for a network whose angles already give all the contrast that there is.

    At stretch 0 a weakly measured neuron is always asked for its extreme probabilities,
    (1 +- sin g) / 2. Noise puts both out of reach, and only a larger g would bring them back.
    """
    if network.stretch == 0 and min(network.entanglements) < math.pi / 2:
        raise InputError(
            "--compensate: expected a stretch above 0 with weak measurements: at stretch 0 every "
            "angle gives the largest contrast already, so correcting angles changes nothing"
        )


def _is_noisy(request: RunRequest) -> bool:
    from qnnq.execution.deployment import parse_noise
    from qnnq.execution.measured_deployment import is_measured

    if is_measured(request.noise):
        return True
    specification, _ = parse_noise(request.noise, request.device)
    return bool(specification.scaled(request.strength).active_terms)

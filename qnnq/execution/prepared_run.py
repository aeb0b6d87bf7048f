"""A run that is ready: checked, loaded, compiled, and what it gives when it is executed."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.data.selection import image_ranges, parse_images
from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.request import EngineName
from qnnq.execution.shot_loop import Votes, run_shots
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
            task=self.task.part(images, seed),
        )

    def selection(self) -> dict[str, NDArray[Any]]:
        """Return the pixels, classes and indices of the images: `images`, `labels`, `indices`."""
        return {
            "images": np.asarray(self.dataset.images[self.images]),
            "labels": self.dataset.labels[self.images].astype(np.int64),
            "indices": self.images,
        }

    def mode(self) -> tuple[Mode, "CompensatedEngine | None"]:
        """Return the mode that the run asks for, and the engine that corrects angles if any."""
        entanglements = self.network.entanglements
        if self.deployment is None:
            return Stepwise(IdealEngine(entanglements), entanglements), None
        from qnnq.execution.coherent_deployment import CoherentDeployment

        if isinstance(self.deployment, CoherentDeployment):
            return self.deployment.mode(self.engine_name), None
        engine, compensated = self._engine(self.deployment, self.seed)
        return Stepwise(engine, entanglements), compensated

    def execute(
        self,
        progress: Callable[[int], None] | None = None,
        threads: int | None = None,
        keep_partial: bool = False,
        with_error: bool = True,
    ) -> RunResult:
        """Run all shots.

        Args:
            progress: Called with the number of images that were finished since the last call.
            threads: Blocks of images worked on at once; None: as many as suit the engine.
            keep_partial: Whether Ctrl-C gives the result of the images that were finished: that of
                the same task with fewer images.
            with_error: Whether a measured response is varied within its errors, or a drift, which
                takes forty runs, so that they become part of the intervals.
        """
        if self.engine_name == "exact":
            return self._exact(progress, threads)
        started = time.perf_counter()
        mode, compensated = self.mode()
        votes = self._shots(mode, progress, threads, keep_partial)
        images = self.images[: len(votes.counts)]
        whole = len(images) == len(self.images)
        task = self.task if whole else replace(self.task, images=image_ranges(images))
        with_error = with_error and self.dataset.labelled
        deviations = self._calibration_deviations(votes, threads) if with_error else None
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

    def _exact(self, progress: Callable[[int], None] | None, threads: int | None) -> RunResult:
        from qnnq.execution.deployment import Deployment
        from qnnq.execution.exact_run import execute_exact

        assert isinstance(self.deployment, Deployment)
        return execute_exact(
            self.network,
            self.dataset,
            self.images,
            self.deployment,
            self.task,
            self.shots,
            progress,
            threads,
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

    def _calibration_deviations(self, votes: Votes, threads: int | None) -> dict[str, float] | None:
        """Return how far the accuracies of the first images are uncertain by the calibration."""
        from qnnq.execution.measured_deployment import MeasuredDeployment

        if not isinstance(self.deployment, MeasuredDeployment):
            return None
        from qnnq.execution.calibration_error import calibration_deviations
        from qnnq.statistics import accuracies

        first = len(votes.counts)
        labels = self.dataset.labels[self.images[:first]].astype(np.int64)
        entanglements = self.network.entanglements
        return calibration_deviations(
            self.deployment,
            self.compensate,
            lambda engine: self._shots(
                Stepwise(engine, entanglements), threads=threads, first=first
            ),
            lambda votes: accuracies(votes.counts, votes.softmax_sums, labels, self.shots),
            votes,
            self.seed,
        )

"""A run that is ready: checked, loaded, compiled, and what it gives when it is executed."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.data.selection import image_ranges, parse_images
from qnnq.data.states.preparations import Preparations, preparations_of
from qnnq.deployments.base import DeployedMode, Deployment
from qnnq.execution.modes.base import Mode
from qnnq.execution.shot_loop import Votes, run_shots
from qnnq.networks.network import Network
from qnnq.results.result import RunResult, package_versions
from qnnq.results.task import Task
from qnnq.runs.request import EngineName
from qnnq.statistics import accuracies


@dataclass(frozen=True)
class PreparedRun:
    """A run whose input was checked, loaded and compiled."""

    network: Network
    dataset: Dataset
    images: NDArray[np.int64]
    shots: int
    seed: int
    task: Task
    deployment: Deployment
    engine_name: EngineName

    def part(self, images: str, seed: int) -> "PreparedRun":
        """Return the same run with other images, as in a task, and another seed."""
        return replace(
            self,
            images=parse_images(images, len(self.dataset.labels)),
            seed=seed,
            task=self.task.part(images, seed),
        )

    def selection(self) -> dict[str, NDArray[Any]]:
        """Return the pixels, classes and indices of the images: `images`, `labels`, `indices`.

        Of states it has their preparations beside that.
        """
        prepared = self.preparations()
        return {
            **({} if prepared is None else prepared.arrays()),
            "images": np.asarray(self.dataset.images[self.images]),
            "labels": self.dataset.labels[self.images].astype(np.int64),
            "indices": self.images,
        }

    def preparations(self) -> Preparations | None:
        """Return how the chosen images are prepared, where they are states."""
        states = self.dataset.states
        return None if states is None else preparations_of(states).of(self.images)

    def unsampled(self) -> RunResult:
        """Return what the same weights say where phi(z) stands for every outcome."""
        from qnnq.runs.unsampled import unsampled

        return unsampled(self.network, self.dataset, self.images)

    def mode(self) -> DeployedMode:
        """Return the mode that the run asks for."""
        return self.deployment.mode(self.engine_name, self.shots, self.seed)

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
            from qnnq.runs.exact_run import execute_exact

            return execute_exact(
                *(self.network, self.dataset, self.images, self.deployment, self.task, self.shots),
                progress,
                threads,
            )
        started = time.perf_counter()
        mode = self.mode()
        votes = self._shots(mode, progress, threads, keep_partial)
        images = self.images[: len(votes.counts)]
        whole = len(images) == len(self.images)
        task = self.task if whole else replace(self.task, images=image_ranges(images))
        deviations = self._deviations(votes, threads) if with_error else {}
        return RunResult(
            task_id=task.id,
            task=task,
            images=images,
            labels=self.dataset.labels[images].astype(np.int64),
            counts=votes.counts,
            softmax_sums=votes.softmax_sums,
            seconds=time.perf_counter() - started,
            versions=package_versions(),
            calibration=self.deployment.calibration,
            out_of_reach=mode.out_of_reach(),
            calibration_deviations=deviations.get("calibration"),
            drift_deviations=deviations.get("drift"),
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

    def _deviations(self, votes: Votes, threads: int | None) -> dict[str, dict[str, float]]:
        """Return how far the accuracies of the first images vary, by why they do."""
        if not self.dataset.labelled:
            return {}
        first = len(votes.counts)
        labels = self.dataset.labels[self.images[:first]].astype(np.int64)
        variations = self.deployment.variations(self.engine_name, self.shots, self.seed)
        return {
            each.name: each.deviations(
                lambda mode: self._shots(mode, threads=threads, first=first),
                lambda votes: accuracies(votes.counts, votes.softmax_sums, labels, self.shots),
                votes,
            )
            for each in variations
        }

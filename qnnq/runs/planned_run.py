"""A run that is checked and loaded, of which nothing is compiled yet, and what identifies it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.data.selection import image_ranges
from qnnq.deployments.base import Deployment
from qnnq.networks.network import Network
from qnnq.results.rows import canonical
from qnnq.results.task import SAMPLING, Task
from qnnq.runs.prepared_run import PreparedRun
from qnnq.runs.request import RunRequest


@dataclass(frozen=True)
class RunIdentity:
    """All that determines the results of a run, known before anything is compiled.

    Attributes:
        content: What is measured, as plain JSON, without its images and seed.
        compiler: The versions and the source of what compiles it, {} where nothing is compiled.
    """

    content: dict[str, Any]
    compiler: dict[str, str]

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(canonical([self.content, self.compiler]).encode()).hexdigest()

    def part(self, images: str, seed: int) -> str:
        """Return the SHA-256 (hexadecimal) that identifies some images, as in a task, and a seed.

        Equal ones have equal results.
        """
        drawn = None if self.content["engine"] == "exact" else seed
        return hashlib.sha256(canonical([self._digest, images, drawn]).encode()).hexdigest()


@dataclass(frozen=True)
class PlannedRun:
    """A run whose input was checked and loaded.

    Attributes:
        request: What was asked for.
        network: The network.
        dataset: The data, as the network takes them.
        images: Indices of the images, shape (images,).
        deployment: The network where it was asked for.
    """

    request: RunRequest
    network: Network
    dataset: Dataset
    images: NDArray[np.int64]
    deployment: Deployment

    @property
    def _shots(self) -> int | None:
        return None if self.request.engine == "exact" else self.request.shots

    def identity(self) -> RunIdentity:
        """Return what identifies it; nothing is compiled."""
        content = {
            **self.deployment.identity(),
            "engine": self.request.engine,
            "data": self.dataset.digest,
            "shots": self._shots,
            "sampling": SAMPLING,
        }
        compiler = content.pop("compiler", {})
        return RunIdentity(content, compiler)

    def compiled(self) -> PreparedRun:
        """Return the run with its circuits and their noise.

        Raises:
            InputError, NoiseError, TranspileError: If they do not fit together.
        """
        request, deployment = self.request, self.deployment
        deployment.check(request.engine)
        task = Task(
            network=self.network.digest,
            data=self.dataset.digest,
            images=image_ranges(self.images),
            shots=self._shots,
            seed=None if self._shots is None else request.seed,
            engine=request.engine,
            compensate=request.compensate,
            noise="ideal",
            strength=1.0,
        )
        return PreparedRun(
            network=self.network,
            dataset=self.dataset,
            images=self.images,
            shots=request.shots,
            seed=request.seed,
            task=deployment.completed(task),
            deployment=deployment,
            engine_name=request.engine,
        )

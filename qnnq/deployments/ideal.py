"""A network without circuits or noise: the closed form of its neurons."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.deployments.base import PlacedCircuit
from qnnq.deployments.layered import LayeredMode
from qnnq.deployments.prediction import sampled_accuracy
from qnnq.deployments.variations import Variation
from qnnq.errors import InputError
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.networks.network import Network
from qnnq.results.task import Task


@dataclass(frozen=True, eq=False)
class IdealDeployment:
    """See `qnnq.deployments.base.Deployment`.

    Attributes:
        network: The network.
    """

    network: Network

    @property
    def calibration(self) -> None:
        """See `Deployment`."""

    @property
    def noise(self) -> str:
        """See `Deployment`."""
        return "ideal"

    def check(self, engine: str) -> None:
        """See `Deployment`."""

    def assumed_timing(self) -> None:
        """See `Deployment`."""

    def submitted(self, task: Task) -> Task:
        """See `Deployment`."""
        return task

    def mode(self, engine: str, shots: int, seed: int) -> LayeredMode:
        """See `Deployment`."""
        entanglements = self.network.entanglements
        return LayeredMode(IdealEngine(entanglements), entanglements)

    def exact_responses(self) -> tuple[LayerResponse, ...]:
        """See `Deployment`."""
        raise InputError("`engine` exact: expected a network on a device, got engine ideal")

    def circuits(self) -> tuple[PlacedCircuit, ...]:
        """See `Deployment`."""
        return ()

    def predicted(self, dataset: Dataset) -> float:
        """See `Deployment`."""
        return sampled_accuracy(self, "ideal", dataset)

    def variations(self, engine: str, shots: int, seed: int) -> tuple[Variation, ...]:
        """See `Deployment`."""
        return ()

    def tables(self) -> list[NDArray[np.float32]]:
        """See `Deployment`."""
        raise InputError("noise: expected one to train under, got none")

    def identity(self) -> dict[str, Any]:
        """See `Deployment`."""
        return {"network": self.network.digest, "noise": self.noise}

    def completed(self, task: Task) -> Task:
        """See `Deployment`."""
        return task

"""A network without circuits or noise: the closed form of its neurons."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.deployments.base import Deployment
from qnnq.deployments.layered import LayeredMode
from qnnq.deployments.prediction import sampled_accuracy
from qnnq.errors import InputError
from qnnq.execution.engines.coupled import ideal_responses
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.networks.network import Network
from qnnq.results.task import Task


@dataclass(frozen=True, eq=False)
class IdealDeployment(Deployment):
    """A network on no device, without noise.

    Attributes:
        network: The network.
    """

    network: Network

    @property
    def noise(self) -> str:
        """The noise at strength 1, in canonical words."""
        return "ideal"

    def submitted(self, task: Task) -> Task:
        """Return a task whose result comes from executing `circuits` on the device."""
        return task

    def mode(self, engine: str, shots: int, seed: int) -> LayeredMode:
        """Return what the shot loop goes through the layers with."""
        entanglements = self.network.entanglements
        if self.network.has_couplings:
            joint = InstrumentEngine(ideal_responses(self.network))
            return LayeredMode(joint, entanglements)
        return LayeredMode(IdealEngine(entanglements), entanglements)

    def exact_responses(self) -> tuple[LayerResponse, ...]:
        """Return what every layer answers, by which engine `exact` calculates probabilities."""
        raise InputError("`engine` exact: expected a network on a device, got engine ideal")

    def predicted(self, dataset: Dataset) -> float:
        """Return the share of shots that will be right, None where the noise is not known."""
        return sampled_accuracy(self, "ideal", dataset)

    def tables(self) -> list[NDArray[np.float32]]:
        """Return what every layer answers, for a training under this noise."""
        raise InputError("noise: expected one to train under, got none")

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON."""
        return {"network": self.network.digest, "noise": self.noise}

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its simulated result."""
        return task

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
from qnnq.execution.engines.coupled import ideal_responses
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.networks.network import Network
from qnnq.results.task import Task


@dataclass(frozen=True, eq=False)
class IdealDeployment:
    """A network on no device, without noise: a `qnnq.deployments.base.Deployment`.

    Attributes:
        network: The network.
    """

    network: Network

    @property
    def calibration(self) -> None:
        """The device and the time of its calibration data, None without a device."""

    @property
    def noise(self) -> str:
        """The noise at strength 1, in canonical words."""
        return "ideal"

    def check(self, engine: str) -> None:
        """Compile, build the noise and see that an engine takes them."""

    def assumed_timing(self) -> None:
        """Return what waits of a circuit of the whole network are taken to be, seconds."""

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

    def circuits(self) -> tuple[PlacedCircuit, ...]:
        """Return the circuits that a device would execute, in their order; without any, ()."""
        return ()

    def predicted(self, dataset: Dataset) -> float:
        """Return the share of shots that will be right, None where the noise is not known."""
        return sampled_accuracy(self, "ideal", dataset)

    def variations(self, engine: str, shots: int, seed: int) -> tuple[Variation, ...]:
        """Return why another run of the same task on the device might differ; see `mode`."""
        return ()

    def tables(self) -> list[NDArray[np.float32]]:
        """Return what every layer answers, for a training under this noise."""
        raise InputError("noise: expected one to train under, got none")

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON."""
        return {"network": self.network.digest, "noise": self.noise}

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its simulated result."""
        return task

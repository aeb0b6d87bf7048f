"""The seam between a network that is put somewhere and whoever runs, submits or judges it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.deployments.variations import Variation
from qnnq.execution.modes.base import Mode
from qnnq.networks.network import Network
from qnnq.results.task import Task

if TYPE_CHECKING:
    from qnnq.execution.engines.branch_instrument import BranchInstrument
    from qnnq.execution.engines.layer_response import LayerResponse
    from transpile import CompiledLayer, NetworkCircuit


class DeployedMode(Mode, Protocol):
    """A mode that may correct angles for the noise."""

    def out_of_reach(self) -> float | None:
        """Return the share of neurons and shots so far whose wanted probability was out of reach.

        None where angles are not corrected.
        """
        ...


@dataclass(frozen=True, eq=False)
class PlacedCircuit:
    """A circuit that is executed, and how the network lies in it.

    Attributes:
        circuit: One layer, or the whole network.
        width: Neurons of the layer; of a whole network those of its first one.
        copies: Images side by side.
        parts: Executions that one image takes.
        slots: Angles of an execution.
        duration_s: Length of the circuit, seconds.
    """

    circuit: "CompiledLayer | NetworkCircuit"
    width: int
    copies: int
    parts: int
    slots: int
    duration_s: float


class Deployment(Protocol):
    """A network, where it is run, and the noise there.

    What it takes is compiled when it is first asked for; `identity` takes nothing of it.
    """

    if TYPE_CHECKING:

        @property
        def network(self) -> Network:
            """The network."""

    @property
    def calibration(self) -> dict[str, str | None] | None:
        """The device and the time of its calibration data, None without a device."""
        return None

    @property
    def noise(self) -> str:
        """The noise at strength 1, in canonical words."""
        ...

    def check(self, engine: str) -> None:
        """Compile, build the noise and see that an engine takes them.

        Raises:
            InputError, NoiseError, TranspileError: If the parts do not fit together.
        """
        return None

    def mode(self, engine: str, shots: int, seed: int) -> DeployedMode:
        """Return what the shot loop goes through the layers with.

        Args:
            engine: What measures.
            shots: Shots an image.
            seed: Seed of a noise that drifts.
        """
        ...

    def exact_responses(self) -> "tuple[LayerResponse, ...]":
        """Return what every layer answers, by which engine `exact` calculates probabilities.

        Raises:
            InputError: If its neurons' answers are not fixed probabilities.
        """
        ...

    def circuits(self) -> tuple[PlacedCircuit, ...]:
        """Return the circuits that a device would execute, in their order; without any, ()."""
        return ()

    def assumed_timing(self) -> dict[str, Any] | None:
        """Return what waits of a circuit of the whole network are taken to be, seconds.

        None of circuits without feed-forward.
        """
        return None

    def submitted(self, task: Task) -> Task:
        """Return a task whose result comes from executing `circuits` on the device."""
        ...

    def predicted(self, dataset: Dataset) -> float | None:
        """Return the share of shots that will be right, None where the noise is not known.

        See `qnnq.deployments.prediction.sampled_accuracy`. Compensation is left out.
        """
        ...

    def variations(self, engine: str, shots: int, seed: int) -> tuple[Variation, ...]:
        """Return why another run of the same task on the device might differ; see `mode`."""
        return ()

    def branch_tables(self) -> "list[BranchInstrument] | None":
        """Return what branches and layers do by their angles, for a training under this noise.

        None where a controller has no branches, and `tables` tell it.

        Raises:
            InputError: If a layer's branches are those of patterns, or the noise joins neurons.
        """
        return None

    def tables(self) -> list[NDArray[np.float32]]:
        """Return what every layer answers, for a training under this noise.

        Shape (copies, 3, width), the numbers a, b, c of P(-1) = a + b cos + c sin; of neurons that
        live on (1, neurons, powers, last, before, reported, after).

        Raises:
            InputError: If the noise joins neurons or drifts.
        """
        ...

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON.

        Equal ones give equal circuits and noise; nothing is compiled.
        """
        ...

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its simulated result."""
        ...

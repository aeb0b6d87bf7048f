"""A network whose neurons live on, on a device: `--mode coherent`."""

import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseError, NoiseSpecification
from qnnq.data.dataset import Dataset
from qnnq.deployments.base import Deployment, PlacedCircuit
from qnnq.deployments.identity import noisy_device
from qnnq.deployments.kept import (
    facts_of_task,
    kept_accuracy,
    kept_facts,
    kept_instruments,
    with_facts,
)
from qnnq.deployments.noise_text import split_strength
from qnnq.deployments.prediction import sampled_accuracy
from qnnq.deployments.timing import Timing
from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.execution.engines.layer_instrument import LayerInstrument
from qnnq.execution.modes.coherent import Coherent
from qnnq.networks.network import Network
from qnnq.results.task import Task

if TYPE_CHECKING:
    from noise_models.channels import NoiseChannels
    from qnnq.execution.engines.branch_instrument import BranchInstrument
    from qnnq.execution.engines.layer_response import LayerResponse
    from qnnq.execution.modes.dynamic_circuit import DynamicCircuit
    from transpile import CompiledNetwork


@dataclass(frozen=True, eq=False)
class CoherentDeployment(Deployment):
    """The steps of a network, compiled for living neurons, with the noise of their qubits.

    Attributes:
        network: The network.
        device: The device.
        qubits: `best`, or a list such as `3,4,5` or `3:4,7:8`.
        timing: When things happen.
        specification: The noise, its strength included.
    """

    network: Network
    device: Device
    qubits: str
    timing: Timing
    specification: NoiseSpecification

    @cached_property
    def _living(self) -> "tuple[CompiledNetwork, str]":
        from qnnq.deployments.living import compile_living

        return compile_living(self.network, self.device, self.qubits, self.timing)

    @property
    def compiled(self) -> "CompiledNetwork":
        """The steps; with branches where a controller can choose the angles."""
        return self._living[0]

    @property
    def outside(self) -> str:
        """Why angles are computed outside the machine, or ""."""
        return self._living[1]

    @property
    def channels(self) -> "NoiseChannels":
        """The noise of the qubits in use."""
        from qnnq.deployments.living import living_channels

        return living_channels(self.device, self.specification, self.compiled)

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """What is to be known of the circuits and their noise without compiling them again."""

        def found() -> dict[str, Any]:
            from qnnq.deployments.living import living_digest

            _ = self.channels  # raises where they do not cover the circuits
            digest = living_digest(self.compiled)
            return facts_of_task(lambda task: self._placed(task, digest))

        return kept_facts(self.identity(), found)

    @cached_property
    def instruments(self) -> tuple[LayerInstrument, ...]:
        """The exact instrument of every step."""

        def calculated() -> tuple[LayerInstrument, ...]:
            from qnnq.execution.engines.network_instruments import layer_instruments

            return layer_instruments(self.compiled, self.channels)

        return kept_instruments(self.identity(), calculated)

    @property
    def calibration(self) -> dict[str, str | None]:
        """The device and the time of its calibration data, None without a device."""
        return {"device": self.device.name, "time": self.device.calibration}

    @property
    def noise(self) -> str:
        """The noise at strength 1, in canonical words."""
        return split_strength(self.specification)[0]

    def check(self, engine: str) -> None:
        """Compile, build the noise and see that an engine takes them."""
        if engine == "aer":
            from qnnq.deployments.living import check_simulable

            check_simulable(self.compiled, self.outside)
        _ = self._facts

    def identity(self) -> dict[str, Any]:
        """Return all that determines the circuits and their noise, as plain JSON."""
        return {
            "mode": "coherent",
            "network": self.network.digest,
            "qubits": self.qubits,
            **asdict(self.timing),
            **noisy_device(self.specification, self.device),
        }

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its simulated result."""
        noise, strength = split_strength(self.specification)
        return replace(with_facts(task, self._facts), noise=noise, strength=strength)

    def submitted(self, task: Task) -> Task:
        """Return a task whose result comes from executing `circuits` on the device."""
        from transpile.digest import circuit_digest

        (whole,) = self.circuits()
        return self._placed(task, circuit_digest(whole.circuit.circuit))

    def _placed(self, task: Task, circuits: str) -> Task:
        return replace(
            self.timing.described(task, self.compiled),
            device=self.device.name,
            calibration=self.device.calibration,
            device_content=self.device.content,
            qubits=(",".join(map(str, self.compiled.sites)),),
            circuits=circuits,
        )

    def assumed_timing(self) -> dict[str, Any]:
        """Return what waits of a circuit of the whole network are taken to be, seconds."""
        return {
            "dt_s": self.device.target.dt,
            "duration_s": sum(step.duration for step in self.compiled.steps),
            "feedback_latency_s": self.compiled.feedback_latency,
            "measurement_s": [step.measurement_duration for step in self.compiled.steps],
        }

    def exact_responses(self) -> "tuple[LayerResponse, ...]":
        """Return what every layer answers, by which engine `exact` calculates probabilities."""
        raise InputError("`engine` exact: expected a network in mode stepwise")

    def circuits(self) -> tuple[PlacedCircuit, ...]:
        """Return the circuits that a device would execute, in their order; without any, ()."""
        from transpile import NetworkCircuit, machine_circuit, network_circuit

        if self.outside:
            raise InputError(
                f"`mode` coherent: expected a network that is one circuit: {self.outside}"
            )
        # A simulator waits for nothing by itself.
        if self.device.kind == "simulated":
            circuit = network_circuit(self.compiled)
        else:
            circuit = machine_circuit(self.compiled, self.device.target)
        width = self.network.widths[0]
        duration = sum(step.duration for step in self.compiled.steps)
        whole = NetworkCircuit(circuit, self.compiled.sites)
        return (PlacedCircuit(whole, width, copies=1, parts=1, slots=width, duration_s=duration),)

    def mode(self, engine: str, shots: int, seed: int) -> "Coherent | DynamicCircuit":
        """Return the mode: states that are carried along, or the one circuit in Aer."""
        if engine == "instrument":
            return Coherent(self.instruments)
        from qnnq.execution.engines.aer import AerNetworkEngine
        from qnnq.execution.modes.dynamic_circuit import DynamicCircuit

        widths = [step.width for step in self.compiled.steps]
        return DynamicCircuit(AerNetworkEngine(self.compiled, self.channels), widths)

    def predicted(self, dataset: Dataset) -> float | None:
        """Return the share of shots that will be right, None where the noise is not known."""
        try:
            return kept_accuracy(
                {**self.identity(), "data": dataset.digest},
                lambda: sampled_accuracy(self, "instrument", dataset),
            )
        except NoiseError:
            return None

    def branch_tables(self) -> "list[BranchInstrument] | None":
        """Return what branches and layers do by their angles, for a training under this noise."""
        if self.outside:
            return None
        from qnnq.execution.engines.branch_instrument import branch_instruments

        some = [replace(self, network=_turning(self.network, angle)) for angle in _SOME_ANGLES]
        compiled, channels = [each.compiled for each in some], [each.channels for each in some]
        return branch_instruments(_SOME_ANGLES, compiled, channels)

    def tables(self) -> list[NDArray[np.float32]]:
        """Return what every layer answers, for a training under this noise."""
        found = []
        for instrument in self.instruments:
            if instrument.matrices is None:
                raise InputError(
                    "noise in mode coherent: expected angles that the host computes; see "
                    "`branch_tables`"
                )
            neurons, products, after = instrument.matrices.shape
            shape = (1, neurons, 3, 2, products // 6, 2, after // 2)
            found.append(instrument.matrices.reshape(shape))
        return found


_SOME_ANGLES = (0.4, 2.3, 4.1)
"""Radians; compilers take fewer gates for multiples of pi / 2."""


def _turning(network: Network, angle: float) -> Network:
    """Return a network like another one whose branches all turn all neurons by one angle."""
    weights = list(network.weights)
    for layer in range(1, network.hidden):
        if network.activations[layer] == "linear":
            shape = weights[layer].shape
            weights[layer] = (angle / math.pi + np.eye(*shape)) * network.stretches[layer]
    return replace(network, weights=tuple(weights))

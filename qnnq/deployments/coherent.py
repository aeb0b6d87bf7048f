"""A network whose neurons live on, on a device: `--mode coherent`."""

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseError, NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
from qnnq.data.dataset import Dataset
from qnnq.deployments.base import PlacedCircuit
from qnnq.deployments.feedforward import fitting_feedforward
from qnnq.deployments.identity import noisy_device
from qnnq.deployments.noise_text import split_strength
from qnnq.deployments.prediction import sampled_accuracy
from qnnq.deployments.site_errors import site_errors
from qnnq.deployments.timing import Timing
from qnnq.deployments.variations import Variation
from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.execution.engines.layer_instrument import layer_instruments
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.modes.coherent import Coherent
from qnnq.execution.modes.dynamic_circuit import DynamicCircuit
from qnnq.networks.network import Network
from qnnq.results.task import Task
from transpile import (
    FEEDBACK_LATENCY,
    CompiledNetwork,
    Feedforward,
    NetworkCircuit,
    compile_network,
    machine_circuit,
    network_circuit,
    parse_sites,
)
from transpile.digest import circuit_digest
from transpile.measurement import median_duration
from transpile.network_layout import smallest_entanglements

NOT_LIVING = {
    "zz": "it entangles neurons, whose states are carried along one by one",
    "leakage": "a leaked qubit stays outside |0> and |1> in all layers that follow",
    "correlated_readout": "branches depend on the bits, and Aer errs on each of them by itself",
    "drift": "each block of images would need all steps calculated anew",
}
"""Terms of noise that the stepwise mode alone has, and why."""


@dataclass(frozen=True, eq=False)
class CoherentDeployment:
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
    def _living(self) -> tuple[CompiledNetwork, str]:
        return compile_living(self.network, self.device, self.qubits, self.timing)

    @property
    def compiled(self) -> CompiledNetwork:
        """The steps; with branches where a controller can choose the angles."""
        return self._living[0]

    @property
    def outside(self) -> str:
        """Why angles are computed outside the machine, or ""."""
        return self._living[1]

    @property
    def channels(self) -> NoiseChannels:
        """The noise of the qubits in use."""
        return _channels(self.device, self.specification, self.compiled)

    @property
    def calibration(self) -> dict[str, str | None]:
        """See `qnnq.deployments.base.Deployment`."""
        return {"device": self.device.name, "time": self.device.calibration}

    @property
    def noise(self) -> str:
        """See `qnnq.deployments.base.Deployment`."""
        return split_strength(self.specification)[0]

    def check(self, engine: str) -> None:
        """See `qnnq.deployments.base.Deployment`."""
        if engine == "aer":
            _check_simulable(self.compiled, self.outside)
        _ = self.channels

    def identity(self) -> dict[str, Any]:
        """See `qnnq.deployments.base.Deployment`."""
        return {
            "mode": "coherent",
            "network": self.network.digest,
            "qubits": self.qubits,
            **asdict(self.timing),
            **noisy_device(self.specification, self.device),
        }

    def completed(self, task: Task) -> Task:
        """See `qnnq.deployments.base.Deployment`."""
        noise, strength = split_strength(self.specification)
        placed = self._placed(task, _circuits_digest(self.compiled))
        return replace(placed, noise=noise, strength=strength)

    def submitted(self, task: Task) -> Task:
        """See `qnnq.deployments.base.Deployment`."""
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
        """See `qnnq.deployments.base.Deployment`."""
        return {
            "dt_s": self.device.target.dt,
            "duration_s": sum(step.duration for step in self.compiled.steps),
            "feedback_latency_s": self.compiled.feedback_latency,
            "measurement_s": [step.measurement_duration for step in self.compiled.steps],
        }

    def exact_responses(self) -> tuple[LayerResponse, ...]:
        """See `qnnq.deployments.base.Deployment`."""
        raise InputError("`engine` exact: expected a network in mode stepwise")

    def circuits(self) -> tuple[PlacedCircuit, ...]:
        """See `qnnq.deployments.base.Deployment`."""
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

    def mode(self, engine: str, shots: int, seed: int) -> Coherent | DynamicCircuit:
        """Return the mode: states that are carried along, or the one circuit in Aer."""
        if engine == "instrument":
            return Coherent(layer_instruments(self.compiled, self.channels))
        from qnnq.execution.engines.aer import AerNetworkEngine

        widths = [step.width for step in self.compiled.steps]
        return DynamicCircuit(AerNetworkEngine(self.compiled, self.channels), widths)

    def predicted(self, dataset: Dataset) -> float | None:
        """See `qnnq.deployments.base.Deployment`."""
        try:
            return sampled_accuracy(self, "instrument", dataset)
        except NoiseError:
            return None

    def variations(self, engine: str, shots: int, seed: int) -> tuple[Variation, ...]:
        """See `qnnq.deployments.base.Deployment`."""
        return ()

    def tables(self) -> list[NDArray[np.float32]]:
        """See `qnnq.deployments.base.Deployment`."""
        found = []
        for instrument in layer_instruments(self.compiled, self.channels):
            if instrument.matrices is None:
                raise InputError(
                    "noise in mode coherent: expected angles that the host computes (activation "
                    "htanh or tanh, more than 10 neurons in front of a layer); the branches of a "
                    "controller and so their noise change with every weight"
                )
            neurons, products, after = instrument.matrices.shape
            shape = (1, neurons, 3, 2, products // 6, 2, after // 2)
            found.append(instrument.matrices.reshape(shape))
        return found


def _check_simulable(compiled: CompiledNetwork, outside: str) -> None:
    """Raise InputError unless Aer can run the network as one circuit."""
    from qnnq.execution.engines.aer import METHOD, most_qubits

    if outside:
        raise InputError(f"`engine` aer: expected a network that is one circuit: {outside}")
    qubits = sum(len(site.qubits) for site in compiled.sites)
    if qubits > most_qubits():
        raise InputError(
            f"`engine` aer: expected a network on at most {most_qubits()} qubits, which Aer's "
            f"method {METHOD} takes, got {qubits}; use `engine` instrument"
        )


def compile_living(
    network: Network, device: Device, qubits: str, timing: Timing
) -> tuple[CompiledNetwork, str]:
    """Compile a network of neurons that live on.

    Args:
        network: The network.
        device: The device.
        qubits: `best`, or a list such as `3,4,5` or `3:4,7:8`.
        timing: When things happen.

    Returns:
        The steps, and why no controller could choose their angles (they are then to be computed
        from the outcomes outside), or "".

    Raises:
        InputError, TranspileError: If the parts do not fit together.
    """
    timing.check(device)
    branches, outside = fitting_feedforward(network)
    controller = _Controller(None if branches is None else network.digest, branches)
    widths, angles = network.widths, tuple(network.entanglements)
    return _compiled(device, widths, angles, controller, qubits, timing), outside


@dataclass(frozen=True)
class _Controller:
    """The branches of a network, by its digest; without any, all networks are alike."""

    digest: str | None
    branches: tuple[Feedforward, ...] | None = field(compare=False)


@lru_cache(maxsize=64)
def _compiled(
    device: Device,
    widths: tuple[int, ...],
    entanglements: tuple[float, ...],
    controller: _Controller,
    qubits: str,
    timing: Timing,
) -> CompiledNetwork:
    sites = None
    if qubits != "best":
        angles = smallest_entanglements(widths, entanglements)
        sites = parse_sites(qubits, device.target, angles, measurement=timing.measurement)
    measurement = timing.measurement
    # The default latency, so that another one does not change the qubits.
    wait = FEEDBACK_LATENCY + median_duration(device.target, measurement)
    return compile_network(
        device.target,
        widths,
        entanglements,
        feedforward=controller.branches,
        sites=sites,
        score=site_errors(device, min(entanglements), wait, measurement),
        **timing.arguments(),
    )


@lru_cache(maxsize=64)
def _circuits_digest(compiled: CompiledNetwork) -> str:
    return circuit_digest(network_circuit(compiled))


@lru_cache(maxsize=256)
def _channels(
    device: Device, specification: NoiseSpecification, compiled: CompiledNetwork
) -> NoiseChannels:
    used = [qubit for site in compiled.sites for qubit in site.qubits]
    for term in specification.active_terms:
        if term.name in NOT_LIVING:
            raise InputError(
                f"`mode` coherent: expected noise without {term.name}, got {specification}: "
                f"{NOT_LIVING[term.name]}"
            )
    channels = build_channels(specification, device.target, used, compiled.measurement)
    check_coverage(network_circuit(compiled), channels, specification)
    return channels

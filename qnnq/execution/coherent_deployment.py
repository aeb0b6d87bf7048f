"""A network whose neurons live on, on a device: `--mode coherent`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from noise_models import NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
from qnnq.devices.device import Device, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.feedforward import fitting_feedforward
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.coherent import Coherent
from qnnq.execution.modes.dynamic_circuit import DynamicCircuit
from qnnq.execution.noise_text import parse_noise, split_strength
from qnnq.execution.request import EngineName, RunRequest
from qnnq.execution.timing import Timing
from qnnq.networks.network import Network
from qnnq.results.task import Task
from transpile import (
    CompiledNetwork,
    Feedforward,
    compile_network,
    network_circuit,
    parse_sites,
)
from transpile.digest import circuit_digest
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
        device: The device.
        timing: When things happen.
        specification: The noise, its strength included.
        compiled: The steps; with branches where a controller can choose the angles.
        outside: Why they are computed outside the machine, or "".
        channels: The noise of their qubits.
    """

    device: Device
    timing: Timing
    specification: NoiseSpecification
    compiled: CompiledNetwork
    outside: str
    channels: NoiseChannels

    @property
    def calibration(self) -> dict[str, str | None]:
        """The device and the time of its calibration data."""
        return {"device": self.device.name, "time": self.device.calibration}

    @property
    def noise(self) -> str:
        """The noise at strength 1, in canonical words."""
        return split_strength(self.specification)[0]

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its result."""
        noise, strength = split_strength(self.specification)
        return replace(
            self.timing.described(task, self.compiled),
            noise=noise,
            strength=strength,
            device=self.device.name,
            calibration=self.device.calibration,
            device_content=self.device.content,
            qubits=(",".join(map(str, self.compiled.sites)),),
            circuits=_circuits_digest(self.compiled),
        )

    def mode(self, engine: EngineName) -> Mode:
        """Return the mode: states that are carried along, or the one circuit in Aer."""
        if engine == "instrument":
            from qnnq.execution.engines.layer_instrument import layer_instruments

            return Coherent(layer_instruments(self.compiled, self.channels))
        from qnnq.execution.engines.aer import AerNetworkEngine

        widths = [step.width for step in self.compiled.steps]
        return DynamicCircuit(AerNetworkEngine(self.compiled, self.channels), widths)


def deploy_coherent(
    request: RunRequest, network: Network, find: Callable[[DeviceLike], Device] = resolve_device
) -> CoherentDeployment:
    """Compile every step and build the noise of the qubits in use.

    Args:
        request: What is asked for.
        network: The network.
        find: Gives a name its device.

    Raises:
        InputError, NoiseError, TranspileError: If the parts do not fit together.
    """
    base, name = parse_noise(request.noise, request.device)
    specification, device = base.scaled(request.strength), find(name)
    timing = Timing.of(request)
    compiled, outside = compile_living(network, device, request.qubits, timing)
    if request.engine == "aer":
        _check_simulable(compiled, outside)
    channels = _channels(device, specification, compiled)
    return CoherentDeployment(device, timing, specification, compiled, outside, channels)


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
    return compile_network(
        device.target,
        widths,
        entanglements,
        feedforward=controller.branches,
        sites=sites,
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

"""The steps of a network whose neurons live on, compiled for a device, and their noise."""

from dataclasses import dataclass, field
from functools import lru_cache

from noise_models import NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
from qnnq.deployments.feedforward import fitting_feedforward
from qnnq.deployments.site_errors import site_errors
from qnnq.deployments.timing import Timing
from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.networks.network import Network
from transpile import (
    FEEDBACK_LATENCY,
    CompiledNetwork,
    Feedforward,
    compile_network,
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


def check_simulable(compiled: CompiledNetwork, outside: str) -> None:
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
    network.refuse_couplings("`mode` coherent")
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
def living_digest(compiled: CompiledNetwork) -> str:
    """Return the digest of the circuit of a whole network."""
    return circuit_digest(network_circuit(compiled))


@lru_cache(maxsize=256)
def living_channels(
    device: Device, specification: NoiseSpecification, compiled: CompiledNetwork
) -> NoiseChannels:
    """Return the noise of the qubits of a network; raises NoiseError if it does not cover them.

    Raises:
        InputError: If it joins neurons, or changes while they live.
    """
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

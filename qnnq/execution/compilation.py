"""The hidden layers of a network, compiled for a device, and the noise of their qubits."""

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from noise_models import NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
from noise_models.factors import Factors, steady
from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.execution.placement import Placement
from qnnq.networks.network import Network
from transpile import (
    CompiledLayer,
    Site,
    capacity,
    compile_layer,
    parse_sites,
    schedule_where_known,
    unknown_wait,
)

if TYPE_CHECKING:
    from qiskit.transpiler import Target


def compile_network(network: Network, placement: Placement) -> tuple[CompiledLayer, ...]:
    """Return the compiled circuit of every hidden layer; equal layers share one."""
    angles = network.entanglements
    kinds = list(zip(network.widths, angles, strict=True))
    qubits, copies = placement.qubits, placement.copies
    if qubits == "all":
        if copies != 1:
            raise InputError(f"`copies` {copies}: `qubits` all puts as many copies as fit")
        target, gate = placement.device.target, placement.pair_gate
        copies = max(1, min(capacity(target, angle, gate) // width for width, angle in kinds))
        placement = replace(placement, copies=copies)
    elif qubits != "best" and qubits.count(",") >= copies * max(network.widths):
        raise InputError(
            f"`qubits`: expected at most {copies * max(network.widths)} (the widest layer), "
            f"got {qubits.count(',') + 1}"
        )
    weak = min(angles)
    return tuple(_compiled(placement, width, angle, weak) for width, angle in kinds)


@lru_cache(maxsize=64)
def _compiled(
    placement: Placement, width: int, entanglement: float, weakest: float
) -> CompiledLayer:
    target, count = placement.device.target, width * placement.copies
    sites = None
    if placement.qubits not in ("best", "all"):
        sites = _explicit_sites(target, placement.qubits, count, entanglement, weakest)
    return compile_layer(
        target,
        width,
        entanglement,
        copies=placement.copies,
        sites=sites,
        pairs=placement.pairs,
        pair_gate=placement.pair_gate,
    )


def _explicit_sites(
    target: "Target", qubits: str, count: int, entanglement: float, weakest: float
) -> tuple[Site, ...]:
    """Return the sites that a user named; a projective last layer needs no ancillas."""
    sites = parse_sites(qubits, target, weakest)[:count]
    return sites if entanglement == weakest else tuple(Site(site.neuron) for site in sites)


@lru_cache(maxsize=64)
def scheduled(device: Device, layer: CompiledLayer) -> CompiledLayer:
    """Return a layer with explicit waits, as the device would run it, where they are known."""
    return replace(layer, circuit=schedule_where_known(layer.circuit, device.target))


@lru_cache(maxsize=256)
def layer_channels(
    device: Device,
    specification: NoiseSpecification,
    layer: CompiledLayer,
    factors: Factors = steady,
) -> NoiseChannels:
    """Return the noise of the qubits of a layer; raises NoiseError if it does not cover them."""
    qubits = [qubit for site in layer.sites for qubit in site.qubits]
    channels = build_channels(specification, device.target, qubits, factors=factors)
    unknown = unknown_wait(layer.circuit, device.target)
    check_coverage(layer.circuit, channels, specification, unknown)
    return channels

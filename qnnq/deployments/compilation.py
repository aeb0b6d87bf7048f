"""The hidden layers of a network, compiled for a device, and the noise of their qubits."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from noise_models import NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage, physical_instructions
from noise_models.factors import Factors, steady
from noise_models.sequence import relaxes_while_coupled
from qnnq.deployments.placement import Placement
from qnnq.deployments.site_errors import site_errors
from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.networks.couplings import Coupling
from qnnq.networks.network import Network
from transpile import (
    CompiledLayer,
    Group,
    capacity,
    compile_layer,
    parse_sites,
    schedule_where_known,
    unknown_wait,
)


def compile_layers(
    network: Network, placement: Placement, copies: Sequence[int] | None = None
) -> tuple[CompiledLayer, ...]:
    """Return the compiled circuit of every hidden layer; equal layers share one.

    Args:
        network: The network.
        placement: Where it goes.
        copies: Images side by side of each layer, None for those of the placement.

    Raises:
        InputError, TranspileError: If the network does not fit there.
    """
    if copies is not None:
        return tuple(
            _compiled(replace(placement, copies=count), *kind)
            for count, kind in zip(copies, _kinds(network), strict=True)
        )
    qubits, count = placement.qubits, placement.copies
    if qubits == "all":
        if count != 1:
            raise InputError(f"`copies` {count}: `qubits` all puts as many copies as fit")
        placement = replace(placement, copies=min(fitting_copies(network, placement)))
    elif qubits != "best" and qubits.count(",") >= count * max(network.widths):
        raise InputError(
            f"`qubits`: expected at most {count * max(network.widths)} (the widest layer), "
            f"got {qubits.count(',') + 1}"
        )
    return tuple(_compiled(placement, *kind) for kind in _kinds(network))


def _kinds(network: Network) -> list[tuple[tuple[int, float, tuple[Coupling, ...]], float]]:
    """Return width, angle g and couplings of every layer, and the smallest g of all."""
    weak = min(network.entanglements)
    layers = zip(network.widths, network.entanglements, network.couplings, strict=True)
    return [(layer, weak) for layer in layers]


@lru_cache(maxsize=64)
def _compiled(
    placement: Placement, layer: tuple[int, float, tuple[Coupling, ...]], weakest: float
) -> CompiledLayer:
    target, shape = placement.device.target, placement.shape(*layer)
    sites = None
    if placement.qubits not in ("best", "all"):
        sites = parse_sites(placement.qubits, target, weakest)[: shape.neurons]
        if shape.entanglement != weakest:  # a projective last layer needs no ancillas
            sites = tuple(Group(site.neurons) for site in sites)
    score = site_errors(placement.device, shape.entanglement)
    return compile_layer(target, shape, sites=sites, score=score)


def fitting_copies(network: Network, placement: Placement) -> list[int]:
    """Return how many copies of each layer the chip takes, at least 1."""
    device = placement.device
    shapes = [placement.shape(*layer) for layer, _ in _kinds(network)]
    return [
        max(1, capacity(device.target, each, site_errors(device, each.entanglement)) // each.width)
        for each in shapes
    ]


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
    qubits = {each for _, where in physical_instructions(layer.circuit) for each in where}
    channels = build_channels(specification, device.target, qubits, factors=factors)
    unknown = unknown_wait(layer.circuit, device.target)
    check_coverage(layer.circuit, channels, specification, unknown)
    return channels


def relaxing_while_coupled(
    layers: Sequence[CompiledLayer], channels: Sequence[NoiseChannels]
) -> bool:
    """Return whether qubits of some layer relax while a ZZ coupling turns them."""
    return any(
        relaxes_while_coupled(
            [(item.operation, qubits) for item, qubits in physical_instructions(layer.circuit)],
            noise,
        )
        for layer, noise in zip(layers, channels, strict=True)
        if noise.coupling_rates
    )

"""A network's layers on a device: compiled for several numbers of images side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qnnq.devices.device import Device
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.compilation import compile_network
from qnnq.execution.placement import Placement
from qnnq.execution.request import check_placement
from qnnq.jobs.hardware_request import LEAST_BUSY, HardwareRequest
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.preflight import numbers_of_copies
from qnnq.networks.network import Network
from transpile import PROJECTIVE, CompiledLayer, capacity, compile_layer, report


@dataclass(frozen=True)
class Placed:
    """A network's layers on a device.

    Attributes:
        placement: Where they are; each layer may have copies of its own.
        layers: The compiled layers.
        costs: What an execution of each layer costs.
        least_rep_delay_s: The shortest repetition delay that the device offers.
    """

    placement: Placement
    layers: tuple[CompiledLayer, ...]
    costs: tuple[LayerCost, ...]
    least_rep_delay_s: float


def find_device(request: HardwareRequest, network: Network) -> Device:
    """Return the device of a request, with its calibration data of now."""
    name = request.device
    if name == LEAST_BUSY:
        from qnnq.devices.ibm.account import IbmAccount

        name = IbmAccount(request.limits, request.instance).least_busy(_qubits_needed(network))
    return resolve_device(name, request.limits, request.instance)


def place_choices(request: HardwareRequest, network: Network, images: int) -> list[Placed]:
    """Compile a network with the copies that were asked for, else with several numbers of them.

    Args:
        request: What is asked for.
        network: The network.
        images: More copies than this are of no use.

    Returns:
        The placements, from the fewest copies to the most.
    """
    placement = _placement(request, network, images)
    if not _chooses_copies(request):
        return [_placed(request, placement, compile_network(network, placement))]
    fits = [min(fit, images) for fit in _fitting_copies(placement, network)]
    return [
        _placed(request, placement, _side_by_side(placement, network, fits, copies))
        for copies in numbers_of_copies(max(fits))
    ]


def fill_chip(request: HardwareRequest, network: Network) -> Placed:
    """Compile a network with as many copies of each layer as the chip takes, or as asked for."""
    placement = _placement(request, network, None)
    if not _chooses_copies(request):
        return _placed(request, placement, compile_network(network, placement))
    fits = _fitting_copies(placement, network)
    return _placed(request, placement, _side_by_side(placement, network, fits, max(fits)))


def _chooses_copies(request: HardwareRequest) -> bool:
    return request.copies is None and request.qubits == "best"


def _placement(request: HardwareRequest, network: Network, images: int | None) -> Placement:
    copies = 1 if request.copies is None else request.copies
    check_placement(request.pairs, request.pair_gate, copies)
    device = find_device(request, network)
    if images is not None:
        copies = min(copies, images)
    return Placement(device, request.qubits, copies, request.pairs, request.pair_gate)


def _placed(
    request: HardwareRequest, placement: Placement, layers: tuple[CompiledLayer, ...]
) -> Placed:
    device = placement.device
    rep_delay, least = rep_delays(device, request.options.rep_delay_s)
    costs = tuple(
        LayerCost.of(
            *(layer.circuit, report(layer, device.target).duration_s, rep_delay),
            twirled=request.options.measurement_twirling,
        )
        for layer in layers
    )
    return Placed(placement, layers, costs, least)


def _qubits_needed(network: Network) -> int:
    weak = any(network.layer_entanglement(i) < PROJECTIVE for i in range(network.hidden))
    return max(network.widths) * (2 if weak else 1)


def _fitting_copies(placement: Placement, network: Network) -> list[int]:
    """Return how many copies of each layer the chip takes, at least 1."""
    target, gate = placement.device.target, placement.pair_gate
    return [
        max(1, capacity(target, network.layer_entanglement(i), gate) // width)
        for i, width in enumerate(network.widths)
    ]


def _side_by_side(
    placement: Placement, network: Network, fits: Sequence[int], copies: int
) -> tuple[CompiledLayer, ...]:
    """Compile each layer with `copies` copies, or as many as fit: without ancillas more do."""
    counts = [min(fit, copies) for fit in fits]
    fewest = min(counts)
    # layers of the same kind share one circuit
    shared = compile_network(network, replace(placement, copies=fewest))
    return tuple(
        shared[layer]
        if count == fewest
        else compile_layer(
            placement.device.target,
            network.widths[layer],
            network.layer_entanglement(layer),
            copies=count,
            pairs=placement.pairs,
            pair_gate=placement.pair_gate,
        )
        for layer, count in enumerate(counts)
    )


def rep_delays(device: Device, chosen: float | None) -> tuple[float, float]:
    """Return the repetition delay and the shortest one on offer, seconds."""
    default, low, high = device.rep_delay()
    if chosen is not None and not low <= chosen <= high:
        raise InputError(
            f"`rep_delay` {chosen * 1e6:g}: expected {low * 1e6:g} to {high * 1e6:g} us, "
            f"which is what {device.name} offers"
        )
    return default if chosen is None else chosen, low

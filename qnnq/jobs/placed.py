"""A network on a device: compiled for several numbers of images side by side."""

from dataclasses import dataclass, replace

from noise_models import NoiseSpecification
from qnnq.data.states.preparations import Preparations
from qnnq.deployments.base import Deployment, PlacedCircuit
from qnnq.deployments.coherent import CoherentDeployment
from qnnq.deployments.compilation import fitting_copies
from qnnq.deployments.feedforward import fitting_feedforward
from qnnq.deployments.placed_network import PlacedNetwork
from qnnq.deployments.placement import Placement
from qnnq.deployments.receiving import ReceivingDeployment, placed_states
from qnnq.deployments.stepwise import StepwiseDeployment
from qnnq.deployments.timing import Timing
from qnnq.devices.device import Device
from qnnq.devices.names import least_busy, resolve_device
from qnnq.errors import InputError
from qnnq.jobs.hardware_request import LEAST_BUSY, HardwareRequest
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.preflight import numbers_of_copies
from qnnq.networks.network import Network
from qnnq.runs.request import check_circuits
from transpile import (
    MAX_BROADCASTS,
    PROJECTIVE,
    CompiledLayer,
    check_controller,
    machine_circuit,
)


@dataclass(frozen=True)
class Placed:
    """A network on a device, and what it costs there.

    Attributes:
        device: The device.
        deployment: The network on it, under the noise of its calibration.
        circuits: What is executed.
        costs: What an execution of each costs.
        least_rep_delay_s: The shortest repetition delay that the device offers.
        draws_preparations: Whether each shot of an image may be of another preparation.
    """

    device: Device
    deployment: Deployment
    circuits: tuple[PlacedCircuit, ...]
    costs: tuple[LayerCost, ...]
    least_rep_delay_s: float
    draws_preparations: bool = False

    @property
    def layers(self) -> tuple[CompiledLayer, ...]:
        """The circuits that are one layer each."""
        found = (each.circuit for each in self.circuits)
        return tuple(circuit for circuit in found if isinstance(circuit, CompiledLayer))


def find_device(request: HardwareRequest, network: Network) -> Device:
    """Return the device of a request, with its calibration data of now."""
    name = request.device
    if name == LEAST_BUSY:
        name = least_busy(_qubits_needed(network), request.limits, request.instance)
    return resolve_device(name, request.limits, request.instance)


def place_choices(
    request: HardwareRequest,
    network: Network,
    images: int,
    preparations: Preparations | None = None,
) -> list[Placed]:
    """Compile a network with the copies that were asked for, else with several numbers of them.

    Args:
        request: What is asked for.
        network: The network.
        images: More copies than this are of no use.
        preparations: Of the images, where they are states.

    Returns:
        The placements, from the fewest copies to the most.

    Raises:
        InputError, TranspileError: If the network does not fit on the device, or is no circuit
            that its controller takes.
    """
    if request.mode == "coherent":
        return [_living(request, network)]
    placement = _placement(request, network, images)
    if preparations is not None:
        return [_receiving(request, network, placement, preparations)]
    if not _chooses_copies(request):
        return [_layered(request, PlacedNetwork(network, placement))]
    fits = [min(fit, images) for fit in fitting_copies(network, placement)]
    return [
        _layered(
            request,
            PlacedNetwork(network, placement, tuple(min(fit, copies) for fit in fits)),
        )
        for copies in numbers_of_copies(max(fits))
    ]


def fill_chip(request: HardwareRequest, network: Network) -> Placed:
    """Compile a network with as many copies of each layer as the chip takes, or as asked for."""
    placement = _placement(request, network, None)
    if not _chooses_copies(request):
        return _layered(request, PlacedNetwork(network, placement))
    fits = tuple(fitting_copies(network, placement))
    return _layered(request, PlacedNetwork(network, placement, fits))


def _chooses_copies(request: HardwareRequest) -> bool:
    return request.copies is None and request.qubits == "best"


def _placement(request: HardwareRequest, network: Network, images: int | None) -> Placement:
    copies = 1 if request.copies is None else request.copies
    check_circuits(request.simulated())
    device = find_device(request, network)
    if images is not None:
        copies = min(copies, images)
    return Placement(device, request.qubits, copies, request.pairs, request.pair_gate)


def _layered(request: HardwareRequest, placed: PlacedNetwork) -> Placed:
    device = placed.placement.device
    return _placed(request, device, StepwiseDeployment(placed, _noise_of(device)))


def _receiving(
    request: HardwareRequest, network: Network, placement: Placement, preparations: Preparations
) -> Placed:
    placed, noise = placed_states(network, placement, preparations), _noise_of(placement.device)
    deployment = ReceivingDeployment(placed, noise, preparations=preparations, states="")
    found = _placed(request, placement.device, deployment)
    return replace(found, draws_preparations=preparations.mixed)


def _living(request: HardwareRequest, network: Network) -> Placed:
    _check_living(request)
    _, outside = fitting_feedforward(network)
    if outside:
        raise InputError(f"`mode` coherent: expected a network that is one circuit: {outside}")
    device = find_device(request, network)
    if network.hidden > 1 and "if_else" not in device.target.operation_names:
        raise InputError(
            f"`mode` coherent: expected a device that feeds outcomes forward, {device.name} has no "
            "if_else; `mode` stepwise runs a layer at a time"
        )
    timing = Timing.of(request)
    deployment = CoherentDeployment(network, device, request.qubits, timing, _noise_of(device))
    # Where limits allow fewer, the estimate refuses what does not fit.
    most = max(MAX_BROADCASTS, device.limits.broadcasts_per_job)
    check_controller(machine_circuit(deployment.compiled, device.target), device.target, most)
    return _placed(request, device, deployment)


def _check_living(request: HardwareRequest) -> None:
    """Raise InputError for options that a circuit of the whole network has no place for."""
    options = request.options
    refused = {
        "`response`": request.response is not None,
        # The client schedules no branches; the request has a decoupling of its own.
        "options that pad circuits": options.pads,
        "`measurement_twirling`": options.measurement_twirling,
    }
    for option, given in refused.items():
        if given:
            raise InputError(f"{option}: expected `mode` stepwise, got coherent")


def _placed(request: HardwareRequest, device: Device, deployment: Deployment) -> Placed:
    rep_delay, least = rep_delays(device, request.options.rep_delay_s)
    circuits = deployment.circuits()
    twirled = request.options.measurement_twirling
    costs = tuple(
        LayerCost.of(each.circuit.circuit, each.duration_s, rep_delay, twirled=twirled)
        for each in circuits
    )
    return Placed(device, deployment, circuits, costs, least)


def _noise_of(device: Device) -> NoiseSpecification:
    return NoiseSpecification.parse(device.name, device_names=[device.name])


def _qubits_needed(network: Network) -> int:
    weak = min(network.entanglements) < PROJECTIVE
    return max(network.widths) * (2 if weak else 1)


def rep_delays(device: Device, chosen: float | None) -> tuple[float, float]:
    """Return the repetition delay and the shortest one on offer, seconds."""
    default, low, high = device.rep_delay()
    if chosen is not None and not low <= chosen <= high:
        raise InputError(
            f"`rep_delay` {chosen * 1e6:g}: expected {low * 1e6:g} to {high * 1e6:g} us, "
            f"which is what {device.name} offers"
        )
    return default if chosen is None else chosen, low

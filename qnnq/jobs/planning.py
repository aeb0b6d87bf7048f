"""From what a user asks for to compiled layers, their cost, and the run's identity."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qnnq.devices.device import Device
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.compilation import compile_network
from qnnq.execution.placement import Placement
from qnnq.execution.request import RunRequest, check_placement
from qnnq.execution.run import check_compensable, prepare
from qnnq.jobs.estimate import Estimate, LayerShape, estimate_run
from qnnq.jobs.hardware_request import LEAST_BUSY, HardwareRequest
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.preflight import Choice, best_choice, numbers_of_copies, predicted_accuracy
from qnnq.networks.network import Network
from qnnq.results.task import Task
from transpile import PROJECTIVE, CompiledLayer, NetworkCircuit, capacity, compile_layer, report


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


@dataclass(frozen=True)
class Plan:
    """A run that could be submitted.

    Attributes:
        device: The device.
        network: The network.
        circuits: The compiled layers, or one circuit of the whole network.
        costs: What an execution of each costs.
        estimate: What the run costs.
        task: Everything that determines the result.
        arrays: The images and what belongs to them, empty for a calibration.
        responses: For each layer the coefficients (slots, 3) that angles are corrected with.
        timing: Of one circuit of the whole network, what its schedule is assumed to be, seconds:
            see `qnnq.jobs.scheduler_timing.compared`.
        kind: Whether images are run, or the device's response is measured.
        choices: Numbers of images side by side, with what they mean; the one that is used too.
    """

    device: Device
    network: Network
    circuits: tuple[CompiledLayer, ...] | tuple[NetworkCircuit]
    costs: tuple[LayerCost, ...]
    estimate: Estimate
    task: Task
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    responses: tuple[NDArray[np.float64], ...] = ()
    timing: dict[str, Any] | None = None
    kind: Literal["run", "calibration"] = "run"
    choices: tuple[Choice, ...] = ()


def plan_run(request: HardwareRequest) -> Plan:
    """Check, compile and estimate a run.

    Raises:
        InputError: If anything that was asked for does not exist or does not fit together.
    """
    prepared = prepare(
        RunRequest(
            model=request.model,
            data=request.data,
            images=request.images,
            noise="ideal",
            engine="ideal",
            shots=request.shots,
            seed=request.seed,
        )
    )
    images: NDArray[Any] = np.asarray(prepared.dataset.images[prepared.images])
    network = prepared.network
    tried = place_choices(request, network, len(images))
    accuracies = [
        predicted_accuracy(network, each.placement.device, each.layers, prepared.dataset)
        for each in tried
    ]
    estimates = [_estimate(request, each, len(images)) for each in tried]
    chosen = best_choice(accuracies)
    placed = tried[chosen]
    choices = [
        Choice(
            max(layer.copies for layer in each.layers),
            *(accuracy, estimate.quantum_seconds, number == chosen),
        )
        for number, (each, accuracy, estimate) in enumerate(
            zip(tried, accuracies, estimates, strict=True)
        )
    ]
    device = placed.placement.device
    if request.compensate:
        check_compensable(network)
    responses = _responses(request, device, placed.layers)
    task = replace(
        described(prepared.task, request, placed),
        engine="runtime",
        noise=device.name,
        compensate=_digest(responses) if responses else False,
    )
    arrays = {
        "images": images,
        "labels": prepared.dataset.labels[prepared.images].astype(np.int64),
        "indices": prepared.images,
    }
    return Plan(
        device=device,
        network=network,
        circuits=placed.layers,
        costs=placed.costs,
        estimate=estimates[chosen],
        task=task,
        arrays=arrays,
        responses=responses,
        choices=tuple(choices),
    )


def _estimate(request: HardwareRequest, placed: Placed, images: int) -> Estimate:
    shapes = [
        LayerShape(layer.width, layer.copies, layer.parts, layer.slots, cost)
        for layer, cost in zip(placed.layers, placed.costs, strict=True)
    ]
    return estimate_run(
        *(shapes, images, request.shots, request.limits),
        least_rep_delay_s=placed.least_rep_delay_s,
    )


def find_device(request: HardwareRequest, network: Network) -> Device:
    """Return the device of a request, with its calibration data of now."""
    name = request.device
    if name == LEAST_BUSY:
        from qnnq.devices.ibm.account import IbmAccount

        name = IbmAccount(request.limits).least_busy(_qubits_needed(network))
    return resolve_device(name, request.limits)


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
        LayerCost.of(layer.circuit, report(layer, device.target).duration_s, rep_delay)
        for layer in layers
    )
    return Placed(placement, layers, costs, least)


def check_device(request: HardwareRequest, device: Device) -> HardwareRequest:
    """Return the request in a mode that the plan offers: batch where it has no sessions.

    Raises:
        InputError: If the machine is offline.
    """
    if device.account is None:
        return request
    device.account.check_online(device.name)
    if request.options.mode == "session" and not device.account.has_sessions():
        return replace(request, options=replace(request.options, mode="batch"))
    return request


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
            f"--rep-delay {chosen * 1e6:g}: expected {low * 1e6:g} to {high * 1e6:g} us, "
            f"which is what {device.name} offers"
        )
    return default if chosen is None else chosen, low


def described(task: Task, request: HardwareRequest, placed: Placed) -> Task:
    """Return a task with what of a device, and of how its jobs are run, determines a result."""
    options = request.options
    return replace(
        placed.placement.placed(task, placed.layers),
        dynamical_decoupling=options.dynamical_decoupling,
        measurement_twirling=options.measurement_twirling,
        rep_delay_s=options.rep_delay_s,
    )


def _responses(
    request: HardwareRequest, device: Device, layers: Sequence[CompiledLayer]
) -> tuple[NDArray[np.float64], ...]:
    if not request.compensate:
        if request.response is not None:
            raise InputError("--response: expected --compensate beside it, which it is for")
        return ()
    from qnnq.jobs.compensation import calibrated_coefficients, measured_coefficients

    if request.response is not None:
        return measured_coefficients(request.response, device.name, layers, request.pairs)
    return calibrated_coefficients(device, layers)


def _digest(responses: Sequence[NDArray[np.float64]]) -> str:
    digest = hashlib.sha256()
    for coefficients in responses:
        digest.update(np.ascontiguousarray(coefficients).tobytes())
    return digest.hexdigest()

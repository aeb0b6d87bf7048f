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
from qnnq.execution.deployment import compile_network
from qnnq.execution.placement import Placement
from qnnq.execution.request import PairGate, RunRequest, check_placement
from qnnq.execution.run import check_compensable, prepare
from qnnq.jobs.estimate import Estimate, LayerShape, estimate_run
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.request import LEAST_BUSY, HardwareRequest
from qnnq.networks.network import Network
from qnnq.results.task import Task
from transpile import PROJECTIVE, CompiledLayer, capacity, compile_layer, report


@dataclass(frozen=True)
class Placed:
    """A network's layers on a device.

    Attributes:
        placement: Where they are; each layer may have copies of its own.
        layers: The compiled layers.
        costs: What an execution of each layer costs.
        most_copies: How many copies of every layer the chip takes.
        least_rep_delay_s: The shortest repetition delay that the device offers.
    """

    placement: Placement
    layers: tuple[CompiledLayer, ...]
    costs: tuple[LayerCost, ...]
    most_copies: int
    least_rep_delay_s: float


@dataclass(frozen=True)
class Plan:
    """A run that could be submitted.

    Attributes:
        device: The device.
        network: The network.
        layers: The compiled layers.
        costs: What an execution of each layer costs.
        estimate: What the run costs.
        task: Everything that determines the result.
        arrays: The images and what belongs to them, empty for a calibration.
        responses: For each layer the coefficients (slots, 3) that angles are corrected with.
        kind: Whether images are run, or the device's response is measured.
    """

    device: Device
    network: Network
    layers: tuple[CompiledLayer, ...]
    costs: tuple[LayerCost, ...]
    estimate: Estimate
    task: Task
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    responses: tuple[NDArray[np.float64], ...] = ()
    kind: Literal["run", "calibration"] = "run"


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
    images = len(prepared.images)
    placed = place_network(request, prepared.network, most_copies=images)
    shapes = [
        LayerShape(layer.width, layer.copies, layer.parts, layer.slots, cost)
        for layer, cost in zip(placed.layers, placed.costs, strict=True)
    ]
    estimate = estimate_run(
        shapes,
        images,
        request.shots,
        request.limits,
        most_copies=placed.most_copies,
        least_rep_delay_s=placed.least_rep_delay_s,
    )
    if request.compensate:
        check_compensable(prepared.network)
    responses = _responses(request, placed.placement.device, placed.layers)
    task = replace(
        described(prepared.task, request, placed),
        engine="runtime",
        noise=placed.placement.device.name,
        compensate=_digest(responses) if responses else False,
    )
    arrays = {
        "images": np.asarray(prepared.dataset.images[prepared.images]),
        "labels": prepared.dataset.labels[prepared.images].astype(np.int64),
        "indices": prepared.images,
    }
    return Plan(
        *(placed.placement.device, prepared.network, placed.layers, placed.costs),
        *(estimate, task, arrays, responses),
    )


def place_network(
    request: HardwareRequest, network: Network, most_copies: int | None = None
) -> Placed:
    """Compile the layers of a network for the device of a request.

    Args:
        request: What is asked for.
        network: The network.
        most_copies: More copies than this are of no use, None if any are.
    """
    copies = 1 if request.copies is None else request.copies
    check_placement(request.pairs, request.pair_gate, copies)
    name = request.device
    if name == LEAST_BUSY:
        from qnnq.devices.ibm.account import IbmAccount

        name = IbmAccount(request.limits).least_busy(_qubits_needed(network))
    device = resolve_device(name, request.limits)
    fits = _fitting_copies(network, device, request.pair_gate)
    bound = most_copies or max(fits)
    placement = Placement(
        device, request.qubits, min(copies, bound), request.pairs, request.pair_gate
    )
    if request.copies is None and request.qubits == "best":
        layers = _fill_chip(placement, network, [min(fit, bound) for fit in fits])
    else:
        layers = compile_network(network, placement)
    rep_delay, least = _rep_delay(device, request.options.rep_delay_s)
    costs = tuple(
        LayerCost.of(layer.circuit, report(layer, device.target).duration_s, rep_delay)
        for layer in layers
    )
    return Placed(placement, layers, costs, min(fits), least)


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


def _fitting_copies(network: Network, device: Device, pair_gate: PairGate) -> list[int]:
    """Return how many copies of each layer the chip takes, at least 1."""
    return [
        max(1, capacity(device.target, network.layer_entanglement(i), pair_gate) // width)
        for i, width in enumerate(network.widths)
    ]


def _fill_chip(
    placement: Placement, network: Network, copies: Sequence[int]
) -> tuple[CompiledLayer, ...]:
    """Compile each layer with its own number of copies: layers without ancillas take more."""
    fewest = min(copies)
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
        for layer, count in enumerate(copies)
    )


def _rep_delay(device: Device, chosen: float | None) -> tuple[float, float]:
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

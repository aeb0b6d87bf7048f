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
from qnnq.execution.request import PairGate, RunRequest
from qnnq.execution.run import prepare
from qnnq.jobs.estimate import Estimate, LayerShape, estimate_run
from qnnq.jobs.layer_plan import LayerCost
from qnnq.jobs.preflight import Choice, best_choice, numbers_of_copies, predicted_accuracy
from qnnq.jobs.request import LEAST_BUSY, HardwareRequest
from qnnq.networks.network import Network
from transpile import PROJECTIVE, CompiledLayer, capacity, compile_layer, report


@dataclass(frozen=True)
class Placed:
    """A network's layers on a device.

    Attributes:
        device: The device.
        layers: The compiled layers.
        costs: What an execution of each layer costs.
        least_rep_delay_s: The shortest repetition delay that the device offers.
    """

    device: Device
    layers: tuple[CompiledLayer, ...]
    costs: tuple[LayerCost, ...]
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
        choices: Numbers of images side by side, with what they mean; the one that is used too.
    """

    device: Device
    network: Network
    layers: tuple[CompiledLayer, ...]
    costs: tuple[LayerCost, ...]
    estimate: Estimate
    task: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    responses: tuple[NDArray[np.float64], ...] = ()
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
            pairs=request.pairs,
            pair_gate=request.pair_gate,
            copies=1 if request.copies is None else request.copies,
            shots=request.shots,
            seed=request.seed,
        )
    )
    images: NDArray[Any] = np.asarray(prepared.dataset.images[prepared.images])
    labels = prepared.dataset.labels[prepared.images].astype(np.int64)
    network = prepared.network
    tried = place_choices(request, network, len(images))
    accuracies = [
        predicted_accuracy(network, each.device, each.layers, prepared.dataset) for each in tried
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
    responses = _responses(request, placed.device, placed.layers)
    task = {
        **prepared.task,
        **describe(request, placed),
        "engine": "runtime",
        "noise": placed.device.name,
        "compensate": _digest(responses) if responses else False,
    }
    arrays = {"images": images, "labels": labels, "indices": prepared.images}
    return Plan(
        *(placed.device, network, placed.layers, placed.costs),
        *(estimates[chosen], task, arrays, responses),
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
    device = find_device(request, network)
    if request.copies is not None or request.qubits != "best":
        copies = min(request.copies or 1, images)
        layers = compile_network(
            network, device, request.qubits, copies, request.pairs, request.pair_gate
        )
        return [_placed(request, device, layers)]
    fits = [min(fit, images) for fit in _fitting_copies(network, device, request.pair_gate)]
    return [
        _placed(request, device, _side_by_side(request, network, device, fits, copies))
        for copies in numbers_of_copies(max(fits))
    ]


def fill_chip(request: HardwareRequest, network: Network) -> Placed:
    """Compile a network with as many copies of each layer as the chip takes."""
    device = find_device(request, network)
    if request.copies is not None or request.qubits != "best":
        return place_choices(request, network, request.copies or 1)[0]
    fits = _fitting_copies(network, device, request.pair_gate)
    return _placed(request, device, _side_by_side(request, network, device, fits, max(fits)))


def _placed(request: HardwareRequest, device: Device, layers: tuple[CompiledLayer, ...]) -> Placed:
    rep_delay, least = _rep_delay(device, request.options.rep_delay_s)
    costs = tuple(
        LayerCost.of(layer.circuit, report(layer, device.target).duration_s, rep_delay)
        for layer in layers
    )
    return Placed(device, layers, costs, least)


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


def _side_by_side(
    request: HardwareRequest, network: Network, device: Device, fits: Sequence[int], copies: int
) -> tuple[CompiledLayer, ...]:
    """Compile each layer with `copies` copies, or as many as fit: without ancillas more do."""
    counts = [min(fit, copies) for fit in fits]
    fewest = min(counts)
    shared = compile_network(
        network, device, "best", fewest, request.pairs, request.pair_gate
    )  # layers of the same kind share one circuit
    return tuple(
        shared[layer]
        if count == fewest
        else compile_layer(
            device.target,
            network.widths[layer],
            network.layer_entanglement(layer),
            copies=count,
            pairs=request.pairs,
            pair_gate=request.pair_gate,
        )
        for layer, count in enumerate(counts)
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


def describe(request: HardwareRequest, placed: Placed) -> dict[str, Any]:
    """Return what of a device and of how it is run determines a result."""
    options = request.options
    return {
        "device": placed.device.name,
        "calibration": placed.device.calibration,
        "qubits": [",".join(map(str, layer.sites)) for layer in placed.layers],
        "copies": placed.layers[0].copies,
        "pairs": request.pairs,
        "pair_gate": request.pair_gate if request.pairs else None,
        "dynamical_decoupling": options.dynamical_decoupling,
        "measurement_twirling": options.measurement_twirling,
        "rep_delay_s": options.rep_delay_s,
    }


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

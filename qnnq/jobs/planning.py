"""From what a user asks for to compiled layers, their cost, and the run's identity."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseError
from qnnq.devices.device import Device
from qnnq.devices.names import provider_of
from qnnq.errors import InputError
from qnnq.execution.modes.base import Mode
from qnnq.jobs.estimate import Estimate, LayerEstimate, estimate_run
from qnnq.jobs.folder import DEVICE
from qnnq.jobs.hardware_request import HardwareRequest, JobOptions
from qnnq.jobs.layer_plan import LayerCost, LayerShape
from qnnq.jobs.payload import expected_angle_bytes
from qnnq.jobs.placed import Placed, place_choices
from qnnq.jobs.prediction import Prediction, calibrated_mode, predict_run
from qnnq.jobs.preflight import Choice, best_choice
from qnnq.networks.network import Network
from qnnq.results.task import Task
from qnnq.runs.deploy import check_compensable
from qnnq.runs.run import prepare
from transpile import PROJECTIVE, CompiledLayer, NetworkCircuit


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
        kind: Whether images are run, or the device's response or its prices are measured.
        choices: Numbers of images side by side, with what they mean; the one that is used too.
        predicted: What the run is going to show, None where the calibration data do not suffice.
    """

    device: Device
    network: Network
    circuits: tuple[CompiledLayer | NetworkCircuit, ...]
    costs: tuple[LayerCost, ...]
    estimate: Estimate
    task: Task
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    responses: tuple[NDArray[np.float64], ...] = ()
    timing: dict[str, Any] | None = None
    kind: Literal["run", "calibration", "price"] = "run"
    choices: tuple[Choice, ...] = ()
    predicted: Prediction | None = None


def plan_run(request: HardwareRequest) -> Plan:
    """Check, compile and estimate a run.

    Raises:
        InputError, TranspileError: If anything that was asked for does not exist or does not fit
            together.
    """
    prepared = prepare(request.ideal())
    arrays = prepared.selection()
    images = arrays["images"]
    network = prepared.network
    prepared_states = prepared.preparations()
    tried = place_choices(request, network, len(images), prepared_states)
    if not request.compensate and prepared_states is None:
        tried = [_with_angle_bytes(each, network, images) for each in tried]
    accuracies = [each.deployment.predicted(prepared.dataset) for each in tried]
    estimates = [_estimate(request, each, len(images)) for each in tried]
    chosen = best_choice(accuracies)
    placed = tried[chosen]
    choices = [
        Choice(
            max(circuit.copies for circuit in each.circuits),
            *(accuracy, estimate.cost, number == chosen),
        )
        for number, (each, accuracy, estimate) in enumerate(
            zip(tried, accuracies, estimates, strict=True)
        )
    ]
    device = placed.device
    if request.compensate:
        check_compensable(network)
    responses = _responses(request, device, placed.layers)
    mode = _calibrated_mode(placed, network, responses)
    task = replace(
        described(prepared.task, request, placed),
        engine="runtime",
        noise=device.name,
        compensate=_digest(responses) if responses else False,
    )
    return Plan(
        device=device,
        network=network,
        circuits=tuple(each.circuit for each in placed.circuits),
        costs=placed.costs,
        estimate=estimates[chosen],
        task=task,
        arrays=arrays,
        responses=responses,
        timing=placed.deployment.assumed_timing(),
        choices=tuple(choices),
        predicted=None
        if mode is None
        else predict_run(
            *(network, mode, images, arrays["labels"], request.shots), device.calibration
        ),
    )


def measuring_plan(
    kind: Literal["calibration", "price"],
    request: HardwareRequest,
    placed: Placed,
    layers: tuple[CompiledLayer, ...],
    costs: tuple[LayerCost, ...],
    estimates: Sequence[LayerEstimate],
) -> Plan:
    """Return the plan of jobs that measure a device with some layers of a placed network."""
    network = placed.deployment.network
    task = Task(network.digest, "runtime", request.shots, request.seed, kind=kind)
    return Plan(
        device=placed.device,
        network=network,
        circuits=layers,
        costs=costs,
        estimate=Estimate.of(estimates, placed.device.limits),
        task=described(task, request, placed),
        kind=kind,
    )


def _calibrated_mode(
    placed: Placed, network: Network, responses: Sequence[NDArray[np.float64]]
) -> Mode | None:
    """Return how the network answers by the calibration data, None where these do not suffice."""
    if responses:
        return calibrated_mode(network, placed.device, placed.layers, responses)
    try:
        return placed.deployment.mode("instrument", shots=1, seed=0)
    except (NoiseError, InputError):
        return None


def _with_angle_bytes(placed: Placed, network: Network, images: NDArray[Any]) -> Placed:
    """Return a placement that knows how well the angles of its layers can be compressed."""
    if not placed.layers:
        return placed
    found = expected_angle_bytes(network, placed.layers, images)
    costs = [
        replace(cost, bytes_per_angle=size) for cost, size in zip(placed.costs, found, strict=True)
    ]
    return replace(placed, costs=tuple(costs))


def _estimate(request: HardwareRequest, placed: Placed, images: int) -> Estimate:
    weak = [0, *(layer.shape.entanglement < PROJECTIVE for layer in placed.layers[:-1])]
    columns = 1 + 2 * np.cumsum(weak)  # see Stepwise: what was before, an outcome and an angle
    shapes = [
        LayerShape(
            *(each.width, each.copies, each.parts, each.slots, cost, int(numbers)),
            apart=layer == 0 and placed.draws_preparations,
        )
        for layer, (each, cost, numbers) in enumerate(
            zip(placed.circuits, placed.costs, columns, strict=True)
        )
    ]
    return estimate_run(
        *(shapes, images, request.shots, placed.device.limits),
        least_rep_delay_s=placed.least_rep_delay_s,
    )


def check_device(request: HardwareRequest, device: Device) -> HardwareRequest:
    """Return the request with the device's limits, its instance, and batch without sessions.

    The instance is kept with the run: it alone lists the run's jobs, whatever the account's
    default becomes.

    Raises:
        InputError: If the machine is offline, or its jobs cannot be run as asked for.
    """
    request = replace(request, limits=device.limits)
    own = device.content is not None and device.found_as is None
    if provider_of(DEVICE if own else device.request).samples(device):
        _check_plain(request, device)
    if device.account is None:
        return request
    device.account.check_online(device.name)
    request = replace(request, instance=device.account.instance_of(device.name))
    if request.options.mode == "session" and not device.account.has_sessions():
        return replace(request, options=replace(request.options, mode="batch"))
    return request


def _check_plain(request: HardwareRequest, device: Device) -> None:
    """Raise InputError for ways to run jobs that only the client of IBM Quantum knows."""
    plain = JobOptions(request.options.mode, scheduler_timing=request.options.scheduler_timing)
    if request.options.mode == "session" or request.options != plain:
        raise InputError(
            f"options: expected no session, decoupling, twirling, delay, longest time or tags on "
            f"{device.name}, whose sampler takes none"
        )


def described(task: Task, request: HardwareRequest, placed: Placed) -> Task:
    """Return a task with what of a device, and of how its jobs are run, determines a result."""
    task, options = placed.deployment.submitted(task), request.options
    if request.mode == "coherent":  # which most options of the client have no place in
        return replace(task, rep_delay_s=options.rep_delay_s)
    return replace(task, **options.of_task())


def _responses(
    request: HardwareRequest, device: Device, layers: Sequence[CompiledLayer]
) -> tuple[NDArray[np.float64], ...]:
    if not request.compensate:
        if request.response is not None:
            raise InputError("`response`: expected `compensate` beside it, which it is for")
        return ()
    from qnnq.jobs.compensation import calibrated_coefficients, measured_coefficients

    if request.response is not None:
        return measured_coefficients(request.response, device.request, layers, request.pairs)
    return calibrated_coefficients(device, layers)


def _digest(responses: Sequence[NDArray[np.float64]]) -> str:
    digest = hashlib.sha256()
    for coefficients in responses:
        digest.update(np.ascontiguousarray(coefficients).tobytes())
    return digest.hexdigest()

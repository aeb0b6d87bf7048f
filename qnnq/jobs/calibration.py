"""Measuring how each used qubit of a device answers to the angle."""

from pathlib import Path

import numpy as np

from qnnq.errors import InputError
from qnnq.execution.engines.response import ANGLES
from qnnq.execution.measured_response import (
    KindResponse,
    MeasuredResponse,
    fit_sites,
    write_response,
)
from qnnq.execution.request import check_at_least
from qnnq.jobs.engine import RuntimeEngine
from qnnq.jobs.estimate import Estimate, LayerEstimate
from qnnq.jobs.layer_plan import JobPlan, LayerCost
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.planning import Plan, described, fill_chip
from qnnq.jobs.records import now
from qnnq.jobs.request import HardwareRequest
from qnnq.jobs.service import Service
from qnnq.networks.bundled import load_model
from qnnq.results.task import Task

RESPONSE = "response.json"


def plan_calibration(request: HardwareRequest) -> Plan:
    """Plan the measurement of all slots that a run of this request would use, at three angles.

    Layers of equal entanglement share one circuit, that of the layer with the most slots; so most
    networks need one job.

    Raises:
        InputError: If anything that was asked for does not exist or does not fit together.
    """
    if request.pairs and request.pair_gate == "cz":
        raise InputError(
            "--pair-gate cz: expected sx; joined neurons have no response of their own"
        )
    check_at_least("shots", request.shots, 1)
    check_at_least("seed", request.seed, 0)
    network = load_model(request.model)
    placed = fill_chip(request, network)
    widest: dict[float, int] = {}
    for number, layer in enumerate(placed.layers):
        best = widest.get(layer.entanglement)
        if best is None or layer.slots > placed.layers[best].slots:
            widest[layer.entanglement] = number
    layers = tuple(placed.layers[number] for number in widest.values())
    costs = tuple(placed.costs[number] for number in widest.values())
    estimates = [
        _estimate(number, layer.slots, cost, request)
        for number, layer, cost in zip(widest.values(), layers, costs, strict=True)
    ]
    task = Task(
        network=network.digest,
        engine="runtime",
        shots=request.shots,
        seed=request.seed,
        kind="calibration",
    )
    return Plan(
        *(placed.placement.device, network, layers, costs),
        *(Estimate(tuple(estimates), request.limits.overhead_s), described(task, request, placed)),
        kind="calibration",
    )


def _estimate(number: int, slots: int, cost: LayerCost, request: HardwareRequest) -> LayerEstimate:
    shots, limits, angles = request.shots, request.limits, len(ANGLES)
    if cost.sets_per_job(slots, shots, limits) < angles:
        raise InputError(f"--shots {shots}: three angles of so many shots do not fit in a job")
    seconds = cost.seconds(angles, shots, 1, limits)
    return LayerEstimate(
        *(number, 1, 1, angles, angles * shots, cost.payload(angles, slots)),
        *(cost.duration_s, cost.rep_delay_s, seconds),
    )


def measure_responses(ledger: Ledger, engine: RuntimeEngine, service: Service) -> Path:
    """Bring a calibration's jobs to an end and write the response file into the run's folder.

    Raises:
        Pending: If jobs are not finished.
    """
    request = ledger.fact("request")
    shots = request["shots"]
    kinds = []
    for number, layer in enumerate(ledger.layers()):
        if not ledger.jobs(number):
            angles = np.repeat(ANGLES[:, None], layer.slots, axis=1)
            places = np.arange(len(ANGLES) * shots).reshape(len(ANGLES), shots)
            ledger.write_plan(number, [JobPlan(angles, places)])
        engine.finish(number, service)
        (job,) = ledger.jobs(number)
        minus = ledger.bits(job).sum(axis=1, dtype=np.int64)  # (angles, slots)
        fitted = fit_sites([str(site) for site in layer.sites], minus, shots)
        kinds.append(KindResponse(entanglement=layer.entanglement, sites=tuple(fitted)))
    response = MeasuredResponse(
        device=ledger.fact("device"),
        calibration=ledger.fact("calibration"),
        measured=now(),
        shots=shots,
        pairs=request["pairs"],
        kinds=tuple(kinds),
    )
    write_response(response, ledger.folder / RESPONSE)
    return ledger.folder / RESPONSE

"""Measuring how each used qubit of a device answers to the angle."""

from pathlib import Path

import numpy as np

from qnnq.arrays import IntArray
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError
from qnnq.execution.measured_response import (
    KindResponse,
    MeasuredResponse,
    fit_sites,
    write_response,
)
from qnnq.execution.response_fit import ANGLES
from qnnq.jobs.engine import RuntimeEngine
from qnnq.jobs.estimate import LayerEstimate, layer_estimate
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.layer_plan import JobPlan, LayerShape
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.placed import fill_chip
from qnnq.jobs.planning import Plan, measuring_plan
from qnnq.jobs.records import now
from qnnq.jobs.service import Service
from qnnq.networks.bundled import load_model
from qnnq.options.option import check_options

RESPONSE = "response.json"

ROUNDS = 8
"""Most parameter sets for each angle: neighbours are at so many random angles meanwhile."""


def plan_calibration(request: HardwareRequest) -> Plan:
    """Plan the measurement of all slots that a run of this request would use, at four angles.

    Layers of equal entanglement share one circuit, that of the layer with the most slots; so most
    networks need one job.

    Raises:
        InputError: If anything that was asked for does not exist or does not fit together.
    """
    if request.pairs and request.pair_gate == "cz":
        raise InputError(
            "`pair_gate` cz: expected sx; joined neurons have no response of their own"
        )
    check_options(request, ("shots", "seed"))
    network = load_model(request.model)
    network.refuse_couplings("calibrate")
    network.refuse_states("calibrate")
    placed = fill_chip(request, network)
    widest: dict[float, int] = {}
    for number, layer in enumerate(placed.layers):
        best = widest.get(layer.shape.entanglement)
        if best is None or layer.slots > placed.layers[best].slots:
            widest[layer.shape.entanglement] = number
    layers = tuple(placed.layers[number] for number in widest.values())
    costs = tuple(placed.costs[number] for number in widest.values())
    estimates = [
        _estimate(
            number,
            LayerShape(layer.shape.width, layer.shape.copies, layer.parts, layer.slots, cost),
            *(request.shots, placed.device.limits),
        )
        for number, layer, cost in zip(widest.values(), layers, costs, strict=True)
    ]
    return measuring_plan("calibration", request, placed, layers, costs, estimates)


def _estimate(number: int, shape: LayerShape, shots: int, limits: ServiceLimits) -> LayerEstimate:
    sets, each = _sets(shots)
    if shape.cost.sets_per_job(shape.slots, each, limits) < sets:
        raise InputError(f"`shots` {shots}: four angles of so many shots do not fit in a job")
    return layer_estimate(number, shape, sets, each, 1, limits)


def _sets(shots: int) -> tuple[int, int]:
    """Return how many parameter sets of how many shots give `shots` at each angle."""
    rounds = next(rounds for rounds in range(ROUNDS, 0, -1) if shots % rounds == 0)
    return rounds * len(ANGLES), shots // rounds


def _chosen_angles(sets: int, slots: int, seed: int) -> IntArray:
    """Return which angle each slot has in each set, shape (sets, slots).

    Every slot has each angle equally often, in an order of its own: its neighbours are at random
    angles meanwhile, as they are in a network's layers.
    """
    rounds = np.repeat(np.arange(len(ANGLES)), sets // len(ANGLES))
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(slots,)))
    return random.permuted(np.tile(rounds[:, None], slots), axis=0)


def measure_responses(ledger: Ledger, engine: RuntimeEngine, service: Service) -> Path:
    """Bring a calibration's jobs to an end and write the response file into the run's folder.

    Raises:
        Pending: If jobs are not finished.
    """
    request = ledger.fact("request")
    shots = request["shots"]
    kinds = []
    for number, layer in enumerate(ledger.layers()):
        sets, each = _sets(shots)
        chosen = _chosen_angles(sets, layer.slots, request["seed"])
        if not ledger.jobs(number):
            places = np.arange(sets * each).reshape(sets, each)
            ledger.write_plan(number, [JobPlan(ANGLES[chosen], places)], layer.slots)
        engine.finish(number, service)
        (job,) = ledger.jobs(number)
        ones = ledger.bits(job).sum(axis=1, dtype=np.int64)  # (sets, slots)
        minus = np.array([(ones * (chosen == angle)).sum(axis=0) for angle in range(len(ANGLES))])
        fitted = fit_sites([str(site) for site in layer.sites], minus, shots)
        kinds.append(KindResponse(entanglement=layer.shape.entanglement, sites=tuple(fitted)))
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

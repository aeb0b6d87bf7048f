"""Rows of angles become as few jobs as the limits allow, each execution exactly once."""

from dataclasses import replace

import numpy as np
import pytest

from qnnq.devices.service_limits import ServiceLimits, instructions_on_busiest_qubit
from qnnq.errors import InputError
from qnnq.jobs.estimate import estimate_layer, estimate_run
from qnnq.jobs.layer_plan import JobPlan, LayerCost, LayerShape, plan_jobs

COST = LayerCost(duration_s=2e-6, rep_delay_s=248e-6, instructions=17, circuit_bytes=1000)
FREE = ServiceLimits()


def assert_covers(jobs: list[JobPlan], angles: np.ndarray) -> None:
    places = np.concatenate([job.places.ravel() for job in jobs])
    assert sorted(places) == list(range(len(angles)))
    for job in jobs:
        assert (angles[job.places] == job.angles[:, None, :]).all()


def test_equal_rows_share_a_parameter_set() -> None:
    angles = np.repeat(np.arange(5.0)[:, None] * np.ones(3), 4, axis=0)
    (job,) = plan_jobs(angles, COST, FREE)
    assert job.places.shape == (5, 4)
    assert_covers([job], angles)


def test_unequal_multiplicities_share_their_divisor() -> None:
    angles = np.repeat(np.arange(3.0)[:, None], [2, 4, 6], axis=0)
    (job,) = plan_jobs(angles, COST, FREE)
    assert job.places.shape == (6, 2)
    assert_covers([job], angles)


def test_multiplicities_go_apart_where_that_saves_jobs() -> None:
    # 1 row 999 times and 1 row once: together 1000 sets of one shot, apart 1 + 1 sets.
    angles = np.repeat(np.arange(2.0)[:, None], [999, 1], axis=0)
    limits = ServiceLimits(instructions_per_qubit=17 * 100)
    jobs = plan_jobs(angles, COST, limits)
    assert sorted(job.places.shape for job in jobs) == [(1, 1), (1, 999)]
    assert_covers(jobs, angles)
    assert len(plan_jobs(angles, COST, FREE)) == 1


@pytest.mark.parametrize(
    ("limits", "jobs"),
    [
        (ServiceLimits(executions_per_job=300), 4),
        (ServiceLimits(instructions_per_qubit=17 * 250), 4),
        (ServiceLimits(payload_bytes=1000 + 32 * 500), 2),
        (ServiceLimits(seconds_per_job=2 + 250e-6 * 340), 3),
    ],
)
def test_split_only_at_the_limits(limits: ServiceLimits, jobs: int) -> None:
    angles = np.random.default_rng(0).normal(size=(1000, 3))
    found = plan_jobs(angles, COST, limits)
    assert len(found) == jobs
    assert_covers(found, angles)
    for job in found:
        assert job.places.size <= limits.executions_per_job
        assert len(job.angles) * COST.instructions <= limits.instructions_per_qubit
        assert COST.payload(len(job.angles), 3) <= limits.payload_bytes
        assert COST.seconds(*job.places.shape, 1, limits) <= limits.seconds_per_job
    shape = LayerShape(width=3, copies=1, parts=1, slots=3, cost=COST)
    assert estimate_layer(1, shape, 100, 10, limits).jobs == jobs


def test_more_shots_than_a_job_holds() -> None:
    angles = np.zeros((1000, 3))
    jobs = plan_jobs(angles, COST, ServiceLimits(executions_per_job=300))
    assert [job.places.shape for job in jobs] == [(1, 250)] * 4
    assert_covers(jobs, angles)


def test_no_room_for_a_single_set() -> None:
    with pytest.raises(InputError, match="payload_bytes = 1000: expected room for one"):
        plan_jobs(np.zeros((4, 3)), COST, ServiceLimits(payload_bytes=1000))


def test_the_estimate_is_an_upper_bound_by_layer() -> None:
    shape = LayerShape(width=16, copies=9, parts=1, slots=144, cost=COST)
    found = estimate_run([shape] * 3, 1000, 10, FREE, least_rep_delay_s=20e-6)
    assert [layer.parameter_sets for layer in found.layers] == [112, 1120, 1120]
    assert [layer.executions for layer in found.layers] == [1120] * 3
    assert found.jobs == 3
    assert found.quantum_seconds == pytest.approx(3 * 2 + 3 * 1120 * 250e-6)
    ways = dict(found.cheaper)
    assert ways["--rep-delay 20 (us; qubits start less well reset)"] == pytest.approx(
        6 + 3 * 1120 * 22e-6
    )


def test_broadcasts_limit_the_parameter_sets_of_a_job() -> None:
    cost = replace(COST, broadcasts=32.0)
    shape = LayerShape(width=16, copies=1, parts=1, slots=16, cost=cost)
    found = estimate_run([shape], 1000, 15, FREE, least_rep_delay_s=20e-6)
    assert found.jobs == 14  # 75 of 32 broadcasts: 2,400
    ways = dict(found.cheaper)
    (once,) = (seconds for how, seconds in ways.items() if how.startswith("broadcasts_per_job"))
    assert once == pytest.approx(found.quantum_seconds - 13 * FREE.overhead_s)
    angles = np.random.default_rng(0).normal(size=(100, 3))
    assert [len(job.angles) for job in plan_jobs(angles, cost, FREE)] == [75, 25]


def test_control_instructions() -> None:
    from qiskit.circuit import QuantumCircuit

    circuit = QuantumCircuit(2, 1)
    circuit.sx(0)
    circuit.rz(0.1, 0)
    circuit.sx(0)
    circuit.cz(0, 1)
    circuit.barrier()
    circuit.measure(0, 0)
    assert instructions_on_busiest_qubit(circuit) == 2 + 1 + 2 + 5 + 10
    # Inside branches too: on qubit 1, the X of one and the two RZ of the other.
    body, otherwise = QuantumCircuit(1), QuantumCircuit(1)
    body.x(0)
    otherwise.rz(0.1, 0)
    otherwise.rz(0.2, 0)
    for _ in range(6):
        circuit.if_else((circuit.clbits[0], 1), body, otherwise, [1], [])
    condition = 2
    assert instructions_on_busiest_qubit(circuit) == 5 + 6 * (condition + 2 + 1 + 1)

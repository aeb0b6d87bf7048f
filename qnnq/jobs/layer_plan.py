"""From one row of angles an execution to as few jobs as the service allows."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit

from qnnq.devices.service_limits import ServiceLimits, instructions_on_busiest_qubit
from qnnq.errors import InputError
from qnnq.execution.engines.packing import MergedRows, merge_rows
from qnnq.jobs.payload import MOST_BYTES_PER_ANGLE, angle_bytes, circuit_bytes
from transpile import controller_load

SHORTEST_S = 1e-9
"""Of an execution on a device whose circuits have no known duration."""


@dataclass(frozen=True)
class LayerCost:
    """What one execution of a layer's circuit costs.

    Attributes:
        duration_s: Length of the circuit, seconds.
        rep_delay_s: Delay after each execution, seconds.
        instructions: Control instructions on the busiest qubit.
        circuit_bytes: Size of a job's request without its angles.
        broadcasts: What it asks of the controller that feeds outcomes forward, in broadcasts of
            one bit.
        bytes_per_angle: What each angle takes in a job's request.
    """

    duration_s: float
    rep_delay_s: float
    instructions: int
    circuit_bytes: int
    broadcasts: float = 0.0
    bytes_per_angle: float = MOST_BYTES_PER_ANGLE

    @classmethod
    def of(
        cls, circuit: QuantumCircuit, duration_s: float, rep_delay_s: float, *, twirled: bool
    ) -> "LayerCost":
        """Return the cost of a circuit; `twirled`: its measurements are."""
        size = circuit_bytes(circuit, twirled)
        instructions = instructions_on_busiest_qubit(circuit)
        broadcasts = controller_load(circuit).broadcast_cost
        return cls(duration_s, rep_delay_s, instructions, size, broadcasts)

    def seconds(self, sets: int, shots: int, jobs: int, limits: ServiceLimits) -> float:
        """Return the quantum seconds of `jobs` jobs with `sets` parameter sets of `shots` shots.

        Overhead x jobs + seconds_per_set x sets + (rep_delay + circuit length +
        seconds_per_execution) x executions.
        """
        each = limits.seconds_per_set + self.execution_s(limits) * shots
        return limits.overhead_s * jobs + each * sets

    def execution_s(self, limits: ServiceLimits) -> float:
        """Return the quantum seconds of an execution, at least those of its circuit."""
        besides = self.rep_delay_s + limits.seconds_per_execution
        return max(besides, 0.0) + self.duration_s

    def payload(self, parameter_sets: int, slots: int) -> int:
        """Return an upper bound of a request's size in bytes."""
        return self.circuit_bytes + math.ceil(parameter_sets * slots * self.bytes_per_angle)

    def shots_per_set(self, wanted: int, limits: ServiceLimits) -> int:
        """Return the largest divisor of `wanted` shots that fits in one job, at least 1."""
        seconds = limits.seconds_per_job - limits.overhead_s - limits.seconds_per_set
        most = min(limits.executions_per_job, _times(seconds, self.execution_s(limits)))
        return next((n for n in range(min(wanted, most), 0, -1) if wanted % n == 0), 1)

    def sets_per_job(self, slots: int, shots: int, limits: ServiceLimits) -> int:
        """Return how many parameter sets of `shots` shots fit in one job.

        Raises:
            InputError: If not even one does.
        """
        seconds = limits.seconds_per_job - limits.overhead_s
        bounds = {
            "circuits_per_job": limits.circuits_per_job,
            "executions_per_job": limits.executions_per_job // shots,
            "instructions_per_qubit": limits.instructions_per_qubit // max(self.instructions, 1),
            "payload_bytes": (limits.payload_bytes - self.circuit_bytes)
            // math.ceil(slots * self.bytes_per_angle),
            "seconds_per_job": _times(seconds, self.seconds(1, shots, 0, limits)),
        }
        if self.broadcasts:
            bounds["broadcasts_per_job"] = int(limits.broadcasts_per_job / self.broadcasts)
        tightest = min(bounds, key=lambda name: bounds[name])
        if bounds[tightest] < 1:
            raise InputError(
                f"limits: {tightest} = {getattr(limits, tightest):g}: expected room for one "
                f"parameter set of {slots} angles and {shots} shots"
            )
        return int(bounds[tightest])


def _times(seconds: float, each_s: float) -> int:
    """Return how often something fits into a time; what takes none fits as often as any."""
    return int(seconds / max(each_s, SHORTEST_S))


@dataclass(frozen=True)
class LayerShape:
    """How a layer lies on the chip, and what one execution of it costs.

    `columns`: how many numbers tell an angle from others, more than one after weak measurements;
    `apart`: whether shots of an image have angles of their own in the first layer already.
    """

    width: int
    copies: int
    parts: int
    slots: int
    cost: LayerCost
    columns: int = 1
    apart: bool = False


@dataclass(frozen=True)
class JobPlan:
    """One job: a circuit, many parameter sets, the same shots for each.

    Attributes:
        angles: Shape (parameter sets, slots), radians.
        places: Which executions of the layer the shots belong to, (parameter sets, shots).
    """

    angles: NDArray[np.floating]
    places: NDArray[np.int64]


def plan_jobs(
    angles: NDArray[np.floating],
    cost: LayerCost,
    limits: ServiceLimits,
    origins: NDArray[np.floating] | None = None,
) -> list[JobPlan]:
    """Return the fewest jobs that measure every row of angles once.

    Equal rows become one parameter set with more shots. All parameter sets of a job need equal
    shots, so either all rows share the greatest common divisor of their multiplicities, or rows
    of different multiplicities go into different jobs: what needs fewer jobs, then fewer sets.

    Args:
        angles: One row an execution, shape (executions, slots).
        cost: What an execution costs.
        limits: The service's limits.
        origins: What tells rows apart, (executions, columns); None: the angles themselves.
    """
    groups = merge_rows(angles, angles if origins is None else origins)
    common = cost.shots_per_set(math.gcd(*(group.shots for group in groups)), limits)
    together = _split([_divided(groups, common)], cost, limits)
    each = [_divided([group], cost.shots_per_set(group.shots, limits)) for group in groups]
    apart = _split(each, cost, limits)
    return min(together, apart, key=lambda jobs: (len(jobs), sum(len(job.angles) for job in jobs)))


def _divided(groups: list[MergedRows], shots: int) -> MergedRows:
    """Return all rows as parameter sets of `shots` shots; a row may need several."""
    rows = [np.repeat(group.angles, group.shots // shots, axis=0) for group in groups]
    places = [group.places.reshape(-1, shots) for group in groups]
    return MergedRows(shots, np.concatenate(rows), np.concatenate(places))


def _split(groups: list[MergedRows], cost: LayerCost, limits: ServiceLimits) -> list[JobPlan]:
    jobs = []
    for group in groups:
        cost = replace(cost, bytes_per_angle=angle_bytes(group.angles))
        size = cost.sets_per_job(group.angles.shape[1], group.shots, limits)
        for start in range(0, len(group.angles), size):
            part = slice(start, start + size)
            jobs.append(JobPlan(group.angles[part], group.places[part]))
    return jobs

"""Local testing mode: the same jobs through the same sampler, on a simulator in this process."""

import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage, physical_instructions
from qnnq.devices.device import Device
from qnnq.errors import QnnqError
from qnnq.execution.engines.aer_seeds import SHOTS_PER_ROW, independent_seeds
from qnnq.jobs.hardware_request import JobOptions
from qnnq.jobs.service import JobResult, JobStatus, JobView, Service, Submission, result_of
from transpile import CompiledLayer, NetworkCircuit, schedule_where_known, unknown_wait
from transpile.simulable import simulable

if TYPE_CHECKING:
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

_TOLD_FROM = 2_000
"""Executions from which on it is told when a job will be done."""
_FORETOLD_BY = (10, 100)
"""Rows or shots that foretell it: the fewer where they take as long as `_MEASURABLE_S`."""
_MEASURABLE_S = 0.5
EXACT_ANGLES = 12
"""Decimals to which the local executor rounds angles (in units of pi/2); its default is 5."""


@dataclass
class Job:
    """A job of this process; a long one begins when it was asked for twice, as it runs alone.

    Attributes:
        tags: What it is found by.
        start: Starts it, and returns the sampler's job.
        seconds: Foretells how long it takes; None where nobody asks.
        started: The sampler's job, once it began.
        until: When it will be done, by the clock, once that was foretold.
        seen: Whether it was asked for before.
    """

    tags: tuple[str, ...]
    start: Callable[[], Any]
    seconds: Callable[[], float] | None
    started: Any = None
    until: str | None = None
    seen: bool = False

    def begun(self) -> Any:
        """Return the sampler's job."""
        if self.started is None:
            self.started = self.start()
        return self.started

    def view(self, job_id: str) -> JobView:
        """Return its state."""
        if self.seconds is not None and self.started is None:
            if not self.seen:
                self.seen = True
                return JobView(job_id, "running", tags=self.tags)
            end = datetime.now().astimezone() + timedelta(seconds=self.seconds())
            self.until = end.strftime("%H:%M:%S")
        job = self.begun()
        if not job.in_final_state():
            return JobView(job_id, "running", tags=self.tags, until=self.until)
        status: JobStatus = "cancelled" if job.cancelled() else "done"
        return JobView(job_id, status, seconds=0.0, tags=self.tags)


class LocalService(Service):
    """A fake device: the noise of its calibration data, on the qubits in use only.

    The fake device's own noise model of all qubits takes seconds to build and more to run; this one
    has the same channels (`noise_models`), for the same circuits.

    Args:
        device: The device that is simulated.
        circuits: The circuits that will be run.
        measurement: The device's instruction that their measurements stand for.
        options: How jobs are run.
        seed: Seed of the run.
        shots: Shots of the run: runs of one seed and other shots are independent.
    """

    finds_jobs = False

    def __init__(
        self,
        device: Device,
        circuits: Sequence[CompiledLayer | NetworkCircuit],
        options: JobOptions,
        *,
        measurement: str = "measure",
        seed: int,
        shots: int,
    ) -> None:
        self._options = options
        self._calibration = device.calibration
        self._target = device.target
        self._timed = options.pads
        self._simulator = _simulator(device, circuits, measurement, self._timed)
        self._jobs: dict[str, Job] = {}
        self._seed = seed
        self._shots = shots

    def submit(self, sent: Submission) -> str:
        """Submit one job, at most once, and return its id."""
        from qiskit_ibm_runtime.executor_sampler import Sampler

        parts, shots = _parts(sent.shots)
        angles, circuit = np.repeat(sent.angles, parts, axis=0), sent.circuit
        options = self._options.of_sampler(sent.tags, shots, sent.max_execution_s)
        (seed,) = independent_seeds(self._seed, (self._shots, sent.number), 1)
        options["simulator"] = {"seed_simulator": seed, "angle_decimals": EXACT_ANGLES}
        if not self._timed and not circuit.has_control_flow_op():
            circuit = simulable(schedule_where_known(circuit, self._target))

        def start(rows: NDArray[np.floating], shots: int) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sampler = Sampler(mode=self._simulator, options=options)
                return sampler.run([(circuit, rows)], shots=shots)

        job_id = f"local-{os.getpid()}-{len(self._jobs)}"
        long = len(angles) * shots > _TOLD_FROM
        foretell = partial(seconds_of, start, angles, shots) if long else None
        self._jobs[job_id] = Job(sent.tags, partial(start, angles, shots), foretell)
        if not long:
            self._jobs[job_id].begun()
        return job_id

    def find(self, tag: str) -> list[JobView]:
        """Return the jobs that carry a tag, as far as the service lists them already."""
        return [self.view(job_id) for job_id, job in self._jobs.items() if tag in job.tags]

    def view(self, job_id: str) -> JobView:
        """Return the state of a job, by its id, or by its tag where it got none."""
        if job_id not in self._jobs:
            return JobView(job_id, "gone", seconds=0.0, message="a local job ends with its process")
        return self._jobs[job_id].view(job_id)

    def result(self, job_id: str, shape: tuple[int, int, int]) -> JobResult:
        """Return the result of a finished job, its bits of shape (parameter sets, shots, slots)."""
        sets, shots, slots = shape
        parts, each = _parts(shots)
        try:
            found = result_of(self._jobs[job_id].begun().result(), (sets * parts, each, slots))
            return JobResult(found.bits.reshape(sets, parts * each, slots)[:, :shots])
        except ValueError as error:
            raise QnnqError(f"job {job_id}: {error}") from error

    def cancel(self, job_id: str) -> bool:
        """Cancel a job; False where it had ended before."""
        return job_id in self._jobs and bool(self._jobs[job_id].begun().cancel())

    def calibration(self) -> str | None:
        """Return the time of the device's calibration data now, ISO 8601, None if not known."""
        return self._calibration


def seconds_of(
    start: Callable[[NDArray[np.floating], int], Any], angles: NDArray[np.floating], shots: int
) -> float:
    """Return how long a job will take, as a part of it foretells: of its rows, or of its shots.

    Args:
        start: Starts a job of rows of angles and a number of shots.
        angles: Of the job, a row a parameter set.
        shots: Of each row.
    """
    by_rows = shots < len(angles)

    def took(number: int) -> float:
        began = time.monotonic()
        part = (angles[:number], shots) if by_rows else (angles[:1], number)
        start(*part).result()
        return time.monotonic() - began

    alone, whole = took(1), len(angles) if by_rows else len(angles) * shots
    for few in (min(each, whole - 1) for each in _FORETOLD_BY):
        seconds = max(0.0, took(1 + few) - alone)
        if seconds >= _MEASURABLE_S:
            break
    return seconds * whole / few


def _parts(shots: int) -> tuple[int, int]:
    """Return in how many rows of how many shots a parameter set is run; the last has spare ones."""
    parts = -(-shots // SHOTS_PER_ROW)
    return parts, -(-shots // parts)


def _simulator(
    device: Device,
    circuits: Sequence[CompiledLayer | NetworkCircuit],
    measurement: str,
    timed: bool,
) -> "AerSimulator":
    """Return a simulator with the device's noise; `timed`: it knows the durations of gates."""
    from qiskit_aer import AerSimulator

    specification = NoiseSpecification.parse(device.name, device_names=[device.name])
    qubits = {qubit for each in circuits for site in each.sites for qubit in site.qubits}
    channels = build_channels(specification, device.target, sorted(qubits), measurement)
    for each in circuits:
        waits = timed or isinstance(each, NetworkCircuit)  # its waits are delays, also in branches
        unknown = None if waits else unknown_wait(each.circuit, device.target)
        check_coverage(each.circuit, channels, specification, unknown)
    return AerSimulator(
        # The local executor copies the simulator for each job: with a target, that takes seconds.
        target=device.target if timed else None,
        method="matrix_product_state",
        noise_model=_noise_of(channels, circuits, everything=timed),
        max_parallel_threads=1,
    )


def _noise_of(
    channels: NoiseChannels,
    circuits: Sequence[CompiledLayer | NetworkCircuit],
    everything: bool,
) -> "NoiseModel":
    """Return the noise of the gates that the circuits use; Aer copies the model for each circuit.

    `everything`: gates are added later, for dynamical decoupling.
    """
    from noise_models.aer_model import aer_noise_model

    if everything:
        return aer_noise_model(channels)
    used = {
        (item.operation.name, qubits)
        for each in circuits
        for item, qubits in physical_instructions(each.circuit)
    }
    return aer_noise_model(channels, elements=used)

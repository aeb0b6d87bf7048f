"""Local testing mode: the same jobs through the same sampler, on a simulator in this process."""

import os
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit

from noise_models import NoiseSpecification
from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage, physical_instructions
from qnnq.devices.device import Device
from qnnq.errors import QnnqError
from qnnq.execution.engines.aer_seeds import SHOTS_PER_ROW, independent_seeds
from qnnq.jobs.hardware_request import JobOptions
from qnnq.jobs.service import JobResult, JobView, Service, result_of
from transpile import CompiledLayer, NetworkCircuit, schedule_where_known, unknown_wait
from transpile.simulable import simulable

if TYPE_CHECKING:
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

_TOLD_FROM = 2_000
"""Executions from which on it is told when a job will be done."""
_FORETOLD_BY = 100
"""Executions that foretell it."""
EXACT_ANGLES = 12
"""Decimals to which the local executor rounds angles (in units of pi/2); its default is 5."""


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
        self._jobs: dict[str, tuple[tuple[str, ...], Any, str | None]] = {}
        self._seed = seed
        self._shots = shots

    def submit(
        self,
        circuit: QuantumCircuit,
        angles: NDArray[np.floating],
        shots: int,
        tags: tuple[str, ...],
        number: int,
        max_execution_s: int | None,
    ) -> str:
        """Submit one job, at most once, and return its id."""
        from qiskit_ibm_runtime.executor_sampler import Sampler

        parts, shots = _parts(shots)
        angles = np.repeat(angles.astype(np.float64), parts, axis=0)
        options = self._options.of_sampler(tags, shots, max_execution_s)
        (seed,) = independent_seeds(self._seed, (self._shots, number), 1)
        options["simulator"] = {"seed_simulator": seed, "angle_decimals": EXACT_ANGLES}
        if not self._timed and not circuit.has_control_flow_op():
            circuit = simulable(schedule_where_known(circuit, self._target))

        def start(rows: NDArray[np.floating], shots: int) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sampler = Sampler(mode=self._simulator, options=options)
                return sampler.run([(circuit, rows)], shots=shots)

        until = _end_of(start, angles, shots) if len(angles) * shots > _TOLD_FROM else None
        job_id = f"local-{os.getpid()}-{len(self._jobs)}"
        self._jobs[job_id] = (tags, start(angles, shots), until)
        return job_id

    def find(self, tag: str) -> list[JobView]:
        """Return the jobs that carry a tag, as far as the service lists them already."""
        return [self.view(job_id) for job_id, (own, *_) in self._jobs.items() if tag in own]

    def view(self, job_id: str) -> JobView:
        """Return the state of a job, by its id, or by its tag where it got none."""
        if job_id not in self._jobs:
            return JobView(job_id, "gone", seconds=0.0, message="a local job ends with its process")
        tags, job, until = self._jobs[job_id]
        if not job.in_final_state():
            return JobView(job_id, "running", tags=tags, until=until)
        return JobView(job_id, "cancelled" if job.cancelled() else "done", seconds=0.0, tags=tags)

    def result(self, job_id: str, shape: tuple[int, int, int]) -> JobResult:
        """Return the result of a finished job, its bits of shape (parameter sets, shots, slots)."""
        sets, shots, slots = shape
        parts, each = _parts(shots)
        try:
            found = result_of(self._jobs[job_id][1].result(), (sets * parts, each, slots))
            return JobResult(found.bits.reshape(sets, parts * each, slots)[:, :shots])
        except ValueError as error:
            raise QnnqError(f"job {job_id}: {error}") from error

    def cancel(self, job_id: str) -> bool:
        """Cancel a job; False where it had ended before."""
        return job_id in self._jobs and bool(self._jobs[job_id][1].cancel())

    def calibration(self) -> str | None:
        """Return the time of the device's calibration data now, ISO 8601, None if not known."""
        return self._calibration


def _end_of(
    start: Callable[[NDArray[np.floating], int], Any], angles: NDArray[np.floating], shots: int
) -> str:
    """Return when a job will be done, by the clock, as some shots of its first row foretell."""
    took = []
    for few in (1, 1 + _FORETOLD_BY):
        began = time.monotonic()
        start(angles[:1], few).result()
        took.append(time.monotonic() - began)
    seconds = max(0.0, took[1] - took[0]) * len(angles) * shots / _FORETOLD_BY
    return (datetime.now().astimezone() + timedelta(seconds=seconds)).strftime("%H:%M:%S")


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

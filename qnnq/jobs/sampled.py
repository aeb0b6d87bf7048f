"""Jobs through any sampler of Qiskit's interface: the vendor's own, or `BackendSamplerV2`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit
from qiskit.primitives import BackendSamplerV2, BasePrimitiveJob, BaseSamplerV2

from qnnq.devices.device import Device, Provider
from qnnq.devices.patience import Patience
from qnnq.errors import QnnqError
from qnnq.jobs.service import JobResult, JobView, Missing, Service, result_of
from qnnq.wording import reason


def sampled(device: Device, provider: Provider) -> "SamplerService":
    """Return the service that sends jobs through the sampler of a device.

    Raises:
        QnnqError: If its provider has none, for want of a package or a token, say.
    """
    make = provider.sampler or (lambda device: BackendSamplerV2(backend=device.backend))
    try:
        sampler = make(device)
    except QnnqError:
        raise
    except Exception as error:  # whatever a vendor's package raises
        raise QnnqError(f"device {device.name}: its provider raised {reason(error)}") from error
    return SamplerService(device, sampler)


class SamplerService(Service):
    """A sampler, whose jobs only the process that sent them can ask for.

    Whether a job has run whose process ended, nobody can tell: it is sent again by itself where
    the device is simulated at no cost, else by the user. A job that is over is billed by the
    device's tariff, in no quantum seconds.

    Args:
        device: The device.
        sampler: What runs its circuits.
    """

    finds_jobs = False

    def __init__(self, device: Device, sampler: BaseSamplerV2) -> None:
        self._device = device
        self._sampler = sampler
        self._jobs: dict[str, BasePrimitiveJob[Any, Any] | Exception] = {}

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
        job: BasePrimitiveJob[Any, Any] | Exception
        try:
            job = self._sampler.run([(circuit, angles.astype(np.float64))], shots=shots)
            job_id = str(job.job_id())
        except Exception as error:  # whatever it raises; the vendor may have the job by now
            job, job_id = error, tags[0]
        self._jobs[job_id] = job
        return job_id

    def find(self, tag: str) -> list[JobView]:
        """Return no jobs: they carry no tags."""
        return []

    def view(self, job_id: str) -> JobView:
        """Return the state of a job, by its id, or by its tag where it got none."""
        job = self._jobs.get(job_id)
        if job is None:
            message = f"its process ended before {self._device.name} answered"
            if self._device.kind == "simulated":
                return JobView(job_id, "gone", seconds=0.0, message=message)
            return JobView(
                job_id,
                "lost",
                message=f"{message}, and jobs there have no tags to find it by: look at its "
                "provider whether it ran",
            )
        if isinstance(job, Exception):
            return JobView(job_id, "done", seconds=0.0)  # its result says what went wrong
        patience = Patience(self._device.limits.patience_s)
        while True:
            try:
                return _view(job_id, job)
            except Exception as error:  # whatever it raises; the job is paid, and runs on
                if not patience.pause():
                    message = f"the sampler of {self._device.name} raised {reason(error)}"
                    return JobView(
                        job_id, "lost", message=f"{message}: look at its provider whether it ran"
                    )

    def result(self, job_id: str, shape: tuple[int, int, int]) -> JobResult:
        """Return the result of a finished job, its bits of shape (parameter sets, shots, slots)."""
        job = self._jobs[job_id]
        try:
            if isinstance(job, Exception):
                raise job
            return result_of(job.result(), shape)
        except Exception as error:  # whatever it raises
            message = f"job {job_id}: the sampler of {self._device.name} raised {reason(error)}"
            if self._device.kind == "simulated":
                raise QnnqError(message) from error
            raise Missing(f"{message}: look at its provider whether it ran") from error

    def cancel(self, job_id: str) -> bool:
        """Cancel a job; False where it had ended before, or its vendor cancels none."""
        job = self._jobs.get(job_id)
        if job is None or isinstance(job, Exception):
            return False
        try:
            job.cancel()
            return bool(job.cancelled())
        except Exception:  # whatever it raises; its state says whether it runs on
            return False

    def calibration(self) -> str | None:
        """Return the time of the device's calibration data now, ISO 8601, None if not known."""
        return self._device.calibration


def _view(job_id: str, job: BasePrimitiveJob[Any, Any]) -> JobView:
    if not job.in_final_state():
        return JobView(job_id, "running" if job.running() else "queued")
    return JobView(job_id, "cancelled" if job.cancelled() else "done", seconds=0.0)

"""Jobs on a machine of the IBM Quantum service."""

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit

from qnnq.devices.ibm.account import listed_backend
from qnnq.devices.ibm.client import Client, Missing, Unanswered, classify, submit_only_once
from qnnq.devices.limits import ServiceLimits
from qnnq.errors import QnnqError
from qnnq.jobs.service import JobOptions, JobStatus, JobView, bits_of, sampler_options

if TYPE_CHECKING:
    from qiskit_ibm_runtime import IBMBackend, QiskitRuntimeService, RuntimeJobV2, Session

RESULT_TRIES = 3
STATUSES: dict[str, JobStatus] = {
    "INITIALIZING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "DONE": "done",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
}


class RemoteService:
    """A machine behind the service.

    Args:
        device: The machine's name.
        options: How jobs are run.
        limits: Time-outs and patience.
        session_id: Session or batch of an earlier process.
        remember: Called with the id of a session or batch that was opened.
        session_s: Seconds after which the service closes a session, which bills all its time.
    """

    def __init__(
        self,
        device: str,
        options: JobOptions,
        limits: ServiceLimits,
        session_id: str | None,
        remember: Callable[[str | None], None],
        session_s: int | None = None,
    ) -> None:
        self._device = device
        self._options = options
        self._limits = limits
        self._client = Client(limits)
        self._session_id = session_id
        self._remember = remember
        self._session_s = session_s
        self._selected: QiskitRuntimeService | None = None

    def submit(
        self,
        circuit: QuantumCircuit,
        angles: NDArray[np.floating],
        shots: int,
        tag: str,
        number: int,
        max_execution_s: int | None,
    ) -> str:
        """See `qnnq.jobs.service.Service`."""
        from qiskit_ibm_runtime.executor_sampler import Sampler

        tags = (tag, *self._options.tags)
        options = sampler_options(self._options, tags, shots, max_execution_s)

        given_up = threading.Event()

        def run(service: "QiskitRuntimeService") -> str:
            sampler = Sampler(mode=self._mode(service), options=options)
            submit_only_once(service, given_up)
            job = sampler.run([(circuit, angles.astype(np.float64))], shots=shots)
            return str(job.job_id())

        before = self._session_id
        try:
            return self._client.call_once("submit", run)
        except Unanswered:
            given_up.set()
            raise
        finally:
            # Not from the thread that the call ran in: the ledger belongs to this one.
            if self._session_id != before:
                self._remember(self._session_id)

    def find(self, tag: str) -> list[JobView]:
        """See `qnnq.jobs.service.Service`."""

        def jobs(service: "QiskitRuntimeService") -> list[JobView]:
            self._select_instance(service)
            found = service.jobs(job_tags=[tag], limit=None, descending=False)
            return [_view(job, with_metrics=False) for job in found]

        return self._client.call("jobs by tag", jobs)

    def view(self, job_id: str) -> JobView:
        """See `qnnq.jobs.service.Service`."""
        try:
            return self._client.call(
                f"job {job_id}", lambda service: _view(service.job(job_id), with_metrics=True)
            )
        except Missing:
            return JobView(job_id, "lost", message="the service does not know the job any more")

    def bits(self, job_id: str, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """See `qnnq.jobs.service.Service`."""
        problem = ""
        for _ in range(RESULT_TRIES):
            try:
                result = self._client.call("result", lambda service: _result(service.job(job_id)))
                return bits_of(result, shape)
            except ValueError as error:
                problem = str(error)
        raise QnnqError(f"job {job_id}: damaged result: {problem}")

    def cancel(self, job_id: str) -> bool:
        """See `qnnq.jobs.service.Service`."""

        def stop(service: "QiskitRuntimeService") -> bool:
            from qiskit_ibm_runtime.exceptions import RuntimeInvalidStateError

            try:
                service.job(job_id).cancel()
            except RuntimeInvalidStateError:
                return False
            return True

        return self._client.call(f"cancel job {job_id}", stop)

    def close(self) -> None:
        """See `qnnq.jobs.service.Service`."""
        if self._session_id is None:
            return
        try:
            self._client.call_once("close", lambda service: self._mode(service).close())
        except QnnqError:
            return  # it closes by itself a little later
        finally:
            self._session_id = None
            self._remember(None)

    def _select_instance(self, service: "QiskitRuntimeService") -> None:
        """Make the instance active that offers the machine: jobs are listed of one instance."""
        if service is not self._selected:
            self._backend(service)
            self._selected = service

    def _backend(self, service: "QiskitRuntimeService") -> "IBMBackend":
        return listed_backend(service, self._device)

    def _mode(self, service: "QiskitRuntimeService") -> Any:
        """Return the open session or batch, a new one, or the machine itself."""
        if self._options.mode == "job":
            return self._backend(service)
        from qiskit_ibm_runtime import Batch, Session

        kind: type[Session] = Session if self._options.mode == "session" else Batch
        if self._session_id is not None:
            found = _reopened(kind, self._session_id, service)
            if found is not None:
                return found
        most = self._session_s if self._options.mode == "session" else None
        opened = kind(backend=self._backend(service), max_time=most)
        self._session_id = opened.session_id
        return opened


def _reopened(
    kind: type["Session"], session_id: str, service: "QiskitRuntimeService"
) -> "Session | None":
    """Return an earlier session if it still takes jobs."""
    try:
        found = kind.from_id(session_id, service, use_fractional_gates=None)
        return found if (found.details() or {}).get("accepting_jobs") else None
    except Exception as error:
        if classify(error) in ("unanswered", "unauthorized"):
            raise
        return None


def _view(job: "RuntimeJobV2", with_metrics: bool) -> JobView:
    status = STATUSES.get(str(job.status()), "queued")
    if not with_metrics:
        return JobView(job.job_id(), status)
    metrics = job.metrics()
    seconds = metrics.get("usage", {}).get("qpu_charge_time_seconds")
    return JobView(
        id=job.job_id(),
        status=status,
        position=metrics.get("position_in_queue"),
        seconds=(seconds or None) if status == "done" else seconds,  # not added up yet
        message=_first_line(job.error_message()) if status == "failed" else None,
    )


def _first_line(text: str | None) -> str | None:
    lines = [line for line in (text or "").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else None


def _result(job: "RuntimeJobV2") -> object:
    """Return the decoded result; a damaged body becomes a ValueError that the caller sees."""
    try:
        return job.result()
    except (TypeError, KeyError, json.JSONDecodeError) as error:
        return f"damaged: {error}"

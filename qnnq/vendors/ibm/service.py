"""Jobs on a machine of the IBM Quantum service."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from qnnq.devices.service_limits import ServiceLimits
from qnnq.jobs.budget import Budget
from qnnq.jobs.hardware_request import JobOptions
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.service import (
    JobResult,
    JobStatus,
    JobView,
    Missing,
    PlanUsage,
    Submission,
    result_of,
)
from qnnq.vendors.ibm.account import listed_backend
from qnnq.vendors.ibm.answers import (
    RAN_TOO_LONG,
    JobAnswer,
    JobsAnswer,
    JobState,
    MetricsAnswer,
    PlanAnswer,
    read_answer,
    read_name,
)
from qnnq.vendors.ibm.client import Client
from qnnq.vendors.ibm.delivery import Delivery
from qnnq.vendors.ibm.sessions import RemoteSessions

if TYPE_CHECKING:
    from qiskit_ibm_runtime import IBMBackend, QiskitRuntimeService, RuntimeJobV2

T = TypeVar("T")
PAGE = 200
"""Jobs that are listed at a time."""
RESULT_TRIES = 3
UNKNOWN = (
    "the service does not know the job any more: "
    "resume later, or with the account that submitted it"
)
STATUSES: dict[str, JobStatus] = {
    "INITIALIZING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "DONE": "done",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
    "COMPLETED": "done",
    "FAILED": "failed",
}


class RemoteService:
    """A machine behind the service, which lists jobs by their tags.

    Args:
        device: The machine's name.
        options: How jobs are run.
        limits: Time-outs and patience.
        ledger: The ledger of the run, where sessions and batches are remembered.
        budget: What the run may cost.
        instance: The service instance, None for that of the saved account.
    """

    finds_jobs = True

    def __init__(
        self,
        device: str,
        options: JobOptions,
        limits: ServiceLimits,
        ledger: Ledger,
        budget: Budget,
        instance: str | None,
    ) -> None:
        self._device = device
        self._options = options
        self._limits = limits
        self._client = Client(limits, instance)
        self._sessions = RemoteSessions(
            *(self._client, device, options, limits, ledger, budget),
        )
        self._found: tuple[QiskitRuntimeService, IBMBackend] | None = None

    def submit(self, sent: Submission) -> str:
        """Submit one job, at most once, and return its id."""
        from qiskit_ibm_runtime.executor_sampler import Sampler

        options = self._options.of_sampler(sent.tags, sent.shots, sent.max_execution_s)
        session_id = self._sessions.open_one()
        delivery = Delivery("jobs")

        def run(service: "QiskitRuntimeService") -> str:
            sampler = Sampler(mode=self._sessions.mode(service, session_id), options=options)
            delivery.guard(service)
            job = sampler.run([(sent.circuit, sent.angles)], shots=sent.shots)
            return read_name(job.job_id())

        return self._client.send_once("submit", run, delivery)

    def find(self, tag: str) -> list[JobView]:
        """Return the jobs that carry a tag, as far as the service lists them already."""

        def jobs(service: "QiskitRuntimeService") -> list[JobView]:
            self._backend(service)
            # Not service.jobs(): that asks for ever where the count that comes along is wrong.
            found: dict[str, JobView] = {}
            while True:
                answer = service._active_api_client.jobs_get(
                    limit=PAGE, skip=len(found), job_tags=[tag], descending=False
                )
                before = len(found)
                found |= {each.id: _listed(each) for each in read_answer(JobsAnswer, answer).jobs}
                if len(found) == before:
                    return list(found.values())

        return self._client.call("jobs by tag", jobs)

    def view(self, job_id: str) -> JobView:
        """Return the state of a job, by its id, or by its tag where it got none."""
        try:
            return self._ask(f"job {job_id}", lambda service: self._view(service, job_id))
        except Missing:
            return JobView(job_id, "lost", message=UNKNOWN)

    def result(self, job_id: str, shape: tuple[int, int, int]) -> JobResult:
        """Return the result of a finished job, its bits of shape (parameter sets, shots, slots)."""
        problem = ""
        for _ in range(RESULT_TRIES):
            try:
                return result_of(
                    self._ask(f"result of job {job_id}", lambda s: _result(s.job(job_id))), shape
                )
            except ValueError as error:
                problem = str(error)
        raise Missing(f"job {job_id}: damaged result: {problem}")

    def cancel(self, job_id: str) -> bool:
        """Cancel a job; False where it had ended before."""

        def stop(service: "QiskitRuntimeService") -> bool:
            from qiskit_ibm_runtime.exceptions import RuntimeInvalidStateError

            try:
                service.job(job_id).cancel()
            except RuntimeInvalidStateError:
                return False
            return True

        return self._ask(f"cancel job {job_id}", stop)

    def plan_usage(self) -> PlanUsage | None:
        """Return what is left of the instance's plan, None where nothing is billed."""

        def usage(service: "QiskitRuntimeService") -> PlanUsage:
            self._backend(service)
            found = read_answer(PlanAnswer, service.usage())
            return PlanUsage(found.usage_remaining_seconds, bool(found.usage_limit_reached))

        return self._client.call("usage of the plan", usage)

    def calibration(self) -> str | None:
        """Return the time of the device's calibration data now, ISO 8601, None if not known."""

        def updated(service: "QiskitRuntimeService") -> str | None:
            properties = self._backend(service).properties(refresh=True)
            time = getattr(properties, "last_update_date", None)
            return time.isoformat() if time else None

        return self._client.call("calibration", updated)

    def settle_sessions(self) -> None:
        """Bring what is known of sessions up to date."""
        self._sessions.settle()

    def close(self) -> None:
        """Tell the service that no more jobs will come."""
        self._sessions.close()

    def _view(self, service: "QiskitRuntimeService", job_id: str) -> JobView:
        self._backend(service)
        client = service._active_api_client
        job = read_answer(JobAnswer, client.job_get(job_id))
        metrics = read_answer(MetricsAnswer, client.job_metadata(job_id))
        status, message = _status(job.state), None
        started = metrics.timestamps.running if metrics.timestamps else None
        seconds = metrics.usage.qpu_charge_time_seconds if metrics.usage else None
        if (metrics.usage and metrics.usage.status == "pending") or (
            status == "done" and not seconds
        ):
            seconds = None  # not added up yet
        if status == "cancelled" and started is None:
            seconds = 0.0
        if status == "failed":
            message = job.state.reason or _last_line(client.job_results(job_id))
        return JobView(
            id=job_id,
            status=status,
            position=metrics.position_in_queue,
            seconds=seconds,
            message=message,
            started=started,
            tags=tuple(job.tags or ()),
            created=job.created,
            capped=job.state.reason_code == RAN_TOO_LONG,
        )

    def _ask(self, what: str, function: Callable[["QiskitRuntimeService"], T]) -> T:
        return self._client.call(what, function, self._limits.listing_patience_s)

    def _backend(self, service: "QiskitRuntimeService") -> "IBMBackend":
        """Return the machine, looked up once a connection.

        That makes the instance active that offers it: jobs are listed of one instance.
        """
        if self._found is None or self._found[0] is not service:
            self._found = service, listed_backend(service, self._device)
        return self._found[1]


def _status(state: JobState) -> JobStatus:
    """Return how far a job has come; the service may know more words than these."""
    if state.reason_code == RAN_TOO_LONG:
        return "failed"
    return STATUSES.get(state.status.upper().split(" ")[0], "queued")


def _listed(job: JobAnswer) -> JobView:
    """Return what the list of jobs says about one."""
    return JobView(job.id, _status(job.state), tags=tuple(job.tags or ()), created=job.created)


def _last_line(text: str | None) -> str | None:
    lines = [line for line in (text or "").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else None


def _result(job: "RuntimeJobV2") -> object:
    """Return the decoded result; a damaged body becomes a ValueError that the caller sees."""
    try:
        return job.result()
    except (TypeError, KeyError, json.JSONDecodeError) as error:
        return f"damaged: {error}"

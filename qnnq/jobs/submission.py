"""Sending a job at most once, and bringing the ledger up to what the service says."""

from collections.abc import Callable, Iterable, Sequence

from qnnq.devices.patience import Patience
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import QnnqError
from qnnq.jobs.budget import Budget
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.reconciliation import (
    OVER,
    Adopt,
    Drop,
    Note,
    Stop,
    Supersede,
    Transition,
    settle,
)
from qnnq.jobs.records import Attempt, Job
from qnnq.jobs.service import JobView, Missing, NotAccepted, Service, Submission, Unanswered


class Reconciler:
    """Carries out the transitions of `qnnq.jobs.reconciliation`.

    Args:
        ledger: The run's ledger.
        service: Whose record it is compared with.
        budget: Says what a job may be billed that this ledger did not send.
        limits: How long to look for a job whose submission got no answer.
        say: Told what happens, one line at a time.
    """

    def __init__(
        self,
        ledger: Ledger,
        service: Service,
        budget: Budget,
        limits: ServiceLimits,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._ledger = ledger
        self._service = service
        self._budget = budget
        self._limits = limits
        self._say = say

    def all(self) -> None:
        """Bring all jobs up to what the service says by now, and fill in their bills."""
        if not self._ledger.attempts():
            return
        self._settle(self._ledger.jobs())
        self._fill_in_bills()

    def one(self, job: Job) -> str | None:
        """Return the id that a job waits for by the service's record, None if it has none."""
        self._settle([job])
        return self._awaited(job)

    def send(self, job: Job, attempt: Attempt, sent: Submission) -> str | None:
        """Send a job that was never sent before; return its id, None where the answer got lost.

        The id of the answer is believed. Whatever else the answer is, the job is looked for, since
        also one that is refused may have been taken.

        Raises:
            NotAccepted: If the service takes no jobs for `patience_s`.
            QnnqError: If it refuses the job.
        """
        patience = Patience(self._limits.patience_s)
        while True:
            try:
                job_id = self._service.submit(sent)
                break
            except NotAccepted as error:
                again = patience.pause()
                if (found := self.one(job)) is not None:
                    return found
                if not again:
                    self._ledger.ended(attempt.tag, "refused", 0.0, str(error))
                    raise
            except Unanswered:
                return self.look_for(job, attempt)
            except QnnqError as error:
                if (found := self.one(job)) is not None:
                    return found
                self._ledger.ended(attempt.tag, "refused", 0.0, str(error))
                raise
        self._ledger.submitted(attempt.tag, job_id)
        return job_id

    def look_for(self, job: Job, attempt: Attempt) -> str | None:
        """Look for a job that the service may have; return its id, None if it is not listed.

        It may still turn up later, so it goes on to count against the budget.
        """
        patience = Patience(self._limits.listing_patience_s)
        while (found := self.one(job)) is None:
            if not patience.pause():
                message = f"no answer, and not listed for {self._limits.listing_patience_s:g} s"
                self._ledger.ended(attempt.tag, "unanswered", None, message)
                self._say(f"{attempt.tag}: {message}")
                return None
        return found

    def _awaited(self, job: Job) -> str | None:
        waiting = (each for each in self._ledger.attempts(job) if each.under_way and each.id)
        return next((attempt.id for attempt in waiting), None)

    def _settle(self, jobs: Iterable[Job]) -> None:
        views = self._service.find(self._ledger.fact("run_tag"))
        stopped = self._ledger.fact("cancelled") is not None
        for job in jobs if views else ():
            for transition in settle(self._ledger.planned(job), views, stopped=stopped):
                self._carry_out(job, transition, views)

    def _carry_out(self, job: Job, transition: Transition, views: Sequence[JobView]) -> None:
        match transition:
            case Adopt(tag, job_id):
                waited = any(each.under_way for each in self._ledger.attempts(job))
                self._ledger.adopt(job, tag, job_id, self._budget.ceiling(job))
                if not waited:
                    self._say(f"job {job_id}: turned up, and is kept")
            case Supersede(tag):
                attempt = next(each for each in self._ledger.attempts(job) if each.tag == tag)
                state = "unanswered" if attempt.id is None else "superseded"
                self._ledger.ended(tag, state, None, "another submission of the job was found")
            case Drop(tag, job_id) | Stop(tag, job_id):
                cancelled = cancel_job(self._service, job_id)
                outcome = "cancelled" if cancelled else "had ended already"
                self._count(job, tag, self._service.view(job_id), cancelled)
                self._say(
                    f"job {job_id}: turned up after the run was cancelled: {outcome}"
                    if isinstance(transition, Stop)
                    else f"the service accepted one job twice: {job_id} {outcome}"
                )
            case Note(tag, job_id):
                self._count(job, tag, next(view for view in views if view.id == job_id), False)

    def _count(self, job: Job, tag: str, view: JobView, cancelled: bool) -> None:
        """Note what a job that is too many is billed, with its submission or beside it."""
        seconds = view.seconds if view.status in OVER else None
        for attempt in self._ledger.attempts(job):
            if attempt.id == view.id:
                state = "cancelled" if cancelled else "superseded"
                self._ledger.ended(attempt.tag, state, seconds, attempt.message)
                return
        self._ledger.add_surplus(tag, view.id, cancelled, seconds)

    def _fill_in_bills(self) -> None:
        for attempt in self._ledger.attempts():
            if attempt.is_billed_later:
                view = self._service.view(str(attempt.id))
                if view.status in OVER and view.seconds is not None:
                    self._ledger.set_seconds(attempt.tag, view.seconds)
        for job_id, tag, cancelled, seconds in self._ledger.surplus():
            if seconds is None:
                view = self._service.view(job_id)
                if view.status in OVER and view.seconds is not None:
                    self._ledger.add_surplus(tag, job_id, cancelled, view.seconds)


def cancel_job(service: Service, job_id: str) -> bool:
    """Cancel a job; False where it had ended before, or is not known any more."""
    try:
        return service.cancel(job_id)
    except Missing:
        return False

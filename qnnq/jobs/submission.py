"""Submitting a job at most once, whatever happens to the answer."""

from collections.abc import Callable

from qnnq.devices.ibm.client import NotAccepted, Unanswered
from qnnq.devices.patience import Patience
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import QnnqError
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.records import Attempt
from qnnq.jobs.service import JobView, Service

_BEST_FIRST = {"done": 0, "running": 1, "queued": 2}
OVER = ("done", "failed", "cancelled")
"""States of a job that changes no more."""


def send(
    attempt: Attempt,
    submit: Callable[[], str],
    ledger: Ledger,
    service: Service,
    limits: ServiceLimits,
    say: Callable[[str], None],
) -> str | None:
    """Send a job that was never sent before; return its id, None where the answer got lost.

    The id of the answer is believed. Only where there is no answer the job is looked for by its
    tag, since lists of jobs lag behind.

    Raises:
        NotAccepted: If the service takes no jobs for `patience_s`.
        QnnqError: If it refuses the job.
    """
    patience = Patience(limits.patience_s)
    while True:
        try:
            job_id = submit()
            break
        except NotAccepted as error:
            if not patience.pause():
                ledger.ended(attempt.tag, "refused", 0.0, str(error))
                raise
        except Unanswered:
            return look_for(attempt, ledger, service, limits, say)
        except QnnqError as error:
            ledger.ended(attempt.tag, "refused", 0.0, str(error))
            raise
    ledger.submitted(attempt.tag, job_id)
    return job_id


def look_for(
    attempt: Attempt,
    ledger: Ledger,
    service: Service,
    limits: ServiceLimits,
    say: Callable[[str], None],
) -> str | None:
    """Look for a job that the service may have; return its id, None if it is not listed.

    It may still turn up later, so it goes on to count against the budget.
    """
    patience = Patience(limits.listing_patience_s)
    while not (found := service.find(attempt.tag)):
        if not patience.pause():
            message = f"no answer, and not listed for {limits.listing_patience_s:g} s"
            ledger.ended(attempt.tag, "unanswered", None, message)
            say(f"{attempt.tag}: {message}")
            return None
    return keep_one(attempt.tag, found, ledger, service, say)


def keep_one(
    tag: str, found: list[JobView], ledger: Ledger, service: Service, say: Callable[[str], None]
) -> str:
    """Keep one job of an intent, cancel the others, and return the id of the one that is kept."""
    kept, *others = sorted(found, key=lambda view: _BEST_FIRST.get(view.status, 3))
    ledger.submitted(tag, kept.id)
    for view in others:
        _cancel_surplus(tag, view, ledger, service, say)
    return kept.id


def reconcile(
    ledger: Ledger, service: Service, say: Callable[[str], None] = lambda line: None
) -> None:
    """Bring the ledger up to what the service says by now.

    Jobs that turned up after all are cancelled and counted, or kept where their job has no other
    submission under way; bills that were not known are filled in.
    """
    attempts = {attempt.tag: attempt for attempt in ledger.attempts()}
    if not attempts:
        return
    known = {attempt.id for attempt in attempts.values()} | {each[0] for each in ledger.surplus()}
    for view in service.find(ledger.fact("run_tag")):
        attempt = next((attempts[tag] for tag in view.tags if tag in attempts), None)
        if view.id in known or attempt is None:
            continue
        if attempt.id is not None:
            _cancel_surplus(attempt.tag, view, ledger, service, say)
        elif attempt.state != "intended":
            _settle_latecomer(attempt, view, ledger, service, say)
        known.add(view.id)
    _fill_in_bills(ledger, service)


def _cancel_surplus(
    tag: str, view: JobView, ledger: Ledger, service: Service, say: Callable[[str], None]
) -> None:
    cancelled = service.cancel(view.id)
    now = service.view(view.id)
    ledger.add_surplus(tag, view.id, cancelled, now.seconds if now.status in OVER else None)
    outcome = "cancelled" if cancelled else "had ended already"
    say(f"the service accepted one job twice: {view.id} {outcome}")


def _settle_latecomer(
    attempt: Attempt,
    view: JobView,
    ledger: Ledger,
    service: Service,
    say: Callable[[str], None],
) -> None:
    """Keep a job that was not found before, or cancel it where another took its place."""
    job = next(job for job in ledger.jobs() if job.number == attempt.job)
    replaced = any(each.under_way for each in ledger.attempts(job) if each.tag != attempt.tag)
    if not job.done and not replaced and attempt.state == "unanswered":
        ledger.submitted(attempt.tag, view.id)
        say(f"job {view.id}: turned up, and is kept")
        return
    cancelled = service.cancel(view.id)
    now = service.view(view.id)
    seconds = now.seconds if now.status in OVER else None
    how = "cancelled" if cancelled else "had ended already"
    ledger.ended(attempt.tag, "abandoned", seconds, f"turned up late, {how}", view.id)
    say(f"job {view.id}: turned up after it was submitted again: {how}")


def _fill_in_bills(ledger: Ledger, service: Service) -> None:
    for attempt in ledger.attempts():
        if attempt.is_billed_later:
            view = service.view(str(attempt.id))
            if view.status in OVER and view.seconds is not None:
                ledger.set_seconds(attempt.tag, view.seconds)
    for job_id, tag, cancelled, seconds in ledger.surplus():
        if seconds is None:
            view = service.view(job_id)
            if view.status in OVER and view.seconds is not None:
                ledger.add_surplus(tag, job_id, cancelled, view.seconds)

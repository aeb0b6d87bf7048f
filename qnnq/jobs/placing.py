"""Submitting a job exactly once, whatever happens to the answer."""

import time
from collections.abc import Callable

from qnnq.devices.ibm.client import FIRST_PAUSE_S, LONGEST_PAUSE_S, Unanswered
from qnnq.devices.limits import ServiceLimits
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.records import Attempt
from qnnq.jobs.service import JobView, Service

_BEST_FIRST = {"done": 0, "running": 1, "queued": 2}


def place(
    attempt: Attempt,
    submit: Callable[[], str],
    ledger: Ledger,
    service: Service,
    limits: ServiceLimits,
    say: Callable[[str], None],
) -> str:
    """Submit a job unless the service has it already; return its id.

    The intent is in the ledger and its tag is unique, so the service can be asked what became of
    it: before every submission, since an earlier process may have died in the middle of one, and
    after it, since what lies between us and the service may repeat a request.

    Raises:
        Unanswered: If the service does not answer for `patience_s`.
        QnnqError: If it refuses the job.
    """
    end = time.monotonic() + limits.patience_s
    pause = FIRST_PAUSE_S
    found = service.find(attempt.tag)
    while not found:
        try:
            submit()
        except Unanswered:
            if time.monotonic() + pause > end:
                raise
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        found = service.find(attempt.tag)
    return settle(attempt.tag, found, ledger, service, say)


def settle(
    tag: str, found: list[JobView], ledger: Ledger, service: Service, say: Callable[[str], None]
) -> str:
    """Keep one job of an intent, cancel the others, and return the id of the one that is kept."""
    ranked = sorted(found, key=lambda view: _BEST_FIRST.get(view.status, 3))
    kept = ranked[0]
    for view in ranked[1:]:
        cancelled = service.cancel(view.id)
        ledger.add_surplus(tag, view.id, cancelled)
        outcome = "cancelled" if cancelled else "had ended already"
        say(f"the service accepted one job twice: kept {kept.id}, {view.id} {outcome}")
    ledger.submitted(tag, kept.id)
    return kept.id

"""What a user does to a run besides going on with it: look after it, raise its limits, stop it."""

import math
from pathlib import Path

from qnnq.devices.ibm.client import Missing
from qnnq.errors import InputError, QnnqError
from qnnq.jobs.records import now
from qnnq.jobs.runs import Run, Say, locked_run
from qnnq.jobs.service import Service
from qnnq.jobs.submission import OVER, reconcile


def look_again(folder: Path, say: Say) -> str | None:
    """Ask the service for jobs that turned up late, and for bills; return why it did not answer.

    Jobs that are too many are cancelled and counted. Nothing is done where another process works
    in the run, which looks by itself.
    """
    try:
        with locked_run(folder) as run:
            if not run.is_local:
                service = run.looking_service()
                reconcile(run.ledger, service, say)
                service.settle_sessions()
    except InputError:
        raise
    except QnnqError as error:
        return str(error)
    return None


def raise_limits(folder: Path, budget_s: float | None, attempts: int | None) -> None:
    """Change what a run may use.

    Args:
        folder: The run's folder.
        budget_s: Quantum seconds for the whole run, None leaves them as they are.
        attempts: How often a job is submitted in all, None leaves it as it is.

    Raises:
        InputError: If a limit is none.
    """
    if budget_s is not None and not (math.isfinite(budget_s) and budget_s > 0):
        raise InputError(f"--budget {budget_s:g}: expected quantum seconds > 0")
    if attempts is not None and attempts < 1:
        raise InputError(f"--attempts {attempts}: expected a whole number >= 1")
    run = Run.open(folder)
    try:
        if budget_s is not None and run.request.get("target_width") is not None:
            run.ledger.set_fact("finished", None)  # perhaps another round fits in now
        for name, value in (("budget_s", budget_s), ("attempts", attempts)):
            if value is not None:
                run.ledger.set_fact(name, value)
    finally:
        run.ledger.close()


def give_up_job(folder: Path, name: str, say: Say) -> None:
    """Give up the submission of a job, so that the next resume submits it again.

    Args:
        folder: The run's folder.
        name: Layer and job, such as `2.1`.
        say: Told what happens.

    Raises:
        InputError: If there is no such job, or it has its result.
    """
    with locked_run(folder) as run:
        jobs = {job.name: job for job in run.ledger.jobs()}
        open_names = [key for key, job in jobs.items() if not job.done]
        if name not in open_names:
            raise InputError(
                f"--resubmit {name}: expected a job without a result: "
                f"{', '.join(open_names) or 'there is none'}"
            )
        service = run.service()
        for attempt in run.ledger.attempts(jobs[name]):
            if not attempt.under_way:
                continue
            seconds = None
            if attempt.id is not None:
                seconds = _stop(service, attempt.id, say)
            run.ledger.ended(attempt.tag, "abandoned", seconds, "submitted again by the user")


def _stop(service: Service, job_id: str, say: Say) -> float | None:
    """Cancel a job if the service knows it; return what it is billed, as far as known."""
    try:
        if service.cancel(job_id):
            say(f"job {job_id}: cancelled")
    except Missing:
        return None
    view = service.view(job_id)
    return view.seconds if view.status in OVER else None


def cancel_run(folder: Path, say: Say) -> int:
    """Cancel the jobs of a run that have not ended; return how many.

    Another process may be waiting in the run: it sees that, and ends.
    """
    run = Run.open(folder)
    try:
        run.ledger.set_fact("cancelled", now())
        service = run.service()
        cancelled = 0
        for attempt in run.ledger.attempts():
            if not attempt.under_way:
                continue
            ids = [attempt.id] if attempt.id else [v.id for v in service.find(attempt.tag)]
            for job_id in ids:
                if service.cancel(job_id):
                    cancelled += 1
                    say(f"job {job_id}: cancelled")
            # What has ended meanwhile is paid: its result is fetched by the next resume.
            views = [service.view(job_id) for job_id in ids]
            if all(view.status in ("cancelled", "failed") for view in views):
                known = [view.seconds for view in views if view.seconds is not None]
                seconds = sum(known) if views and len(known) == len(views) else None
                message = "cancelled by the user"
                run.ledger.ended(attempt.tag, "cancelled", seconds, message, *ids[:1])
        service.close()
        return cancelled
    finally:
        run.ledger.close()

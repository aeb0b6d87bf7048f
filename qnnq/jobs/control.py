"""What a user does to a run besides going on with it: look after it, raise its limits, stop it."""

from dataclasses import asdict, replace
from pathlib import Path

from qnnq.devices.patience import Patience
from qnnq.errors import InputError, QnnqError
from qnnq.jobs.budget import parse_budget
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.reconciliation import ALIVE, OVER
from qnnq.jobs.records import now
from qnnq.jobs.runs import Say, locked_run, open_run
from qnnq.jobs.service import Missing, Service
from qnnq.jobs.submission import cancel_job
from qnnq.wording import counted


def look_again(folder: Path, say: Say) -> str | None:
    """Ask the service for jobs that turned up late, and for bills; return why it did not answer.

    Jobs that are too many are cancelled and counted. Nothing is done where another process works
    in the run, which looks by itself.
    """
    try:
        with locked_run(folder) as run:
            if not run.is_local:
                service = run.looking_service()
                run.reconciler(service, say).all()
                service.settle_sessions()
    except InputError:
        raise
    except QnnqError as error:
        return str(error)
    return None


def await_bills(folder: Path, say: Say) -> float:
    """Ask for the bills of a run until they are known; return what it was or may still be billed.

    Raises:
        QnnqError: If another process works in it, or the service does not answer.
    """
    with locked_run(folder) as run:
        if run.is_local:
            return run.ledger.quantum_seconds()
        service, patience = run.service(), Patience(run.limits.patience_s)
        while True:
            run.reconciler(service, say).all()
            service.settle_sessions()
            if not (run.budget.unsettled() and patience.pause()):
                return run.budget.committed()


def raise_limits(
    folder: Path,
    budget: str | None = None,
    attempts: int | None = None,
    max_execution_s: int | None = None,
) -> None:
    """Change what a run may use.

    Args:
        folder: The run's folder.
        budget: Quantum seconds, or the provider's money, for the whole run, or `none`; None leaves
            it as it is.
        attempts: How often a job is submitted in all, None leaves it as it is.
        max_execution_s: Quantum seconds after which a job is stopped, None leaves it as it is.

    Raises:
        InputError: If a limit is none.
    """
    if attempts is not None and attempts < 1:
        raise InputError(f"--attempts {attempts}: expected a whole number >= 1")
    with open_run(folder) as run:
        options = replace(run.options, max_execution_s=max_execution_s)
        if budget is not None:
            run.ledger.set_fact("budget_s", parse_budget(budget, run.limits.tariff))
            if run.request["target_width"] is not None:
                run.ledger.set_fact("finished", None)  # perhaps another round fits in now
        if attempts is not None:
            run.ledger.set_fact("attempts", attempts)
        if max_execution_s is not None:
            run.ledger.set_fact("request", {**run.request, "options": asdict(options)})


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

    Another process may be waiting in the run: it sees that, and ends. A ledger that cannot be
    written keeps no job from being cancelled.

    Raises:
        QnnqError: If the ledger could not be written, after the jobs were cancelled.
    """
    with open_run(folder) as run:
        failure: QnnqError | None = None
        try:
            run.ledger.set_fact("cancelled", now())
        except QnnqError as error:
            failure = error
        service = run.service()
        cancelled = stop_jobs(run.ledger, service)
        for job_id in cancelled:
            say(f"job {job_id}: cancelled")
        try:
            note_stopped(run.ledger, service)
            run.reconciler(service, say).all()
            service.close()
        except QnnqError as error:
            failure = failure or error
        if failure is not None:
            raise QnnqError(f"{counted(len(cancelled), 'job')} cancelled, but {failure}")
        return len(cancelled)


def stop_jobs(ledger: Ledger, service: Service) -> list[str]:
    """Cancel what a run has at the service, and write nothing; return what had not ended."""
    listed = service.find(ledger.fact("run_tag"))
    attempts = [attempt for attempt in ledger.attempts() if attempt.under_way]
    ids = dict.fromkeys(attempt.id for attempt in attempts if attempt.id is not None)
    for job in ledger.jobs():
        records = ledger.planned(job).records(listed)
        ids |= dict.fromkeys(view.id for view in records if view.status in ALIVE)
    return [job_id for job_id in ids if cancel_job(service, job_id)]


def note_stopped(ledger: Ledger, service: Service) -> None:
    """Store what became of the jobs of a run that was cancelled.

    What has ended meanwhile is paid: its result is fetched by the next resume. What may have run,
    and nobody can tell, is not sent again by that.
    """
    message = "cancelled by the user"
    for attempt in ledger.attempts():
        if not attempt.under_way:
            continue
        if attempt.id is None and service.finds_jobs:
            ledger.ended(attempt.tag, "cancelled", None, message)
        else:
            view = service.view(attempt.id or attempt.tag)
            if view.status in ("cancelled", "failed"):
                ledger.ended(attempt.tag, "cancelled", view.seconds, message)

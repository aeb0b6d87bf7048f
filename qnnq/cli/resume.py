"""`qnnq resume`: go on with a run, in another process, on another day."""

from typing import Annotated

import typer

from qnnq.cli import hardware, options


def resume(
    folder: options.Folder = "latest",
    wait: options.Wait = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            help="Wait so long at most; exit code 3 if jobs are pending then.",
            metavar="SECONDS",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="Budget of the whole run from now on, or none.", metavar="AMOUNT"),
    ] = None,
    max_execution_time: Annotated[
        int | None,
        typer.Option(
            help="Quantum seconds after which a job is stopped from now on.",
            metavar="SECONDS",
        ),
    ] = None,
    attempts: Annotated[
        int | None, typer.Option(help="How often each job is submitted in all.")
    ] = None,
    resubmit: Annotated[
        str | None,
        typer.Option(
            help="Give up a job's submission, and submit it again: LAYER.JOB, such as 2.1.",
            metavar="JOB",
        ),
    ] = None,
    despite_faults: Annotated[
        bool,
        typer.Option(
            "--despite-faults", help="Go on where the device has become faulty meanwhile."
        ),
    ] = False,
    json: options.Json = None,
) -> None:
    """Go on with a run. Nothing that was paid is run again, except by --resubmit.

    Example: qnnq resume latest --wait
    """
    from qnnq.cli.main import PENDING
    from qnnq.errors import InputError
    from qnnq.jobs.control import give_up_job, raise_limits
    from qnnq.jobs.folder import find_run

    if timeout is not None and not timeout >= 0:
        raise InputError(f"--timeout {timeout:g}: expected seconds >= 0")
    path = find_run(folder)
    raise_limits(path, budget, attempts, max_execution_time)
    if resubmit is not None:
        give_up_job(path, resubmit, hardware.Speaker())
    finished = hardware.pursue(folder, wait, timeout, despite_faults, json)
    if timeout is not None and not finished:
        raise typer.Exit(PENDING)

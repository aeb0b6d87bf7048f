"""`qnnq sweep`: every point of a sweep file, by several workers, into one results file."""

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import options
from qnnq.cli.declared import Command
from qnnq.options.option import Option, options_of
from qnnq.runs.request import RunRequest

if TYPE_CHECKING:
    from qnnq.sweep.schedule import Tally


_MORE_KEYS = {
    "off": "mechanisms switched off: gate, relaxation, readout, idle, or lists [none]",
    "seeds": "repetitions, each with a vote of its own; figures average them [0]",
    "shots": f"shots an image; of engine exact: those whose majority is told [{RunRequest.shots}]",
    "target_width": "instead: take images at random, then more rounds of shots, until the interval "
    "of one shot's accuracy is this narrow, or max_shots is reached",
    "target": "single_shot, majority: whose interval that is [single_shot]",
    "threshold": "stop as well once the interval lies above or below this accuracy; as it is "
    "looked at after every task, it errs more often than once in 20",
    "images_per_task": "images that are done and stored at once [all; aer: 100]",
}
"""Keys of a grid that are no option of a run."""


def _with_keys(command: Command) -> Command:
    """Let a command's help end with the keys of a grid."""
    keys = {
        each.grid: f"{each.help} [{_usual(each)}]"
        for each in options_of(RunRequest).values()
        if each.grid
    }
    lines = [
        line
        for name, meaning in {**keys, **_MORE_KEYS}.items()
        for line in textwrap.wrap(
            f"{name:21} {meaning}", 78, subsequent_indent=" " * 22, break_on_hyphens=False
        )
    ]
    command.__doc__ = "\n".join([inspect.getdoc(command) or "", "", "\b", *lines])
    return command


def _usual(declared: Option) -> str:
    if declared.grid in ("networks", "noise"):
        return "required"
    return declared.usual_words or (
        "what the noise names" if declared.default is None else str(declared.default).lower()
    )


@_with_keys
def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.toml", help="What to sweep.")],
    out: Annotated[Path, typer.Option(help="The results file.", metavar="FILE")],
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; default: one a core.", min=1)
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler, tcp://HOST:PORT, to use instead.", metavar="ADDRESS"),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what failed before.")] = False,
    retries: Annotated[
        int,
        typer.Option(help="How often a task whose worker died is tried again.", min=0),
    ] = 1,
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds after which a task is given to another worker.", min=0.1),
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Say how far the sweep is; run nothing.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what it will take, by a few tasks; store nothing."),
    ] = False,
    json: options.Json = None,
) -> None:
    """Measure accuracy over a grid of networks, noise and devices.

    What FILE holds already is skipped, so a sweep that was stopped, in whatever way, goes on
    where it was when it is started again. Several sweeps may write to one FILE. A point that
    cannot be measured stops no other: FILE keeps the reason, and the exit code is 1. A network
    or data file that has changed since makes new points.

    Example: qnnq sweep sweep.toml --out results.sqlite --workers 2

    A sweep file has [[grid]] tables; every list in one is crossed:

    \b
        [[grid]]
        networks = ["mnist16-a0", "mnist16-a0.5"]
        noise    = ["fake_kingston"]
        strength = [0, 0.5, 1, 2, 4, 8]
        shots    = 15
    """
    from qnnq.cli.output import print_notes, write_json
    from qnnq.errors import InputError, Interrupted
    from qnnq.storage.files import check_writable
    from qnnq.sweep.runner import run_sweep
    from qnnq.sweep.schedule import Tally
    from qnnq.wording import counted

    if status and dry_run:
        raise InputError("--status: expected without --dry-run")
    if workers is not None and dask is not None:
        raise InputError("--workers: expected without --dask, whose cluster has its own")
    check_writable(json)
    if status or dry_run:
        with redirect_stdout(sys.stderr if json == "-" else sys.stdout):
            document = _status(file, out, workers) if status else _outlook(file, workers)
            if dry_run and out.exists():
                print(f"{out} may hold some of it already: --status says how far it is")
        write_json(document, json)
        return
    tally = Tally()
    try:
        with _progress() as observe:
            run_sweep(
                file,
                out,
                workers=workers,
                dask=dask,
                retry=retry,
                retries=retries,
                timeout_s=timeout,
                tally=tally,
                observe=observe,
            )
    except KeyboardInterrupt as error:
        done = tally.stored + tally.found
        total = f" of {tally.total}" if tally.total else ""
        raise Interrupted(
            f"stopped: {out} has {done}{total} tasks; the same command goes on from there"
        ) from error
    finally:
        print_notes(tally.take_notes())
    if json != "-":
        print(f"{out}: {counted(tally.stored, 'task')} done, {tally.found:,} were there already")
    summary = {"results": str(out), "done": tally.stored, "skipped": tally.found}
    write_json({"schema": "qnnq.sweep/1", **summary}, json)


def _status(file: Path, results: Path, workers: int | None) -> dict[str, Any]:
    """Print how far each point of a sweep is, and return it as JSON."""
    from qnnq.cli.rows import print_rows
    from qnnq.results.tables import PROGRESS
    from qnnq.sweep.progress import read_progress, seconds_left
    from qnnq.sweep.work import available_cores

    points = read_progress(file, results)
    rows = [
        {**point.labels, **{name: getattr(point, name) for name in PROGRESS}} for point in points
    ]
    total = {name: sum(getattr(point, name) for point in points) for name in PROGRESS}
    left = seconds_left(points, workers or available_cores())
    if total["missing"]:
        print_rows(str(results), rows)
    told = ", ".join(f"{number} {name}" for name, number in total.items())
    more = "" if left is None else f"; about {_duration(left)} left, if nothing else runs here"
    print(f"{results}: {told}{more if total['missing'] else ''}")
    return {"schema": "qnnq.sweep-status/1", **total, "seconds_left": left, "points": rows}


def _outlook(file: Path, workers: int | None) -> dict[str, Any]:
    """Print what a sweep will take, and return it as JSON."""
    from dataclasses import asdict

    from qnnq.sweep.outlook import foresee
    from qnnq.sweep.work import available_cores
    from qnnq.wording import counted

    number = workers or available_cores()
    found = foresee(file, threads=max(1, available_cores() // number))
    least = "at least " if found.least else ""
    print(
        f"{file}: {counted(found.points, 'point')}, {least}{counted(found.tasks, 'task')}; "
        f"{least}about {_duration(found.seconds / number)} by {counted(number, 'worker')} of "
        f"{found.memory / 1e6:.0f} MB each; {least}{found.file_size / 1e6:.3g} MB of results"
    )
    return {"schema": "qnnq.sweep-outlook/1", **asdict(found), "workers": number}


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2g} s"


@contextmanager
def _progress() -> Iterator[Callable[["Tally"], None]]:
    """Show on stderr tasks done, and notes."""
    from qnnq.cli.output import print_notes, progress

    with progress("tasks") as show:

        def observe(tally: "Tally") -> None:
            print_notes(tally.take_notes())
            show(tally.stored + tally.found, tally.total)

        yield observe

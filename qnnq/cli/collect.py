"""`qnnq collect`: the results of a run on a device."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import hardware, options
from qnnq.cli.output import percent, write_json

if TYPE_CHECKING:
    from qnnq.jobs.reading import Collected


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def collect(
        folder: options.Folder = "latest",
        json: options.Json = None,
        counts: options.Counts = False,
        out: Annotated[
            str | None,
            typer.Option(help="Add them to a sweep's results file.", metavar="FILE"),
        ] = None,
    ) -> None:
        """Print a run's accuracy, as `qnnq run` does, and what it cost.

        Example: qnnq collect latest --json -
        """
        from qnnq.jobs.control import look_again
        from qnnq.jobs.folder import find_run
        from qnnq.jobs.reading import collect_run

        path = find_run(folder)
        say = hardware.Speaker()
        unanswered = look_again(path, say)
        if unanswered is not None:
            say(f"jobs and bills as last known: {unanswered}")
        found = collect_run(path)
        document = found.result.to_json(with_counts=counts)
        document |= {"hardware": found.hardware, "partial": found.partial}
        if json != "-":
            _print(document)
        if json is not None:
            write_json(document, json)
        if out is not None:
            _store(found, out)


def _store(found: "Collected", out: str) -> None:
    """Add the result to a results file, labelled as a sweep labels its points."""
    from qnnq.results.file import Store

    result = found.result
    # What was asked for: a partial result gives way to the whole one, or to one of more shots.
    name = f"runtime {found.asked_id}"
    parts = {(0, 0): result.task_id} | ({(0, 1): "not finished"} if found.partial else {})
    with Store(out, create=True) as store:
        store.add(result)
        store.link(name, result.task.to_json(), found.labels, parts, len(parts), fresh=True)


def _print(document: dict[str, Any]) -> None:
    task, hardware_part = document["task"], document["hardware"]
    partial = " (partial: the other images are not finished)" if document["partial"] else ""
    print(f"{task['device']}: {document['images']} images x {document['shots']} shots{partial}")
    for name, meaning in (
        ("single_shot", "one shot"),
        ("majority", "majority"),
        ("soft_vote", "mean softmax"),
    ):
        print(f"{meaning + ':':14}{percent(document['accuracy'][name])}")
    if "out_of_reach" in document:
        print(f"angles out of the compensation's reach: {100 * document['out_of_reach']:.2f} %")
    print(
        f"{len(hardware_part['jobs'])} jobs, {hardware_part['executions']} executions "
        f"(estimate {hardware_part['estimated_executions']}), "
        f"{hardware_part['quantum_seconds']:.2f} quantum seconds "
        f"(estimate {hardware_part['estimated_quantum_seconds']:.2f})"
    )
    if "timing" in hardware_part:
        print(_timing(hardware_part["timing"], task["feedback_latency_s"]))


def _timing(timing: dict[str, Any] | None, assumed_s: float) -> str:
    """Say how the service's schedule compares with the assumed one."""
    assumed = f"feedback latency: assumed {1e6 * assumed_s:.3g} us"
    if timing is None:
        return f"{assumed}; the service returned no schedule"
    if "not_understood" in timing:
        return f"{assumed}; {timing['not_understood']}"
    scheduled, duration = timing["feedback_latency_s"]["scheduled"], timing["duration_s"]
    return (
        f"{assumed}, scheduled {', '.join(f'{1e6 * each:.3g}' for each in scheduled)} us; circuit: "
        f"assumed {1e6 * duration['assumed']:.3g} us, scheduled "
        f"{1e6 * duration['scheduled']:.3g} us"
    )

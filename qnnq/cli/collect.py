"""`qnnq collect`: the results of a run on a device."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnq.cli import hardware, options
from qnnq.cli.accuracies import print_run
from qnnq.cli.output import percent, print_table, write_json

if TYPE_CHECKING:
    from qnnq.jobs.reading import Collected


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
    from dataclasses import asdict

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
    document["prediction"] = found.prediction
    if found.unsampled is not None:
        document["unsampled"] = asdict(found.unsampled.accuracy())
    if json != "-":
        _print(found.labels["network"], document)
    write_json(document, json)
    if out is not None:
        _store(found, out)


def _store(found: "Collected", out: str) -> None:
    """Add the result to a results file, labelled as a sweep labels its points."""
    from qnnq.results.file import Place, Store

    result = found.result
    labels = {name: value for name, value in found.labels.items() if name != "seed"}
    seed = result.seed
    # A partial result gives way to the whole one, which has the same labels.
    parts = {Place(seed, 0, 0): result.task_id} | (
        {Place(seed, 0, 1): None} if found.partial else {}
    )
    with Store(out, create=True) as store:
        store.add(result)
        store.keep_asked("submit", found.command)
        store.link(labels, result.task.to_json(), parts, len(parts), fresh=True)


def _print(model: str, document: dict[str, Any]) -> None:
    from qnnq.wording import counted

    task, hardware_part = document["task"], document["hardware"]
    print_run(model, document)
    if document["partial"]:
        print("partial: the other images are not finished")
    if document["prediction"] is not None:
        _print_prediction(document)
    used = (
        f"{hardware_part['quantum_seconds']:.2f} quantum seconds "
        f"(estimate {hardware_part['estimated_quantum_seconds']:.2f})"
    )
    if charged := hardware_part["charged"]:
        from qnnq.devices.tariff import amount

        used = f"at most {amount(charged['at_most'])} {charged['currency']}"
    print(
        f"{counted(len(hardware_part['jobs']), 'job')}, {hardware_part['executions']} executions "
        f"(estimate {hardware_part['estimated_executions']}), {used}"
    )
    if "timing" in hardware_part:
        print(_timing(hardware_part["timing"], task["feedback_latency_s"]))


def _print_prediction(document: dict[str, Any]) -> None:
    """Print what was predicted, simulated and measured side by side, and whether they agree."""
    found, rounds = document["prediction"], "shots_per_round" in document["task"]
    rows = {
        "predicted": found["predicted"],
        "simulated, calibration of the end": found["simulated"],
        "measured": document["accuracy"],
    }
    names = ("single_shot",) if rounds else ("single_shot", "majority")
    cells = [
        [name, *("unknown" if row is None else percent(row[each]) for each in names)]
        for name, row in rows.items()
    ]
    headings = ("", "one shot", "majority")[: 1 + len(names)]
    print_table(headings, cells, text=("",), title="expected and measured (95 % intervals)")
    which = "predicted" if found["simulated"] is None else "simulated"
    print(
        f"verdict: measured and {which} agree"
        if found["agrees"]
        else f"verdict: measured and {which} differ by more than chance: the device is not as its "
        "calibration data say (qnnq calibrate measures it)"
    )


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

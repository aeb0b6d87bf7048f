"""`qnnq results`: the accuracies of a results file, as a table, CSV or JSON."""

import csv as csv_module
import io
from pathlib import Path
from typing import Annotated, Any

import typer

Row = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def results(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A results file of a sweep.")],
        csv: Annotated[
            str | None, typer.Option(help="Write as CSV (- is stdout).", metavar="FILE")
        ] = None,
        json: Annotated[
            str | None, typer.Option(help="Write as JSON (- is stdout).", metavar="FILE")
        ] = None,
        where: Annotated[
            list[str] | None,
            typer.Option(help="Only these points; may be repeated.", metavar="LABEL=VALUE"),
        ] = None,
        report: Annotated[
            str, typer.Option(help="accuracy, breakdown, latency, attribution or behaviour.")
        ] = "accuracy",
        threshold: Annotated[
            float | None,
            typer.Option(
                help="breakdown, latency: the accuracy not to fall below; default: the classical "
                "network's, or one point less than at the shortest latency.",
                min=0,
                max=1,
            ),
        ] = None,
        unfinished: Annotated[
            bool,
            typer.Option("--unfinished", help="Compare points that are not finished as well."),
        ] = False,
    ) -> None:
        """List what a sweep found, with 95 % intervals.

        Repetitions are added up. It can be asked while the sweep is running: points that are not
        finished say `complete false`, and reports that compare points refuse them. Where a file
        with the same name has changed between sweeps, `content` tells the points apart. Reports:

        \b
        accuracy      single-shot, majority and soft-vote accuracy of every point
        breakdown     the strength at which each network's majority accuracy falls too low
        latency       the feedback latency at which a point of accuracy is lost, mode coherent
        attribution   what each mechanism costs alone, and gains when it is switched off
        behaviour     images answered otherwise than at stretch 0, and McNemar's exact p-value

        Example: qnnq results results.sqlite --where network=mnist16-a0.5 --csv accuracies.csv
        """
        from qnnq.cli.output import print_notes, write_json
        from qnnq.errors import InputError
        from qnnq.results.points import read_notes, read_points
        from qnnq.results.tables import build_report

        if threshold is not None and report not in ("breakdown", "latency"):
            raise InputError("--threshold: expected --report breakdown or latency beside it")
        if csv == json == "-":
            raise InputError("--json -: expected a file, as --csv takes stdout")
        notes, failures = read_notes(file)
        print_notes(notes)
        rows = build_report(report, read_points(file, where or ()), threshold, unfinished)
        if csv is not None:
            _write_csv(rows, csv)
        if json is not None:
            failed = [{"labels": each.labels, "reason": each.reason} for each in failures]
            document = {"schema": "qnnq.results/1", "report": report, "rows": rows}
            write_json({**document, "failed": failed, "notes": notes}, json)
        if "-" not in (csv, json):
            _print_table(file, rows)
        print_notes(f"failed: {_named(each.labels)}: {each.reason}" for each in failures)


def _named(labels: dict[str, Any]) -> str:
    from qnnq.results.points import shown

    told = ("network", "noise", "strength", "off", "device", "pairs", "qubits", "seed")
    return ", ".join(
        f"{name} {shown(labels[name])}" for name in told if labels.get(name) not in ("", None)
    )


def _write_csv(rows: list[Row], destination: str) -> None:
    text = io.StringIO()
    writer = csv_module.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if destination == "-":
        print(text.getvalue(), end="")
    else:
        from qnnq.storage.files import write_atomically

        write_atomically(destination, text.getvalue().encode())


def _print_table(file: Path, rows: list[Row]) -> None:
    """Print what differs between rows as columns, values with their intervals, the rest above."""
    from rich.table import Table

    from qnnq.cli.output import print_table
    from qnnq.results.points import shown
    from qnnq.results.tables import IDENTIFYING

    names = list(rows[0])
    intervals = [name for name in names if f"{name}_low" in rows[0]]
    ends = {f"{name}_{end}" for name in intervals for end in ("low", "high")}
    texts = {
        name: ["" if row[name] is None else shown(row[name]) for row in rows] for name in names
    }
    columns = [
        name
        for name in names
        if name not in ends
        and (name in intervals or name in IDENTIFYING or len(set(texts[name])) > 1)
    ]
    common = ", ".join(
        f"{name.replace('_', ' ')} {texts[name][0]}"
        for name in names
        if name not in ends and name not in columns and texts[name][0]
    )
    table = Table(title=f"{file}: {len(rows)} rows\n{common}", title_justify="left")
    for name in columns:
        heading = name.replace("_", " ")
        table.add_column(heading, justify="left" if name in IDENTIFYING else "right")
    for number, row in enumerate(rows):
        table.add_row(
            *(
                _interval(row, name) if name in intervals else texts[name][number]
                for name in columns
            )
        )
    print_table(table)


def _interval(row: Row, name: str) -> str:
    if row[name] is None:
        return ""
    value, low, high = (_text(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return value if low == high == value else f"{value} ({low} to {high})"


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if 1e-4 <= abs(value) < 1 else f"{value:.4g}"
    return str(value)

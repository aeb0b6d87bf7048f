"""`qnnq results`: the accuracies of a results file, as a table, CSV or JSON."""

import csv as csv_module
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from qnnq.sweep.read import Measured


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
            typer.Option(
                help="Only points with this label; may be repeated.", metavar="LABEL=VALUE"
            ),
        ] = None,
    ) -> None:
        """List the accuracies of a sweep, with 95 % intervals; repetitions are added up.

        It can be asked while the sweep is running.

        Example: qnnq results results.sqlite --where network=mnist16-a0.5 --csv accuracies.csv
        """
        from qnnq.cli.output import write_json
        from qnnq.sweep.read import read_points

        points = read_points(file, where or ())
        rows = [_row(point) for point in points]
        if csv is not None:
            _write_csv(rows, csv)
        if json is not None:
            write_json({"schema": "qnnq.results/1", "points": [_document(p) for p in points]}, json)
        if "-" not in (csv, json):
            _print_table(file, points)


def _document(point: "Measured") -> dict[str, Any]:
    from dataclasses import asdict

    from qnnq.sweep.read import PREDICTIONS

    return {
        **point.labels,
        "image_count": len(point.images),
        "shots": point.shots,
        "accuracy": {name: asdict(point.accuracy(name)) for name in PREDICTIONS},
        "seconds": point.seconds,
    }


def _row(point: "Measured") -> dict[str, Any]:
    document = _document(point)
    accuracies = document.pop("accuracy")
    for name, accuracy in accuracies.items():
        document[name] = accuracy["value"]
        document[f"{name}_low"], document[f"{name}_high"] = accuracy["low"], accuracy["high"]
    return document


def _write_csv(rows: list[dict[str, Any]], destination: str) -> None:
    text = io.StringIO()
    writer = csv_module.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if destination == "-":
        print(text.getvalue(), end="")
    else:
        from qnnq.files import write_atomically

        write_atomically(destination, text.getvalue().encode())


def _print_table(file: Path, points: list["Measured"]) -> None:
    from dataclasses import asdict

    from rich.table import Table

    from qnnq.cli.output import percent, print_table
    from qnnq.sweep.read import PREDICTIONS, shown

    labels = list(points[0].labels)
    varying = [name for name in labels if len({shown(p.labels[name]) for p in points}) > 1]
    columns = ["network", *(name for name in varying if name != "network")]
    common = ", ".join(
        f"{name} {shown(points[0].labels[name])}"
        for name in labels
        if name not in columns and shown(points[0].labels[name])
    )
    table = Table(title=f"{file}: {len(points)} points\n{common}", title_justify="left")
    for name in columns:
        table.add_column(name)
    for heading in ("images", "shots", *(name.replace("_", " ") for name in PREDICTIONS)):
        table.add_column(heading, justify="right")
    for point in points:
        cells = [shown(point.labels[name]) for name in columns]
        accuracies = [percent(asdict(point.accuracy(name))) for name in PREDICTIONS]
        table.add_row(*cells, str(len(point.images)), str(point.shots), *accuracies)
    print_table(table)

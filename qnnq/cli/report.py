"""`qnnq report`: one page that says what was found."""

from typing import Annotated

import typer

from qnnq.cli import options


def report(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|DIR...", help="Results files of sweeps, folders of runs, or latest."
        ),
    ],
    out: Annotated[str, typer.Option(help="The page to write.", metavar="FILE")],
    where: options.Where = None,
    pool_seeds: options.PoolSeeds = False,
    json: options.Json = None,
) -> None:
    """Write one HTML file about a sweep, runs on devices, or both.

    It says what was asked, accuracies with intervals, figures, what noise changes, what the
    runs cost, and how to do it again; it loads nothing from elsewhere. It can be asked while a
    sweep is running.

    Example: qnnq report results.sqlite --out report.html
    """
    from qnnq.cli.output import write_json
    from qnnq.report.build import build_page
    from qnnq.storage.files import check_writable, write_atomically

    check_writable(out, json)
    page = build_page(sources, where or (), pool_seeds=pool_seeds)
    write_atomically(out, page.encode())
    write_json({"schema": "qnnq.report/1", "page": out, "sources": sources}, json)
    if json != "-":
        print(f"{out}: the report of {', '.join(sources)}")

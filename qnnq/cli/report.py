"""`qnnq report`: one page that says what was found."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def report(
        sources: Annotated[
            list[str],
            typer.Argument(
                metavar="FILE|DIR...", help="Results files of sweeps, folders of runs, or latest."
            ),
        ],
        out: Annotated[str, typer.Option(help="The page to write.", metavar="FILE")],
        where: Annotated[
            list[str] | None,
            typer.Option(help="Only these points; may be repeated.", metavar="LABEL=VALUE"),
        ] = None,
    ) -> None:
        """Write one HTML file, which needs no network, about a sweep, runs on devices, or both.

        What was asked, accuracies with intervals, figures, what noise changes, what the runs cost,
        and how to do it again. It can be asked while a sweep is running.

        Example: qnnq report results.sqlite --out report.html
        """
        from qnnq.report.build import build_report
        from qnnq.storage.files import check_writable, write_atomically

        check_writable(out)
        write_atomically(out, build_report(sources, where or ()).encode())
        print(f"{out}: the report of {', '.join(sources)}")

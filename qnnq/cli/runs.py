"""`qnnq runs`: all runs on devices."""

import typer

from qnnq.cli import options
from qnnq.cli.output import print_table, write_json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def runs(json: options.Json = None) -> None:
        """List all runs on devices with their state and cost.

        As far as it is known here: nothing is asked of the service.

        Example: qnnq runs
        """
        from dataclasses import asdict

        from rich.table import Table

        from qnnq.jobs.overview import all_runs

        found = all_runs()
        if json != "-":
            table = Table()
            for name in ("run", "state", "created", "device", "network", "quantum s", "budget s"):
                table.add_column(name, justify="right" if name.endswith(" s") else "left")
            for run in found:
                used, budget = (
                    "" if value is None else f"{value:.2f}"
                    for value in (run.quantum_seconds, run.budget_s)
                )
                table.add_row(
                    *(run.folder, run.state, run.created, run.device, run.network, used, budget)
                )
            print_table(table)
        if json is not None:
            document = {"schema": "qnnq.runs/1", "runs": [asdict(run) for run in found]}
            write_json(document, json)

"""`qnnq runs`: all runs on devices."""

from qnnq.cli import options
from qnnq.cli.output import print_table, write_json


def runs(json: options.Json = None) -> None:
    """List all runs on devices with their state and cost.

    As far as it is known here: nothing is asked of the service.

    Example: qnnq runs
    """
    from dataclasses import asdict

    from qnnq.devices.tariff import amount
    from qnnq.jobs.overview import all_runs

    found = all_runs()
    if json != "-":
        text = ("run", "state", "created", "device", "network")
        rows = [
            [
                *(run.folder, run.state, run.created, run.device, run.network),
                "" if run.quantum_seconds is None else f"{run.quantum_seconds:.2f}",
                "" if run.budget_s is None else f"{amount(run.budget_s)} {run.currency or 's'}",
            ]
            for run in found
        ]
        print_table((*text, "quantum s", "budget"), rows, text=text)
    document = {"schema": "qnnq.runs/1", "runs": [asdict(run) for run in found]}
    write_json(document, json)

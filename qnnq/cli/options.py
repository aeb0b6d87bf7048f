"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from qnnq.cli.declared import described
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.runs.request import RunRequest

Data = Annotated[str, described(RunRequest, "data")]
Counts = Annotated[
    bool, typer.Option("--counts", help="Votes (exact: probabilities) of each image, in JSON.")
]
Json = Annotated[
    str | None, typer.Option(help="Write the result as JSON (- is stdout).", metavar="FILE")
]

Device = Annotated[str | None, described(RunRequest, "device")]

# Networks that are written.
NetworkFile = Annotated[str, typer.Option(help="The network file to write.", metavar="FILE")]
Clip = Annotated[
    bool,
    typer.Option(
        "--clip",
        help="Of features: take those outside of the training's range, and half of it on both "
        "sides, for its end; else they are refused.",
    ),
]

# Results files that are read.
ResultsFile = Annotated[Path, typer.Argument(metavar="FILE", help="A results file of a sweep.")]
Where = Annotated[
    list[str] | None,
    typer.Option(help="Only these points; may be repeated.", metavar="LABEL=VALUE"),
]
PoolSeeds = Annotated[
    bool,
    typer.Option(
        "--pool-seeds",
        help="Make one vote of the shots of all seeds and rounds: 3 seeds of 15 shots are then a "
        "majority of 45. Default: the mean over seeds of the majority of 15.",
    ),
]
Unfinished = Annotated[
    bool, typer.Option("--unfinished", help="Compare points that are not finished as well.")
]

# Runs on machines.
Instance = Annotated[str | None, described(HardwareRequest, "instance")]
Folder = Annotated[str, typer.Argument(metavar="DIR|latest", help="The run's folder.")]
NewFolder = Annotated[
    str | None, typer.Option(help="Folder of the run. Default: qnnq-runs/TASK.", metavar="DIR")
]
Budget = Annotated[
    str | None,
    typer.Option(
        help="Quantum seconds that may be used, in the currency of the provider where it has "
        "prices; or none.  [default: 4 times the estimate, once where there are prices]",
        metavar="AMOUNT",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until all jobs are finished.")]

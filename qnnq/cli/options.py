"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A bundled network or a file.")]
Data = Annotated[
    str,
    typer.Option(
        help="A data set's name or a file: .npz, .npy, CSV, IDX; FILE:train is a part of one.",
        metavar="NAME|FILE",
    ),
]
Images = Annotated[str, typer.Option(help="all, 0:200, 6929 or 1,5,9.")]
Shots = Annotated[int, typer.Option(help="Shots an image.")]
Counts = Annotated[
    bool, typer.Option("--counts", help="Votes (exact: probabilities) of each image, in JSON.")
]
Json = Annotated[
    str | None, typer.Option(help="Write the result as JSON (- is stdout).", metavar="FILE")
]

Device = Annotated[
    str | None, typer.Option(help="Device for layout, gates and durations.", metavar="NAME")
]
Qubits = Annotated[str, typer.Option(help="best, all, or a list: 3,4,5 (with ancillas: 3:4,7:8).")]
Copies = Annotated[int, typer.Option(help="Images side by side on the chip.")]
Pairs = Annotated[int, typer.Option(help="Gate pairs after each rotation.")]
PairGateName = Annotated[str, typer.Option(help="sx (on each neuron) or cz (neighbours).")]

Mode = Annotated[
    str, typer.Option(help="stepwise (a circuit a layer) or coherent (one dynamic circuit).")
]
FeedbackLatency = Annotated[
    str | None,
    typer.Option(
        help="Coherent: from the end of a measurement to the first gate that depends on it.  "
        "[default: 0.9us]",
        metavar="TIME",
    ),
]
ConditionOverhead = Annotated[
    str | None,
    typer.Option(
        help="Coherent, linear layers: from one branch of a layer to the next.  [default: 68ns]",
        metavar="TIME",
    ),
]
Measurement = Annotated[
    str, typer.Option(help="Coherent: the device's instruction, such as measure_2.", metavar="NAME")
]
Recycling = Annotated[
    str, typer.Option(help="Coherent: of measured ancillas, flip (by their outcome) or reset.")
]
DynamicalDecoupling = Annotated[
    str,
    typer.Option(
        help="Coherent: XX puts two X gates into each wait of a weakly measured neuron; it undoes "
        "constant frequency offsets, not relaxation.",
        metavar="none|XX",
    ),
]

# Networks that are written.
NetworkFile = Annotated[str, typer.Option(help="The network file to write.", metavar="FILE")]
Activation = Annotated[str, typer.Option(help="htanh, tanh or linear. One, or one a hidden layer.")]
Entanglement = Annotated[
    str, typer.Option(help="Angle in radians, such as 5pi/19; pi/2 is projective.")
]
LastProjective = Annotated[
    bool, typer.Option(help="Measure the last hidden layer at pi/2 in any case, as published.")
]
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
Machine = Annotated[str, typer.Option(help="ibm_..., fake_... or least_busy.", metavar="NAME")]
Instance = Annotated[
    str | None,
    typer.Option(
        help="Instance of IBM Quantum: its CRN or name.  [default: the saved account's]",
        metavar="CRN",
    ),
]
MachineSeed = Annotated[int, typer.Option(help="Seed; it drives the simulator of a fake device.")]
MachineQubits = Annotated[
    str, typer.Option(help="best, or a list: 3,4,5 (with ancillas: 3:4,7:8).")
]
MachineCopies = Annotated[
    int | None, typer.Option(help="Images side by side on the chip. Default: as many as fit.")
]
ExecutionMode = Annotated[
    str, typer.Option(help="batch, session (bills wall-clock time) or job.", metavar="MODE")
]
RepDelay = Annotated[
    float | None, typer.Option(help="Microseconds after each execution.", metavar="US")
]
Limits = Annotated[
    str | None,
    typer.Option(
        help="TOML file that changes the service's limits, such as broadcasts_per_job: every "
        "parameter set is taken to need its own, as nothing published says otherwise.",
        metavar="FILE",
    ),
]
Folder = Annotated[str, typer.Argument(metavar="DIR|latest", help="The run's folder.")]
NewFolder = Annotated[
    str | None, typer.Option(help="Folder of the run. Default: qnnq-runs/TASK.", metavar="DIR")
]
Budget = Annotated[
    str | None,
    typer.Option(
        help="Quantum seconds that may be used, or none.  [default: 4 times the estimate]",
        metavar="SECONDS",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until all jobs are finished.")]

"""The first look: a classical and a quantum network, without noise and under a real device's noise.

    python benchmarks/demo.py --out demo.png

Prints a table and draws accuracy against noise strength, from the bundled networks and the 10,000
MNIST test images.
"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from qnnq.cli.output import percent
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

NETWORKS = {"mnist16-a0": "sign network (stretch 0)", "mnist16-a0.5": "quantum (stretch 0.5)"}
STRENGTHS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
IN_TABLE = (0.0, 1.0, 4.0)
DEVICE = "fake_kingston"
SHOTS = 15


def accuracy(model: str, strength: float | None) -> dict:
    """Return the accuracies of a network; strength None is the noise-free engine."""
    if strength is None:
        request = RunRequest(model=model, engine="ideal", noise="ideal", shots=SHOTS)
    else:
        request = RunRequest(model=model, noise=DEVICE, strength=strength, shots=SHOTS)
    return prepare(request).execute().to_json()["accuracy"]


def draw(found: dict, path: Path) -> None:
    """Draw accuracy against strength with 95 % intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    predictions = {"majority": (f"majority of {SHOTS}", "-"), "single_shot": ("one shot", ":")}
    for model, (color, marker) in {
        "mnist16-a0": ("#D55E00", "s"), "mnist16-a0.5": ("#0072B2", "o")
    }.items():  # fmt: skip
        for prediction, (meaning, line) in predictions.items():
            points = [found[model, strength][prediction] for strength in STRENGTHS]
            values, lows, highs = (
                [100 * point[name] for point in points] for name in ("value", "low", "high")
            )
            label = f"{NETWORKS[model]}, {meaning}"
            axes.plot(STRENGTHS, values, color=color, marker=marker, linestyle=line, label=label)
            axes.fill_between(STRENGTHS, lows, highs, color=color, alpha=0.2, linewidth=0)
    axes.axhline(10, color="0.5", linewidth=0.8)
    axes.annotate("chance", (0, 10), xytext=(0, 3), textcoords="offset points", fontsize="small")
    axes.set(xlim=(-0.1, 150), ylim=(0, 100))
    axes.set_xscale("symlog", base=2, linthresh=0.5, linscale=0.5)
    axes.set_xticks(STRENGTHS, [f"{strength:g}" for strength in STRENGTHS])
    axes.set_xlabel(f"noise strength (1 = {DEVICE} as calibrated)")
    axes.set_ylabel("accuracy (%)")
    axes.set_title("10,000 MNIST test images, bands: 95 % intervals", fontsize="medium")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.15))
    figure.savefig(path, dpi=150)


def main() -> None:
    """Run, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo.png"), help="the figure's file")
    arguments = parser.parse_args()
    errors = Console(stderr=True)
    cells = [(model, strength) for model in NETWORKS for strength in (None, *STRENGTHS)]
    shown = track(
        cells, "networks x noise", console=errors, transient=True, disable=not errors.is_terminal
    )
    found = {cell: accuracy(*cell) for cell in shown}
    table = Table(
        title=f"MNIST, 10,000 test images x {SHOTS} shots: accuracy (95 % interval)",
        title_justify="left",
    )
    for heading in ("network (16-16-16 neurons)", "noise"):
        table.add_column(heading)
    for heading in ("one shot", f"majority of {SHOTS}"):
        table.add_column(heading, justify="right")
    for model, name in NETWORKS.items():
        for strength in (None, *IN_TABLE):
            noise = "none" if strength is None else f"{DEVICE} x {strength:g}"
            values = found[model, strength]
            table.add_row(name, noise, percent(values["single_shot"]), percent(values["majority"]))
        table.add_section()
    Console(width=110).print(table)
    draw(found, arguments.out)
    print(f"Figure: {arguments.out}")
    print('Next: .venv/bin/qnnq run mnist16-a0.5 --noise "fake_torino*2"')


if __name__ == "__main__":
    main()

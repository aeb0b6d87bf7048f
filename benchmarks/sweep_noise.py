"""Accuracy against noise strength and stretch, over the whole MNIST test set.

    python benchmarks/sweep_noise.py --out runs/noise

sweeps the seven bundled networks of stretch 0 to 2 over twelve strengths of a device's noise, all
10,000 test images, 15 shots, and writes a report, two figures and a CSV table beside the results
file. A run that was stopped goes on where it was. `--networks`, `--strengths`, `--noise`, ...
change the sweep.
"""

import argparse
import sys
import time
from pathlib import Path

NETWORKS = [f"mnist16-a{stretch}" for stretch in ("0", "0.1", "0.2", "0.5", "1", "1.5", "2")]
STRENGTHS = [0, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/noise"), help="folder for results")
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--strengths", nargs="+", type=float, default=STRENGTHS)
    parser.add_argument("--noise", default="fake_kingston")
    parser.add_argument("--images", default="all")
    parser.add_argument("--shots", type=int, default=15)
    parser.add_argument("--workers", type=int)
    return parser.parse_args()


def sweep_file(arguments: argparse.Namespace) -> str:
    return "\n".join(
        [
            "[[grid]]",
            f"networks = {arguments.networks!r}",
            f"noise = {arguments.noise!r}",
            f"strength = {arguments.strengths!r}",
            f"images = {arguments.images!r}",
            f"shots = {arguments.shots}",
            "",
        ]
    )


def run(arguments: argparse.Namespace) -> int:
    """Sweep, then tabulate and draw, with the commands that one would type."""
    from qnnq.cli.main import main

    folder = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sweep.toml").write_text(sweep_file(arguments), encoding="utf-8")
    results = str(folder / "results.sqlite")
    workers = ["--workers", str(arguments.workers)] if arguments.workers else []
    started = time.perf_counter()
    code = main(["sweep", str(folder / "sweep.toml"), "--out", results, *workers])
    if code:
        return code
    print(f"sweep: {time.perf_counter() - started:.1f} s")
    classical = "mnist16-a0" in arguments.networks and 0 in arguments.strengths
    near = min(arguments.strengths, key=lambda strength: abs(strength - 1))
    shown = [strength for strength in arguments.strengths if strength in (0, near, 8, 16, 32, 64)]
    where = [part for strength in shown for part in ("--where", f"strength={strength:g}")]
    commands = [
        ["results", results, "--csv", str(folder / "accuracies.csv")],
        [
            "results",
            results,
            "--report",
            "breakdown",
            *([] if classical else ["--threshold", "0.8"]),
        ],
        ["plot", results, "--x", "strength", "--out", str(folder / "strength.png")],
        ["plot", results, "--x", "stretch", *where, "--out", str(folder / "stretch.png")],
        ["report", results, "--out", str(folder / "report.html")],
    ]
    for command in commands:
        code = main(command)
        if code:
            return code
    print(f"table: {folder / 'accuracies.csv'}")
    print(f"figures: {folder / 'strength.png'}, {folder / 'stretch.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(run(parse_arguments()))

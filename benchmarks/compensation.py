"""What correcting angles for a known noise gains, on a device with poor readout, all qubits in use.

    python benchmarks/compensation.py --noise fake_torino

Bundled networks of four stretches, 10,000 images x 15 shots, without and with `--compensate`, and
the exact McNemar test of the majority votes on the same images.
"""

import argparse
import csv
import math
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from qnnq.cli.output import percent
from qnnq.networks.bundled import load_model
from qnnq.results.result import RunResult
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import difference, majority_votes

WEAK = ("mnist16-a0-g3pi8", "mnist16-a0-g5pi19")
NETWORKS = ("mnist16-a0", "mnist16-a0.5", "mnist16-a1", "mnist16-a2")


def measure(model: str, noise: str, compensate: bool) -> RunResult:
    """Run a network with as many images side by side as the chip takes."""
    # Another seed: the two runs must not share their random numbers.
    seed = 1 if compensate else 0
    request = RunRequest(model=model, noise=noise, qubits="all", compensate=compensate, seed=seed)
    return prepare(request).execute()


def add_row(table: Table, model: str, noise: str) -> dict[str, object]:
    """Measure a network twice, add what came out, and return it."""
    before, after = measure(model, noise, False), measure(model, noise, True)
    right = [majority_votes(result.counts) == result.labels for result in (before, after)]
    change = difference(right[1], right[0])
    rates = [result.to_json()["accuracy"] for result in (before, after)]
    table.add_row(
        model,
        *(percent(rate["single_shot"]) for rate in rates),
        *(percent(rate["majority"]) for rate in rates),
        f"{100 * change.value:+.2f} % ({100 * change.low:+.2f} to {100 * change.high:+.2f})",
        f"{change.p_value:.2g}",
        f"{100 * (after.out_of_reach or 0):.0f} %",
    )
    single = rates[1]["single_shot"]["value"] - rates[0]["single_shot"]["value"]
    return {
        "network": model, "noise": noise, "single_shot_gain": round(single, 6),
        "majority_gain": round(change.value, 6), "majority_gain_low": round(change.low, 6),
        "majority_gain_high": round(change.high, 6), "mcnemar_p": f"{change.p_value:.3g}",
    }  # fmt: skip


def missing_angle(model: str, noise: str) -> float:
    """Return by how much a larger entanglement angle would restore the contrast, mean, radians."""
    network = load_model(model)
    angle = network.entanglements[0]
    _, cosine, sine = deploy(RunRequest(noise=noise, qubits="all"), network).responses[0].minus
    kept = 2 * np.hypot(cosine, sine) / math.sin(angle)
    wanted = np.arcsin(np.minimum(math.sin(angle) / kept, 1))
    return float(wanted.mean() - angle)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--noise", default="fake_torino", help="a noise specification")
    noise = parser.parse_args().noise
    table = Table(title=f"{noise}, all qubits in use: 10,000 images x 15 shots", show_lines=True)
    for heading in ("network", "one shot", "compensated", "majority", "compensated", "change"):
        table.add_column(heading)
    table.add_column("p (McNemar)")
    table.add_column("angles out of reach")
    rows = [add_row(table, model, noise) for model in NETWORKS]
    with Path(__file__).with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    Console(width=190).print(table)
    print(
        "A compensated neuron has the wanted probability where its noise can reach it. Noise\n"
        "shrinks the range of reachable ones, so nothing can be done where certainty is wanted:\n"
        "for all projective neurons at stretch 0, for most at a small stretch. Where measurements\n"
        "are weak a larger entanglement angle would restore the contrast, on average by"
    )
    for model in WEAK:
        print(f"{missing_angle(model, noise):.2f} rad for {model}")


if __name__ == "__main__":
    main()

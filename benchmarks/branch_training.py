"""Does it help a network that runs as one circuit to be trained under that circuit's noise?

    python benchmarks/branch_training.py            # goes on where branch_training.csv ends
    python benchmarks/branch_training.py --gains    # what it says: branch_training-gains.csv

For each kind and seed two networks, which differ in the noise of their training alone, are tested
on 10,000 images x 15 shots under the noise of their one circuit. 25 processor minutes.
"""

import argparse
import csv
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import t

import qnnq

NOISE, STRENGTH = "fake_kingston", 4.0
SEEDS, EPOCHS = range(5), 25
KINDS = {"projective": math.pi / 2, "with ancillas": 3 * math.pi / 8}
TRAINED = {"ideal": "without noise", NOISE: "under it"}
FILE = Path(__file__).with_suffix(".csv")
GAINS = FILE.with_stem("branch_training-gains")
FIELDS = ("kind", "trained", "seed", "single_shot", "majority")


def measured(kind: str, noise: str, seed: int) -> dict[str, object]:
    """Return the accuracies of a network that is trained now."""
    settings = qnnq.TrainingSettings(
        stretch=(0.5, 2.0, 2.0),
        activation=("htanh", "linear", "linear"),
        entanglement=KINDS[kind],
        epochs=EPOCHS,
        seed=seed,
        learning_rate=0.02,
        schedule="cosine",
        evaluate_every=EPOCHS,
    )
    if noise != "ideal":
        settings = replace(settings, noise=noise, strengths=(STRENGTH,), mode="coherent")
    network = qnnq.train(settings, "mnist5k", "mnist-test", device="cpu").network
    request = qnnq.RunRequest(network, noise=NOISE, strength=STRENGTH, mode="coherent")
    found = qnnq.run(request).to_json()["accuracy"]
    return {
        "kind": kind,
        "trained": TRAINED[noise],
        "seed": seed,
        **{name: f"{found[name]['value']:.6f}" for name in FIELDS[3:]},
    }


def rows() -> list[dict[str, str]]:
    """Return what was measured."""
    if not FILE.exists():
        return []
    with FILE.open(newline="") as file:
        return list(csv.DictReader(file))


def gains() -> list[dict[str, object]]:
    """Return what training under the noise adds, in points, with its 95 % interval over seeds."""
    found = []
    for kind in KINDS:
        for measure in FIELDS[3:]:
            without, under = (
                {row["seed"]: float(row[measure]) for row in rows()
                 if (row["kind"], row["trained"]) == (kind, how)}
                for how in TRAINED.values()
            )  # fmt: skip
            seeds = sorted(without.keys() & under.keys())
            each = 100 * np.array([under[seed] - without[seed] for seed in seeds])
            half = t.ppf(0.975, len(seeds) - 1) * each.std(ddof=1) / math.sqrt(len(seeds))
            values = {"gain": each.mean(), "low": each.mean() - half, "high": each.mean() + half}
            points = {name: f"{value:.2f}" for name, value in values.items()}
            found.append({"kind": kind, "measure": measure, "seeds": len(seeds), **points})
    return found


def write_gains() -> None:
    """Write and print them."""
    found = gains()
    with GAINS.open("w", newline="") as file:
        writer = csv.DictWriter(file, found[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    print(GAINS.read_text(), end="")


def main() -> None:
    """Measure what the file lacks, and tell what it says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gains", action="store_true", help="of what is there already")
    if parser.parse_args().gains:
        write_gains()
        return
    done = {(row["kind"], row["trained"], int(row["seed"])) for row in rows()}
    for kind in KINDS:
        for seed in SEEDS:
            for noise, how in TRAINED.items():
                if (kind, how, seed) in done:
                    continue
                row = measured(kind, noise, seed)
                begins = not FILE.exists()
                with FILE.open("a", newline="") as file:
                    writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
                    if begins:
                        writer.writeheader()
                    writer.writerow(row)
                print(row, flush=True)
    write_gains()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

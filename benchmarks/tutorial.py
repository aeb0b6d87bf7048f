"""From a torch network and data of one's own to a report, in eight steps.

    python benchmarks/tutorial.py --out tutorial

makes data and a network as a user would have them, and then types the commands that it prints. Open
report.html in the folder at the end. It takes half a minute, and needs qnnq[train].
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from qnnq.cli.main import main

SIDE, CLASSES = 8, 4

SWEEP = """\
[[grid]]
networks = ["mine.safetensors", "sign.safetensors", "natural.safetensors"]
noise = ["fake_kingston"]
strength = [0, 1, 4, 16, 64]
data = "data.npz"
"""

TRAIN = "qnnq train --hidden 12,12 --epochs 30 --data data.npz"
COMMANDS = (
    "qnnq import mine.pt --stretch 1 --activation tanh --features data.npz --data data.npz "
    "--check-logits logits.npz --out mine.safetensors",
    "qnnq run mine.safetensors --data data.npz --noise fake_kingston",
    f"{TRAIN} --stretch 0 --out sign.safetensors",
    f"{TRAIN} --stretch 0.5 --out natural.safetensors",
    "qnnq sweep sweep.toml --out results.sqlite",
    "qnnq compare results.sqlite --a network=mine.safetensors --b network=natural.safetensors",
    "qnnq report results.sqlite --out report.html",
)


def make_data(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures of a horizontal, vertical, rising or falling line, as noisy measurements."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices((SIDE, SIDE))
    labels = random.integers(CLASSES, size=count)
    features = random.normal(0, 1.2, size=(count, SIDE, SIDE))
    for picture, label in zip(features, labels, strict=True):
        place = random.integers(2, SIDE - 2)
        lines = (rows == place, columns == place, rows == columns, rows == SIDE - 1 - columns)
        picture[lines[label]] += 2.0
    return features.reshape(count, -1), labels


def train_in_torch(features: np.ndarray, labels: np.ndarray) -> nn.Sequential:
    """Train an ordinary network, as one would without a thought of quantum devices."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(SIDE**2, 12), nn.Tanh(), nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, CLASSES)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, weight_decay=1e-3)
    x, y = torch.tensor(features, dtype=torch.float32), torch.tensor(labels)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimizer.step()
    return network


def run(folder: Path) -> int:
    """Take the eight steps in a folder; return the exit code of the one that failed, or 0."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    print("1. a network that torch trained on features: mine.pt, data.npz, logits.npz, sweep.toml")
    (features, labels), (new, truth) = make_data(2000, seed=0), make_data(1000, seed=1)
    np.savez("data.npz", x_train=features, y_train=labels, x_test=new, y_test=truth)
    network = train_in_torch(features, labels)
    torch.save(network.state_dict(), "mine.pt")
    with torch.no_grad():
        logits = network(torch.tensor(new, dtype=torch.float32)).numpy()
    np.savez("logits.npz", features=new, logits=logits)
    Path("sweep.toml").write_text(SWEEP, encoding="utf-8")
    for number, command in enumerate(COMMANDS, start=2):
        print(f"\n{number}. {command}", flush=True)
        code = main(shlex.split(command)[1:])
        if code:
            return code
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("tutorial"), help="folder for everything")
    sys.exit(run(parser.parse_args().out))

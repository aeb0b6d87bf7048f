"""Can the read-out of the pairs be learned, rather than given?

    python benchmarks/quantum_data/readout.py

A product neuron has one shared table v[letter, outcome of a pair], 16 numbers. Its logit for Q is
the sum over shots of the product of v over the pairs, for Q's letters less for P's. It is trained
on 1,000 labelled states of two qubits, ten copies each, and used unchanged at n = 2 to 8 beside the
given parity chi (B2). Copies of training are not counted in. Then an ordinary network on the bits
of query and outcomes, ReLU 64-64 or quantised 16-16, is trained for n = 2, 4 and 6, 16 copies each,
with fresh states in every batch. `--quick` leaves the latter out.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from curves import Rows, share
from quantised import Quantised
from torch import nn

from qnnq.data.states.paulis import random_partners, random_paulis
from qnnq.execution.states.answers import tell_paulis
from qnnq.execution.states.pair_neuron import draw_outcomes
from qnnq.statistics.copies import CONTRAST, pair_accuracy

C2 = CONTRAST**2
SHOTS, TRAINED_ON, STARTS = 5, 1000, 8
HERE = Path(__file__).parent


def labelled(rng: np.random.Generator, qubits: int, count: int, shots: int):
    """Return queries (count, 2, n), outcomes (count, shots, n) and labels: which is hidden."""
    first = random_paulis(rng, count, qubits)
    queries = np.stack([first, random_partners(rng, first)], axis=1)
    labels = rng.integers(0, 2, count)
    hidden = queries[np.arange(count), labels]
    return queries, draw_outcomes(rng, hidden, shots, C2), labels


def logits(table: torch.Tensor, queries: torch.Tensor, digits: torch.Tensor) -> torch.Tensor:
    """Return the logit of "the second", (count,)."""
    products = table[queries[:, :, None], digits[:, None]].prod(dim=-1).sum(dim=-1)
    return products[:, 1] - products[:, 0]


def train_table(rng: np.random.Generator, seed: int) -> torch.Tensor:
    """Return the table of the start with the lowest loss on the training states."""
    queries, digits, labels = map(torch.from_numpy, labelled(rng, 2, TRAINED_ON, SHOTS))
    generator = torch.Generator().manual_seed(seed)
    best = None
    for _ in range(STARTS):
        table = torch.randn(4, 4, generator=generator, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([table], max_iter=200, line_search_fn="strong_wolfe")

        def loss(table: torch.Tensor = table, optimizer: object = optimizer) -> torch.Tensor:
            optimizer.zero_grad()
            found = logits(table, queries, digits)
            value = nn.functional.binary_cross_entropy_with_logits(found, labels.double())
            value = value + 1e-3 * (table**2).mean()
            value.backward()
            return value

        optimizer.step(loss)
        final = float(loss().detach())
        if best is None or final < best[0]:
            best = final, table.detach()
    assert best is not None
    return best[1]


def judged(right: np.ndarray) -> dict[str, object]:
    return dict(zip(("accuracy", "low", "high"), share(right), strict=True))


def transferred(qubits: int, table: torch.Tensor, seed: int, states: int) -> dict[str, object]:
    rng = np.random.default_rng([seed, qubits])
    queries, digits, labels = labelled(rng, qubits, states, SHOTS)
    found = logits(table, torch.from_numpy(queries), torch.from_numpy(digits)).numpy()
    given = tell_paulis(rng, digits, queries[:, 0], queries[:, 1])
    return judged((found > 0) == labels) | {
        "given_parity": float(np.mean(given == labels)),
        "exact": pair_accuracy(SHOTS, C2),
    }


def relu(inputs: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
    )


def quantised(inputs: int, seed: int) -> nn.Module:
    return Quantised(inputs, 1, seed)


ORDINARY = {"ReLU 64-64": relu, "quantised 16-16": quantised}


def ordinary(make: object, qubits: int, batches: int, seed: int) -> dict[str, object]:
    """Return the accuracy of a network on bits, logits summed over shots, on fresh states."""
    rng = np.random.default_rng([seed, qubits, 1])
    network = make(6 * qubits + 1, seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)

    def found(count: int) -> tuple[torch.Tensor, np.ndarray]:
        queries, digits, labels = labelled(rng, qubits, count, 8)
        asked = (queries[..., None] >> np.arange(2)) % 2
        seen = (digits[..., None] >> np.arange(2)) % 2
        asked = np.broadcast_to(asked.reshape(count, 1, -1), (count, 8, 4 * qubits))
        bits = np.concatenate([asked, seen.reshape(count, 8, -1), np.ones((count, 8, 1))], axis=-1)
        return network(torch.tensor(bits, dtype=torch.float32) * 2 - 1).sum(dim=(1, 2)), labels

    for _ in range(batches):
        logit, labels = found(256)
        loss = nn.functional.binary_cross_entropy_with_logits(logit, torch.tensor(labels).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        logit, labels = found(4000)
    return judged((logit.numpy() > 0) == labels) | {"exact": pair_accuracy(8, C2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "readout.csv")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--states", type=int, default=5000, help="test states")
    parser.add_argument("--batches", type=int, default=2500, help="of 256 states")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    values = ["accuracy", "low", "high", "given_parity", "exact"]
    rows = Rows(options.out, ["reader", "n", "seed"], values)
    for seed in range(1 if options.quick else options.seeds):
        table = train_table(np.random.default_rng(seed), seed)
        for qubits in (2, 4, 6, 8):
            work = partial(transferred, qubits, table, seed, options.states)
            rows.make(work, reader="product neuron of n = 2", n=qubits, seed=seed)
    if options.quick:
        return
    for qubits in (2, 4, 6):
        for name, make in ORDINARY.items():
            work = partial(ordinary, make, qubits, options.batches, 0)
            rows.make(work, reader=f"{name} of this n", n=qubits, seed=0)


if __name__ == "__main__":
    main()

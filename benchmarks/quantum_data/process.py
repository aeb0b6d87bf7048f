"""Is a random process real? A quantised 16-16 network on what pairs of twins answer.

    python benchmarks/quantum_data/process.py

n Bell pairs, the same process U on both registers, then a shot is measured: by pairs of twins (a
Bell measurement), or each qubit by itself. One shot is two uses of U. A real U = brickwork of RY
and CZ on a chain undoes itself between the registers; a general one has rotations of SU(2). With
single uses, U|0> is measured in the Y basis. Each network is trained on shots of training circuits
and tested on fresh ones, logits summed over shots; the noise replaces a pair's outcome by a fair
one with the given probability, and single uses are credited with none (B3).

What it shows: the entangled input gives the jump; the coupled measurement adds a factor of about 2
in shots, under noise. It is no gain of coupled neurons. A run that was stopped goes on where it
was. `--quick` takes n = 4 and few circuits.
"""

import argparse
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from curves import Rows, share
from processes import bell_law, bits_of, drawn, processes, y_law
from quantised import Quantised
from torch import nn

ERRORS = (0.1, 0.0, 0.3)
AT_ONCE = 2**16
"""Elements of processes that are worked on together."""
TRAINED_ON = 1_000_000
"""Shots that a network sees in training, each several times under fresh noise."""
SHOTS = 64
"""Of each training circuit."""
HERE = Path(__file__).parent
BELL_DIGITS = np.array([[1, 3], [0, 2]])
"""Digit of a pair, [x, z], for the Bell state X^x Z^z of Phi+: see `pair_neuron`."""


def coupled_shots(rng: np.random.Generator, unitaries: np.ndarray, shots: int) -> np.ndarray:
    """Return outcomes of pairs, (circuits, shots, n) digits."""
    size = unitaries.shape[1]
    x, z = np.divmod(drawn(rng, bell_law(unitaries).reshape(len(unitaries), -1), shots), size)
    return BELL_DIGITS[bits_of(x, size), bits_of(z, size)]


def separate_shots(rng: np.random.Generator, unitaries: np.ndarray, shots: int) -> np.ndarray:
    """Return outcomes of both registers in the Z basis, (circuits, shots, n) digits."""
    size = unitaries.shape[1]
    law = np.abs(unitaries @ unitaries.swapaxes(1, 2)) ** 2
    first, second = np.divmod(drawn(rng, law.reshape(len(law), -1), shots), size)
    return 2 * bits_of(first, size) + bits_of(second, size)


def single_uses(rng: np.random.Generator, columns: np.ndarray, shots: int) -> np.ndarray:
    """Return outcomes of U|0> in the Y basis, (circuits, shots, n) bits."""
    return bits_of(drawn(rng, y_law(columns), shots), columns.shape[1])


MEASURED = {"coupled": coupled_shots, "separate": separate_shots, "single uses": single_uses}


@cache
def shots_of(kind: str, qubits: int, circuits: int, shots: int, seed: int):
    """Return noiseless outcomes of fresh processes, (circuits, shots, n), and whether each is real.

    Every seed is another stream; the second half of the circuits is real.
    """
    rng = np.random.default_rng([seed, qubits, sorted(MEASURED).index(kind)])
    columns = 1 if kind == "single uses" else 2**qubits
    outcomes, labels = [], np.repeat([0, 1], circuits // 2)
    step = max(1, AT_ONCE // (2**qubits * columns))
    for real in (False, True):
        for begin in range(0, circuits // 2, step):
            count = min(step, circuits // 2 - begin)
            unitaries = processes(rng, count, qubits, real, columns)
            outcomes.append(MEASURED[kind](rng, unitaries, shots).astype(np.int8))
    return np.concatenate(outcomes), labels


def noisy(rng: np.random.Generator, kind: str, digits: np.ndarray, error: float) -> torch.Tensor:
    """Return what a network sees, bits as 1 and 0 and a constant 1, with outcomes replaced."""
    hit = rng.random(digits.shape) < error
    digits = np.where(hit, rng.integers(0, 4, digits.shape), digits)
    bits = digits if kind == "single uses" else (digits[..., None] >> np.array([1, 0])) & 1
    bits = bits.reshape(*digits.shape[:2], -1)
    seen = np.concatenate([bits, np.ones((*bits.shape[:2], 1))], axis=-1)
    return torch.tensor(seen, dtype=torch.float32)


def quantised(inputs: int, seed: int) -> nn.Module:
    return Quantised(inputs, 2, seed)


def relu(inputs: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2)
    )


NETWORKS = (("quantised 16-16", "coupled", quantised), ("ReLU 16-16", "separate", relu))


def train(rng: np.random.Generator, kind: str, make: object, data: tuple, error: float):
    """Return a network trained on shots, the noise drawn anew in every epoch."""
    digits, labels = data
    right = torch.tensor(np.repeat(labels, digits.shape[1]))
    network = make(noisy(rng, kind, digits[:1, :1], error).shape[-1], 0)
    epochs = max(2, TRAINED_ON // len(right))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        seen = noisy(rng, kind, digits, error).flatten(0, 1)
        for batch in torch.tensor(rng.permutation(len(seen))).split(256):
            loss = nn.functional.cross_entropy(network(seen[batch]), right[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return network


def accuracy(
    kind: str, make: object, qubits: int, error: float, circuits: tuple[int, int], sums: list[int]
) -> dict[str, object]:
    """Train on shots, test on fresh circuits; return the accuracy for each number of shots."""
    rng = np.random.default_rng([qubits, round(100 * error)])
    network = train(rng, kind, make, shots_of(kind, qubits, circuits[0], SHOTS, 0), error)
    digits, labels = shots_of(kind, qubits, circuits[1], max(sums), 1)
    with torch.no_grad():
        fresh = noisy(rng, kind, digits, error)
        logit = network(fresh.flatten(0, 1)).reshape(*fresh.shape[:2], 2).numpy()
    found: dict[str, object] = {"circuits": len(labels)}
    for name, shots in zip(("one", "two", "three"), sums, strict=True):
        right = np.argmax(logit[:, :shots].sum(axis=1), axis=1) == labels
        value, low, high = share(right)
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return found


def draw(rows: Rows, path: Path) -> None:
    """Draw the accuracy of one shot, and of three, against the error a pair; a panel a size."""
    from matplotlib.figure import Figure

    from qnnq.figures.style import look, save, styled

    sizes = sorted({int(row["n"]) for row in rows.rows})
    with styled():
        figure = Figure(figsize=(3 * len(sizes), 3.4), layout="constrained")
        panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
        for axes, qubits in zip(panels, sizes, strict=True):
            own = [row for row in rows.rows if int(row["n"]) == qubits]
            for number, (name, kind, _) in enumerate(NETWORKS):
                style = look(number)
                for shots, line in (("one", "-"), ("three", "--")):
                    shown = sorted(
                        [float(row[column]) for column in ("error", shots, *_ends(shots))]
                        for row in own
                        if row["measured"] == kind
                    )
                    error, value, low, high = np.transpose(shown)
                    axes.errorbar(
                        *(error, value, [value - low, high - value]),
                        color=style.color,
                        marker=style.marker,
                        ls=line,
                        label=f"{name}, {kind}, {shots}",
                    )
            (single,) = (row for row in own if row["measured"] == "single uses")
            axes.axhline(float(single["three"]), color="0.5", ls=":", label="200 single uses")
            axes.set_title(f"n = {qubits}")
            axes.set_xlabel("error a pair")
        panels[0].set_ylabel("right")
        panels[-1].legend(fontsize=6)
        save(figure, path)


def _ends(name: str) -> tuple[str, str]:
    return f"{name}_low", f"{name}_high"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "process.csv")
    figure = HERE.parents[1] / "docs/quantum-data-process.png"
    parser.add_argument("--figure", type=Path, default=figure)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    columns = [name + end for name in ("one", "two", "three") for end in ("", "_low", "_high")]
    rows = Rows(options.out, ["network", "measured", "n", "error"], ["circuits", *columns])
    few = options.quick
    for qubits in (4,) if few else (8, 4, 6):
        circuits = (200, 200) if few else (600, 600) if qubits == 8 else (2000, 2000)
        for name, kind, make in NETWORKS:
            for error in ERRORS:
                work = partial(accuracy, kind, make, qubits, error, circuits, [1, 2, 3])
                rows.make(work, network=name, measured=kind, n=qubits, error=error)
        many = (200, 200) if few else (2000, 2000)
        work = partial(accuracy, "single uses", quantised, qubits, 0.0, many, [2, 20, 200])
        rows.make(work, network="quantised 16-16", measured="single uses", n=qubits, error=0.0)
    draw(rows, options.figure)


if __name__ == "__main__":
    main()

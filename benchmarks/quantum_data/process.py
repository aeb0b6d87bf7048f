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
from curves import Rows
from torch import nn

from qnnq.data.states.pure import DEPTH, haar_angles
from qnnq.statistics.intervals import wilson
from qnnq.training.module import QuantizedNetwork
from qnnq.training.settings import TrainingSettings

ERRORS = (0.1, 0.0, 0.3)
HERE = Path(__file__).parent
BELL_DIGITS = np.array([[1, 3], [0, 2]])
"""Digit of a pair, [x, z], for the Bell state X^x Z^z of Phi+: see `pair_neuron`."""


def process(rng: np.random.Generator, qubits: int, real: bool, columns: int) -> np.ndarray:
    """Return the first columns of U, (2^n, columns); qubit 0 is the most significant bit."""
    state = np.eye(2**qubits, columns, dtype=complex).reshape((2,) * qubits + (columns,))
    for layer in range(DEPTH):
        for qubit in range(qubits):
            theta, phi, lam = haar_angles(rng)
            if real:
                theta, phi, lam = phi, 0.0, 0.0
            c, s = np.cos(theta / 2), np.sin(theta / 2)
            gate = np.array(
                [[c, -np.exp(1j * lam) * s], [np.exp(1j * phi) * s, np.exp(1j * (phi + lam)) * c]]
            )
            state = np.moveaxis(np.tensordot(gate, state, axes=(1, qubit)), 0, qubit)
        for qubit in range(layer % 2, qubits - 1, 2):
            state = state.copy()
            both = [slice(None)] * (qubits + 1)
            both[qubit] = both[qubit + 1] = 1
            state[tuple(both)] *= -1
    return state.reshape(2**qubits, columns)


def bell_law(unitary: np.ndarray) -> np.ndarray:
    """Return the probabilities of X^x Z^z, [x, z], both numbers of n bits: |tr(.. U U^T)|^2/4^n."""
    size = len(unitary)
    both = unitary @ unitary.T
    index = np.arange(size)
    values = both[index[:, None] ^ index, index]  # [x, j]
    for place in range(size.bit_length() - 1):
        a, b = np.moveaxis(values.reshape(size, -1, 2, 2**place), 2, 0)
        values = np.stack([a + b, a - b], axis=2).reshape(size, size)
    return np.abs(values / size) ** 2


def _bits(numbers: np.ndarray, qubits: int) -> np.ndarray:
    return numbers[..., None] >> np.arange(qubits)[::-1] & 1


def coupled_shots(rng: np.random.Generator, qubits: int, real: bool, shots: int) -> np.ndarray:
    """Return outcomes of pairs, (shots, n) digits, of a fresh process."""
    law = bell_law(process(rng, qubits, real, 2**qubits)).ravel()
    x, z = np.divmod(rng.choice(len(law), shots, p=law / law.sum()), 2**qubits)
    return BELL_DIGITS[_bits(x, qubits), _bits(z, qubits)]


def separate_shots(rng: np.random.Generator, qubits: int, real: bool, shots: int) -> np.ndarray:
    """Return outcomes of both registers in the Z basis, (shots, n) digits."""
    unitary = process(rng, qubits, real, 2**qubits)
    law = np.abs(unitary @ unitary.T).ravel() ** 2
    first, second = np.divmod(rng.choice(len(law), shots, p=law / law.sum()), 2**qubits)
    return 2 * _bits(first, qubits) + _bits(second, qubits)


def single_uses(rng: np.random.Generator, qubits: int, real: bool, shots: int) -> np.ndarray:
    """Return outcomes of U|0> in the Y basis, (shots, n) bits."""
    state = process(rng, qubits, real, 1).reshape((2,) * qubits)
    to_y = np.array([[1, -1j], [1, 1j]]) / np.sqrt(2)
    for qubit in range(qubits):
        state = np.moveaxis(np.tensordot(to_y, state, axes=(1, qubit)), 0, qubit)
    law = np.abs(state.ravel()) ** 2
    return _bits(rng.choice(len(law), shots, p=law / law.sum()), qubits)


MEASURED = {"coupled": coupled_shots, "separate": separate_shots, "single uses": single_uses}


@cache
def shots_of(kind: str, qubits: int, circuits: int, shots: int, seed: int):
    """Return noiseless outcomes of fresh processes, (circuits, shots, n), and whether each is real.

    Every seed is another stream.
    """
    rng = np.random.default_rng([seed, qubits, sorted(MEASURED).index(kind)])
    labels = np.arange(circuits) % 2
    outcomes = [MEASURED[kind](rng, qubits, bool(label), shots) for label in labels]
    return np.stack(outcomes), labels


def noisy(rng: np.random.Generator, kind: str, digits: np.ndarray, error: float) -> torch.Tensor:
    """Return what a network sees, bits as 1 and 0 and a constant 1, with outcomes replaced."""
    hit = rng.random(digits.shape) < error
    digits = np.where(hit, rng.integers(0, 4, digits.shape), digits)
    bits = digits if kind == "single uses" else (digits[..., None] >> np.array([1, 0])) & 1
    bits = bits.reshape(*digits.shape[:2], -1)
    seen = np.concatenate([bits, np.ones((*bits.shape[:2], 1))], axis=-1)
    return torch.tensor(seen, dtype=torch.float32)


class Quantised(nn.Module):
    """A quantised 16-16 network whose outcomes are sampled anew in every pass."""

    def __init__(self, inputs: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        settings = TrainingSettings(hidden=(16, 16), stretch=0.5)
        self.network = QuantizedNetwork(inputs, 2, settings, generator)
        self.random = torch.Generator().manual_seed(seed + 1)

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return self.network(seen, self.random)


def relu(inputs: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2)
    )


def accuracy(
    kind: str, make: object, qubits: int, error: float, circuits: tuple[int, int], sums: list[int]
) -> dict[str, object]:
    """Train on shots, test on fresh circuits; return the accuracy for each number of shots."""
    rng = np.random.default_rng([qubits, round(100 * error)])
    digits, labels = shots_of(kind, qubits, circuits[0], 64, 0)
    seen = noisy(rng, kind, digits, error).flatten(0, 1)
    right = torch.tensor(np.repeat(labels, 64))
    network = make(seen.shape[1], 0)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(max(2, 150_000 // len(seen))):
        for batch in torch.tensor(rng.permutation(len(seen))).split(256):
            loss = nn.functional.cross_entropy(network(seen[batch]), right[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    digits, labels = shots_of(kind, qubits, circuits[1], max(sums), 1)
    with torch.no_grad():
        fresh = noisy(rng, kind, digits, error)
        logit = network(fresh.flatten(0, 1)).reshape(*fresh.shape[:2], 2).numpy()
    found: dict[str, object] = {"circuits": len(labels)}
    for name, shots in zip(("one", "two", "three"), sums, strict=True):
        answers = np.argmax(logit[:, :shots].sum(axis=1), axis=1)
        low, high = wilson(int(np.sum(answers == labels)), len(labels))
        found |= {name: float(np.mean(answers == labels)), f"{name}_low": low, f"{name}_high": high}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "process.csv")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    columns = [name + end for name in ("one", "two", "three") for end in ("", "_low", "_high")]
    rows = Rows(options.out, ["network", "measured", "n", "error"], ["circuits", *columns])
    few = options.quick
    for qubits in (4,) if few else (8, 4, 6):
        circuits = (200, 200) if few else (600, 600 if qubits < 8 else 400)
        for error in ERRORS:
            for name, kind, make in (
                ("quantised 16-16", "coupled", Quantised),
                ("ReLU 16-16", "separate", relu),
            ):
                work = partial(accuracy, kind, make, qubits, error, circuits, [1, 2, 3])
                rows.make(work, network=name, measured=kind, n=qubits, error=error)
        many = (600, 200 if few else 2000)
        work = partial(accuracy, "single uses", Quantised, qubits, 0.0, many, [2, 20, 200])
        rows.make(work, network="quantised 16-16", measured="single uses", n=qubits, error=0.0)


if __name__ == "__main__":
    main()

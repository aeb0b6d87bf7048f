"""Does training find the coupling that sees all Paulis of a pair of twins?

    python benchmarks/quantum_data/coupling.py

A pair of neurons is trained: RY on both, CZ, RY on both, four angles. Maximised is the mean over
I, X, Y and Z of sum_o tr(E_o Q x Q)^2 / (4 tr E_o), the information about Q in two copies for small
contrasts. A Bell measurement reaches 1; without CZ it is at most 1/2 a pair, the 2^-n of single
copies. 200 random starts (B1), whose count goes to a CSV file; `--quick`: 40.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from curves import Rows
from scipy.optimize import minimize

I2, X = np.eye(2), np.array([[0, 1], [1, 0]])
Y, Z = np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
TWINS = np.array([np.kron(each, each) for each in (I2, X, Y, Z)])
REACHED = 0.999


def rotations(first: float, second: float) -> np.ndarray:
    """Return RY x RY."""
    one, other = (
        np.array([[np.cos(a / 2), -np.sin(a / 2)], [np.sin(a / 2), np.cos(a / 2)]])
        for a in (first, second)
    )
    return np.kron(one, other)


def information(angles: np.ndarray, coupled: bool) -> float:
    """Return the mean of sum_o tr(E_o Q x Q)^2 / (4 tr E_o) over I, X, Y, Z; tr E_o is 1."""
    cz = np.diag([1, 1, 1, -1 if coupled else 1])
    unitary = rotations(*angles[2:]) @ cz @ rotations(*angles[:2])
    means = np.einsum("oi,qij,oj->qo", unitary, TWINS, unitary).real
    return float(np.mean(np.sum(means**2, axis=1) / 4))


def trained(rng: np.random.Generator, coupled: bool) -> float:
    """Return what training from a random start reaches."""
    start = rng.uniform(-np.pi, np.pi, 4)
    return -float(minimize(lambda angles: -information(angles, coupled), start).fun)


def counted(coupled: bool, starts: int) -> dict[str, object]:
    """Return how many starts reach 1, and the least and the most that others do."""
    rng = np.random.default_rng(int(not coupled))
    found = np.array([trained(rng, coupled) for _ in range(starts)])
    others = found[found <= REACHED]
    ends = (float(others.min()), float(others.max())) if len(others) else (1.0, 1.0)
    return {"reached": int(np.sum(found > REACHED)), "least": ends[0], "most_else": ends[1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "coupling.csv")
    parser.add_argument("--starts", type=int, default=200)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    starts = 40 if options.quick else options.starts
    rows = Rows(options.out, ["coupled", "starts"], ["reached", "least", "most_else"])
    for coupled in (True, False):
        rows.make(partial(counted, coupled, starts), coupled=coupled, starts=starts)


if __name__ == "__main__":
    main()

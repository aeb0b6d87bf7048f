"""Paulis on n qubits: arrays (..., n) of 0 to 3 for I, X, Y and Z, qubit 0 first."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import require

LETTERS = "IXYZ"

Paulis = NDArray[np.int64]


def pauli_text(pauli: Sequence[int] | Paulis) -> str:
    """Return the letters of a Pauli, qubit 0 first."""
    return "".join(LETTERS[letter] for letter in pauli)


def pauli_number(paulis: Paulis) -> NDArray[np.int64]:
    """Return the number of each Pauli, its letters read as digits to the base 4, (...)."""
    number: NDArray[np.int64] = paulis @ 4 ** np.arange(paulis.shape[-1])[::-1]
    return number


def numbered_paulis(numbers: NDArray[np.int64], qubits: int) -> Paulis:
    """Return the Paulis of these numbers, (..., n)."""
    letters: Paulis = numbers[..., None] // 4 ** np.arange(qubits)[::-1] % 4
    return letters


def random_paulis(rng: np.random.Generator, count: int, qubits: int) -> Paulis:
    """Draw uniformly among the 4^n - 1 Paulis other than the identity, (count, n)."""
    return numbered_paulis(rng.integers(1, 4**qubits, count), qubits)


def anticommute(first: Paulis, second: Paulis) -> NDArray[np.bool_]:
    """Return whether Paulis anticommute, (...)."""
    differ = (first != second) & (first > 0) & (second > 0)
    odd: NDArray[np.bool_] = differ.sum(axis=-1) % 2 == 1
    return odd


def random_partners(rng: np.random.Generator, paulis: Paulis) -> Paulis:
    """Draw for each Pauli, (count, n), one uniformly among those that anticommute with it."""
    require(bool(np.all(np.any(paulis > 0, axis=-1))), "Pauli", "no identity", "the identity")
    partners = random_paulis(rng, *paulis.shape)
    while True:
        (wrong,) = np.nonzero(~anticommute(paulis, partners))
        if not len(wrong):
            return partners
        partners[wrong] = random_paulis(rng, len(wrong), paulis.shape[1])

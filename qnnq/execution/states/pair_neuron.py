"""Two coupled neurons that receive a qubit and its twin: a Bell measurement.

RY(-pi/2) on the second, CZ, RY(-pi/2) on both, then both are measured. In the Heisenberg picture
the first outcome is XX of the twins, the second is -ZZ, and so their product is YY. The elements
are E_o = (1/4) sum over Q of chi_Q(o) Q x Q, so two copies of (1 + s c P)/2^n give the outcomes o
of n pairs with probability (1 + c^2 chi_P(o))/4^n, whatever the sign s; chi_P is the product of
`CHARACTERS` over the pairs.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qnnq.data.states.paulis import Paulis

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

CHARACTERS = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, 1], [-1, 1, -1, 1]])
"""chi[letter, digit] of I, X, Y, Z; the digit of a pair is 2 * (first bit) + (second bit)."""

Digits = NDArray[np.int64]


def append_pair_neuron(circuit: "QuantumCircuit", first: int, second: int) -> None:
    """Append the gates of the coupled pair, without the measurement."""
    circuit.ry(-math.pi / 2, second)
    circuit.cz(first, second)
    circuit.ry(-math.pi / 2, first)
    circuit.ry(-math.pi / 2, second)


def characters(paulis: Paulis, digits: Digits) -> NDArray[np.int64]:
    """Return chi of Paulis (..., n) on outcomes (..., n): +1 or -1, (...)."""
    found: NDArray[np.int64] = CHARACTERS[paulis, digits].prod(axis=-1)
    return found


def draw_outcomes(
    rng: np.random.Generator, paulis: Paulis, shots: int, contrast: NDArray[np.float64] | float
) -> Digits:
    """Draw outcomes of (1 + contrast chi_P(o))/4^n, (trials, shots, n).

    Args:
        rng: Random numbers.
        paulis: P of each trial, (trials, n).
        shots: Of each.
        contrast: Mean of chi_P, c^2 without noise; one, or one a trial.
    """
    trials, pairs = paulis.shape
    digits = rng.integers(0, 4, (trials, shots, pairs))
    wanted = rng.random((trials, shots)) < (1 + np.reshape(contrast, (-1, 1))) / 2
    wrong = (characters(paulis[:, None], digits) > 0) != wanted
    place = np.argmax(paulis > 0, axis=1)
    letter = paulis[np.arange(trials), place]
    # X changes its sign with the first bit, Y and Z with the second.
    flip = np.where(letter == 1, 2, 1)[:, None] * wrong
    trial, shot = np.indices((trials, shots))
    digits[trial, shot, place[:, None]] ^= flip
    return digits

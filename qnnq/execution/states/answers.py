"""Answers from the outcomes of pairs: sums of chi over shots."""

import numpy as np
from numpy.typing import NDArray

from qnnq.data.states.paulis import Paulis
from qnnq.execution.states.pair_neuron import Digits, characters


def pauli_sums(digits: Digits) -> NDArray[np.int32]:
    """Return the sum over shots of chi_P for all 4^n Paulis, by number.

    One Walsh-Hadamard transform of the 4^n counts: n butterflies, not 4^n sums.

    Args:
        digits: Outcomes, (trials, shots, n).

    Returns:
        Shape (trials, 4^n).
    """
    pairs = digits.shape[-1]
    places = digits @ 4 ** np.arange(pairs)[::-1]
    # Trial by trial, so that the counts stay in the processor's cache.
    return np.stack([_transformed(np.bincount(row, minlength=4**pairs), pairs) for row in places])


def _transformed(counts: NDArray[np.int64], pairs: int) -> NDArray[np.int32]:
    sums = counts.astype(np.int32)
    for pair in range(pairs):
        a, b, c, d = np.moveaxis(sums.reshape(-1, 4, 4 ** (pairs - 1 - pair)), 1, 0)
        both, other, left, right = a + b, c + d, a - b, c - d
        stacked = (both + other, both - other, left - right, -left - right)
        sums = np.stack(stacked, axis=1).ravel()
    return sums


def name_paulis(rng: np.random.Generator, digits: Digits) -> NDArray[np.int64]:
    """Return the number of the Pauli with the largest sum, ties tossed, (trials,).

    Args:
        rng: For ties.
        digits: Outcomes, (trials, shots, n).
    """
    sums = pauli_sums(digits)
    sums[:, 0] = -digits.shape[1] - 1  # the identity is not asked for
    return np.array([rng.choice(np.flatnonzero(row == row.max())) for row in sums])


def tell_paulis(
    rng: np.random.Generator, digits: Digits, first: Paulis, second: Paulis
) -> NDArray[np.int64]:
    """Return which of two Paulis has the larger sum, 0 or 1, ties tossed, (trials,).

    Args:
        rng: For ties.
        digits: Outcomes, (trials, shots, n).
        first: (trials, n).
        second: (trials, n).
    """
    ahead = (characters(second[:, None], digits) - characters(first[:, None], digits)).sum(axis=1)
    answer: NDArray[np.int64] = (2 * ahead + rng.integers(0, 2, len(ahead)) > 0).astype(np.int64)
    return answer

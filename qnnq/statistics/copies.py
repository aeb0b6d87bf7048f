"""Copies that it takes to tell which of two anticommuting Paulis a state hides: exact sums.

A state (1 + s c P)/2^n makes every outcome whose measurement contains P a coin of mean +-c, and
all others fair. With single copies only those measured in a basis that contains P, or Q, say
anything; how many they are is the law of a scheme, and what they then tell is Bayes' rule. Two
copies measured together show P, and Q, in every shot: a coin of mean c^2, whatever the sign s.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

CONTRAST = 0.95
"""The size c of the hidden Pauli."""

WANTED = 0.95
"""Share of right answers, over P, s and outcomes."""

MOST_TELLING = 80
"""Telling outcomes that are counted one by one: more of them leave an error below 1e-12."""

Law = Callable[[int], NDArray[np.float64]]
"""For a number of copies the law of how many tell of P and of Q, shape (m + 1, m + 1)."""


def pair_accuracy(shots: int, contrast: float) -> float:
    """Return how often the larger of two sums of outcomes is the hidden Pauli's.

    Ties are tossed. It is the likelihood-ratio test, so nothing does better.

    Args:
        shots: Of two copies each.
        contrast: Mean of the hidden Pauli's outcome, c^2 times what noise leaves of it.
    """
    from scipy.stats import binom

    hits = np.arange(shots + 1)
    hidden, other = binom.pmf(hits, shots, (1 + contrast) / 2), binom.pmf(hits, shots, 0.5)
    below = np.cumsum(other) - other / 2
    return float(hidden @ below)


def right_answers(
    contrast: float = CONTRAST, sign_known: bool = False, most: int = MOST_TELLING
) -> NDArray[np.float64]:
    """Return how often Bayes' rule is right after i outcomes tell of P and j of Q, [i, j].

    Args:
        contrast: Size c of the hidden Pauli.
        sign_known: Whether the sign s is known; else both are equally likely.
        most: Largest i and j.
    """
    from scipy.stats import binom

    up, down = math.log1p(contrast), math.log1p(-contrast)
    values, hidden, fair = [], [], []
    for count in range(most + 1):
        hits = np.arange(count + 1)
        evidence = hits * up + (count - hits) * down
        if not sign_known:
            evidence = np.logaddexp(evidence, evidence[::-1]) - math.log(2)
        order = np.argsort(np.round(evidence, 9), kind="stable")
        values.append(np.round(evidence, 9)[order])
        hidden.append(binom.pmf(hits, count, (1 + contrast) / 2)[order])
        fair.append(np.concatenate([[0.0], np.cumsum(binom.pmf(hits, count, 0.5)[order])]))
    table = np.empty((most + 1, most + 1))
    for i, j in np.ndindex(table.shape):
        below, upto = (np.searchsorted(values[j], values[i], side) for side in ("left", "right"))
        table[i, j] = hidden[i] @ (fair[j][below] + fair[j][upto]) / 2
    return table


def independent_copies(of_hidden: float, of_other: float) -> Law:
    """Return the law where each copy tells of P or of Q with these probabilities, never of both.

    Numbers above `MOST_TELLING` count as it.
    """
    from scipy.stats import binom

    def law(copies: int) -> NDArray[np.float64]:
        i = np.arange(MOST_TELLING + 1)
        first = _capped(np.asarray(binom.pmf(i, copies, of_hidden)))
        rest = np.maximum(copies - i, 0)[:, None]
        second = _capped(np.asarray(binom.pmf(i, rest, of_other / (1 - of_hidden))))
        return np.asarray(first[:, None] * second)

    return law


def random_stabiliser_bases(qubits: int) -> Law:
    """Return the law of random Clifford bases: a basis holds a Pauli with chance 1/(2^n + 1).

    That of a random member of a complete set of mutually unbiased stabiliser bases is the same.
    """
    return independent_copies(1 / (2**qubits + 1), 1 / (2**qubits + 1))


def unbiased_bases_in_turn(qubits: int, most: int = MOST_TELLING) -> Law:
    """Return the law of the 2^n + 1 mutually unbiased stabiliser bases, one after the other.

    Each Pauli is in exactly one, P and Q in different ones. Which come first is random.
    """
    bases = 2**qubits + 1

    def law(copies: int) -> NDArray[np.float64]:
        rounds, more = divmod(copies, bases)
        found = np.zeros((most + 1, most + 1))
        for i, j in np.ndindex(2, 2):
            chance = (more if i else bases - more) / bases
            chance *= ((more - i) if j else (bases - 1 - more + i)) / (bases - 1)
            found[min(rounds + i, most), min(rounds + j, most)] += chance
        return found

    return law


def rotated_ghz_bases(qubits: int) -> Law:
    """Return the law of GHZ bases with random local axes, for Paulis without identities.

    Such a basis holds 2^(n-1) of their 3^n, one more where n is even.
    """
    chance = _ghz_chance(qubits)
    return independent_copies(chance, chance)


def bell_bases_within(qubits: int) -> Law:
    """Return the law of Bell measurements of pairs of one copy, for Paulis without identities.

    Local axes are random, so each pair agrees with chance 1/3.

    Args:
        qubits: An even number.
    """
    chance = 3.0 ** -(qubits // 2)
    return independent_copies(chance, chance)


def random_pauli_bases(qubits: int) -> Law:
    """Return the law of a random Pauli basis for each copy, over uniform anticommuting P and Q.

    A basis tells of a Pauli where it agrees on its support, with chance 3^-weight.
    """
    return _by_weight(qubits, np.asarray(3.0 ** -np.arange(qubits + 1), dtype=np.float64))


def pauli_and_ghz_bases(qubits: int) -> Law:
    """Return the law of random Pauli bases and GHZ bases with random local axes, half of each.

    Over uniform anticommuting P and Q. A GHZ basis holds each even number of Z, where the axes
    agree, and `rotated_ghz_bases` of those without identities; others it never shows.
    """
    weight = np.arange(qubits + 1)
    ghz = np.where(weight % 2 == 0, 3.0**-weight, 0.0)
    ghz[-1] = _ghz_chance(qubits)
    return _by_weight(qubits, np.asarray((3.0**-weight + ghz) / 2, dtype=np.float64))


def _ghz_chance(qubits: int) -> float:
    return float((2 ** (qubits - 1) + (qubits % 2 == 0)) / 3**qubits)


def _by_weight(qubits: int, chances: NDArray[np.float64]) -> Law:
    """Return the law where a copy tells of a Pauli with a chance by its weight, (n + 1,)."""
    weights = anticommuting_weights(qubits)

    def law(copies: int) -> NDArray[np.float64]:
        return np.asarray(
            sum(
                weights[w, v] * independent_copies(chances[w], chances[v])(copies)
                for w, v in np.argwhere(weights)
            )
        )

    return law


def anticommuting_weights(qubits: int) -> NDArray[np.float64]:
    """Return the joint law of the weights of two uniform anticommuting Paulis, (n + 1, n + 1)."""
    size = qubits + 1
    counts = np.zeros((2, size, size))  # by whether they anticommute so far
    counts[0, 0, 0] = 1
    for _ in range(qubits):
        wider = counts.copy()  # both have the identity here
        wider[:, 1:] += 3 * counts[:, :-1]
        wider[:, :, 1:] += 3 * counts[:, :, :-1]
        wider[:, 1:, 1:] += 3 * counts[:, :-1, :-1] + 6 * counts[::-1, :-1, :-1]
        counts = wider
    return np.asarray(counts[1] / counts[1].sum())


def told_after(law: Law, right: NDArray[np.float64]) -> Callable[[int], float]:
    """Return the accuracy of a single-copy scheme by copies, P and Q told after the last one."""
    return lambda copies: float(np.sum(law(copies) * right))


def copies_needed(accuracy: Callable[[int], float]) -> int:
    """Return the least number for which a rising accuracy is `WANTED`."""
    high = 1
    while accuracy(high) < WANTED:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if accuracy(middle) >= WANTED else (middle, high)
    return high


def pair_copies_needed(contrast: float) -> int:
    """Return the copies, two a shot, with which the larger sum is right in 95 %.

    Args:
        contrast: As in `pair_accuracy`.
    """
    return 2 * copies_needed(lambda shots: pair_accuracy(shots, contrast))


def _capped(law: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put what is beyond the end of a law, along its last axis, onto its end."""
    law[..., -1] += np.maximum(0.0, 1 - law.sum(axis=-1))
    return law

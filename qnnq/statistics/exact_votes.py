"""How likely the majority of n shots names a class, from the probabilities of one shot."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

BYTES_PER_BLOCK = 16 << 20
"""Bounds what is held at a time."""

NEGLIGIBLE = 1e-20
"""Chance of a number of votes that is left out."""

SURE = 1e-12
"""Probability below which an event counts as impossible."""


def majority_probability(
    probabilities: NDArray[np.float64], classes: NDArray[np.int64], shots: int
) -> NDArray[np.float64]:
    """Return the probability that the majority of an image's shots names a class, (images,).

    Shots are independent, and ties go to the lowest class. Class c wins with k votes where all
    lower classes have at most k - 1 and all higher ones at most k; the numbers of votes are
    multinomial, which is independent Poisson numbers N_j of means n p_j given that they add up to
    n (e.g. Feller, An Introduction to Probability Theory, vol. 1, ch. IX.9). So

        P(c wins) = sum over k of P(N_c = k) P(sum of the others = n - k, bounds) / P(N = n),

    whose second factor is a convolution of cut Poisson distributions, by their Fourier sums: a
    higher k adds a term to each. The time grows as the square of n, for those images whose answer
    is not sure: j has as many votes as c, where p_j < p_c, with a probability of at most
    (1 - (sqrt(p_c) - sqrt(p_j))^2)^n (H. Chernoff, Ann. Math. Stat. 23, 493 (1952)).

    Args:
        probabilities: Of each class in one shot, rows that add up to 1, shape (images, classes).
        classes: The class that is asked for, of each image, shape (images,).
        shots: n, at least 1.
    """
    found, open_ = _sure(probabilities, classes, shots)
    count = probabilities.shape[1]
    step = max(1, BYTES_PER_BLOCK // (32 * count * _period(shots, count)))
    for start in range(0, len(open_), step):
        rows = open_[start : start + step]
        found[rows] = _of_block(probabilities[rows], classes[rows], shots)
    return np.clip(found, 0, 1)


def _sure(
    probabilities: NDArray[np.float64], classes: NDArray[np.int64], shots: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return 1 for images that a class wins for sure, else 0, and which are not sure."""
    rows = np.arange(len(classes))
    roots = np.sqrt(np.maximum(probabilities, 0))
    ahead = roots[rows, classes, None] - roots  # (images, classes)
    upset = np.maximum(1 - ahead**2, 0) ** shots
    upset[rows, classes] = 0
    wins = np.where(ahead > 0, upset, 1.0)
    wins[rows, classes] = 0
    won = wins.sum(axis=1) < SURE
    lost = np.where(ahead < 0, upset, 1.0).min(axis=1) < SURE
    return won.astype(np.float64), np.flatnonzero(~won & ~lost)


def _of_block(
    probabilities: NDArray[np.float64], classes: NDArray[np.int64], shots: int
) -> NDArray[np.float64]:
    images, count = probabilities.shape
    votes = np.arange(shots + 1)
    # (images, classes, shots + 1): chances of each number of votes, as if they were independent
    chances = np.asarray(poisson.pmf(votes, shots * np.maximum(probabilities, 0)[:, :, None]))
    rows = np.arange(images)
    others = np.arange(count - 1) + (np.arange(count - 1) >= classes[:, None])
    rival = chances[rows[:, None], others]  # (images, classes - 1, shots + 1)
    lower = (others < classes[:, None])[:, :, None]
    own = chances[rows, classes]
    length = _period(shots, count)
    frequencies = np.arange(length // 2 + 1)
    turns = -2j * np.pi * frequencies / length
    twice = np.where((frequencies == 0) | (2 * frequencies == length), 1, 2) / length
    found, fewer = np.zeros(images), np.zeros((*rival.shape[:2], len(turns)), complex)
    for most in votes:
        up_to = fewer + rival[:, :, most, None] * np.exp(turns * most)
        if most * count >= shots and (own[:, most] > NEGLIGIBLE).any():
            sums = np.where(lower, fewer, up_to).prod(axis=1)
            at_rest = (sums * np.exp(-turns * (shots - most))).real @ twice
            found += own[:, most] * at_rest
        fewer = up_to
    return np.asarray(found / poisson.pmf(shots, shots * probabilities.sum(axis=1)))


def _period(shots: int, count: int) -> int:
    """Return a length of sums of votes beyond which they are too rare to count.

    Independent numbers that are expected to add up to n at most reach 2 n with a probability of
    at most (e / 4)^n, which is 2e-17 for 100.
    """
    return 2 * shots if shots >= 100 else shots * count + 1

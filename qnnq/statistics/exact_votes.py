"""How likely the majority of n shots names a class, from the probabilities of one shot."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

BYTES_PER_BLOCK = 16 << 20
"""Bounds what is held at a time."""

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

    whose second factor is a convolution of cut Poisson distributions. No term is negative, so
    nothing cancels; the time grows as the cube of n, for those images whose answer is not sure: j
    has as many votes as c, where p_j < p_c, with a probability of at most
    (1 - (sqrt(p_c) - sqrt(p_j))^2)^n (H. Chernoff, Ann. Math. Stat. 23, 493 (1952)).

    Args:
        probabilities: Of each class in one shot, rows that add up to 1, shape (images, classes).
        classes: The class that is asked for, of each image, shape (images,).
        shots: n, at least 1.
    """
    found, open_ = _sure(probabilities, classes, shots)
    step = max(1, BYTES_PER_BLOCK // (8 * probabilities.shape[1] * (shots + 1)))
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
    lower = others < classes[:, None]
    own = chances[rows, classes]
    found = np.zeros(images)
    for most in range(-(-shots // count), shots + 1):
        rest = shots - most
        allowed = np.minimum(np.where(lower, most - 1, most), rest)
        cut = np.where(votes[: rest + 1] <= allowed[:, :, None], rival[:, :, : rest + 1], 0)
        found += own[:, most] * _sums(cut)[:, rest]
    return np.asarray(found / poisson.pmf(shots, shots * probabilities.sum(axis=1)))


def _sums(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distribution of a sum of independent numbers, cut at the longest of them.

    Args:
        chances: Shape (images, numbers, length).
    """
    total = chances[:, 0]
    length = total.shape[1]
    for number in range(1, chances.shape[1]):
        added = np.zeros_like(total)
        for votes in range(length):
            added[:, votes:] += chances[:, number, votes, None] * total[:, : length - votes]
        total = added
    return total

"""What paired results on the same images say about robustness to noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qnnq.errors import InputError
from qnnq.statistics.intervals import bootstrap_over_images, image_weights, mcnemar

Right = NDArray[np.bool_]
"""Whether each image was answered right, shape (images,)."""


@dataclass(frozen=True)
class Breakdown:
    """The noise strength at which accuracy falls below a threshold, with its interval.

    `math.inf` stands for "not within the strengths that were measured".
    """

    value: float
    low: float
    high: float
    confidence: float = 0.95


@dataclass(frozen=True)
class Difference:
    """A difference of two accuracies on the same images, with its interval and McNemar's p."""

    value: float
    low: float
    high: float
    p_value: float
    confidence: float = 0.95


@dataclass(frozen=True)
class Behaviour:
    """Positions of images by how a reference and another network answer them."""

    both_right: NDArray[np.intp]
    gained: NDArray[np.intp]
    lost: NDArray[np.intp]
    both_wrong: NDArray[np.intp]


def breakdown(
    strengths: Sequence[float],
    right: Sequence[Right],
    threshold: float | Right,
    confidence: float = 0.95,
) -> Breakdown:
    """Return the first strength at which accuracy is below a threshold.

    Between two strengths the accuracy is interpolated, on a logarithmic axis where both are
    positive. The interval is a bootstrap over images; an image keeps its answers at all strengths.

    Args:
        strengths: Increasing, (k,).
        right: For each strength, whether each image was answered right.
        threshold: An accuracy, or a reference network's right answers on the same images.
        confidence: Of the interval.

    Raises:
        InputError: When strengths do not increase or images differ.
    """
    fixed = isinstance(threshold, int | float)
    rows = [*right] if fixed else [*right, np.asarray(threshold)]
    if len({len(row) for row in rows}) != 1:
        raise InputError("breakdown: expected the same images at every strength")
    if len(strengths) != len(right) or np.any(np.diff(strengths) <= 0):
        raise InputError("breakdown: expected increasing strengths, one a row of answers")
    patterns, multiplicity = np.unique(np.stack(rows).astype(float), axis=1, return_counts=True)
    # Half an image that is always right and half one that never is: see `bootstrap_over_images`.
    ends = np.tile([0.0, 1.0], (len(rows), 1))
    weights = image_weights(np.append(multiplicity, (0.5, 0.5)))
    replicates = weights @ np.hstack([patterns, ends]).T  # (replicates, rows)
    plain = (patterns @ multiplicity / multiplicity.sum())[None]
    crossings = []
    for accuracy in (plain, replicates):
        limit = np.full(len(accuracy), threshold) if fixed else accuracy[:, -1]
        crossings.append(_crossing(np.asarray(strengths, float), accuracy[:, : len(right)], limit))
    value = float(crossings[0][0])
    low, high = _quantiles(crossings[1], confidence)
    return Breakdown(value, min(low, value), max(high, value), confidence)


def difference(right: ArrayLike, reference: ArrayLike, confidence: float = 0.95) -> Difference:
    """Return accuracy minus a reference's on the same images; both (images,) bool."""
    a, b = np.asarray(right, bool), np.asarray(reference, bool)
    p_value = mcnemar(a, b)
    change = a.astype(float) - b
    interval = bootstrap_over_images(change, confidence, bounds=(-1.0, 1.0))
    return Difference(float(change.mean()), *interval, p_value, confidence)


def behaviour(reference: ArrayLike, right: ArrayLike) -> Behaviour:
    """Sort images by whether a reference and another network answer them right."""
    a, b = np.asarray(reference, bool), np.asarray(right, bool)
    if a.shape != b.shape:
        raise InputError(f"behaviour: expected the same images, got {a.shape} and {b.shape}")
    return Behaviour(*(np.flatnonzero(each) for each in (a & b, ~a & b, a & ~b, ~a & ~b)))


def _crossing(
    strengths: NDArray[np.float64], accuracy: NDArray[np.float64], limit: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where each row of `accuracy`, (rows, k), first falls below its limit; inf: nowhere."""
    below = accuracy < limit[:, None]
    found = np.full(len(accuracy), math.inf)
    rows = np.flatnonzero(below.any(axis=1))
    index = below[rows].argmax(axis=1)
    found[rows[index == 0]] = strengths[0]
    rows, index = rows[index > 0], index[index > 0]
    above, under = accuracy[rows, index - 1], accuracy[rows, index]
    share = (above - limit[rows]) / (above - under)
    start, end = strengths[index - 1], strengths[index]
    # Geometric between positive strengths, linear from 0.
    safe = np.where(start > 0, start, 1.0)
    geometric = safe * (end / safe) ** share
    found[rows] = np.where(start > 0, geometric, start + share * (end - start))
    return found


def _quantiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """Quantiles that may be infinite: of order statistics, without interpolation."""
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    low, high = np.quantile(values, tails, method="closest_observation")
    return float(low), float(high)

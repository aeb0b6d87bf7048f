"""What paired results on the same images say about robustness to noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qnnq.errors import InputError
from qnnq.statistics.intervals import (
    CONFIDENCE,
    Right,
    bootstrap_over_images,
    image_weights,
    mcnemar,
    p_with_error,
    sign_flip,
    with_error,
)

_STEPS = 8
"""Strengths between two measured strengths at which a breakdown is looked for; then by a line."""


@dataclass(frozen=True)
class Breakdown:
    """The noise strength at which accuracy falls below a threshold, with its interval.

    `math.inf` stands for "not within the strengths that were measured".
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """A difference of two accuracies on the same images, with its interval and p-value."""

    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Behaviour:
    """Positions of images by how a reference and another network answer them.

    An image stands there once for each repetition that is compared.
    """

    both_right: NDArray[np.intp]
    gained: NDArray[np.intp]
    lost: NDArray[np.intp]
    both_wrong: NDArray[np.intp]


def breakdown(
    strengths: Sequence[float],
    right: Sequence[Right],
    threshold: float | Right,
    margin: float = 0.0,
) -> Breakdown:
    """Return the strength at which accuracy falls below a threshold.

    Accuracy falls as noise grows, so the value is where a falling curve, fitted to the accuracies
    (isotonic regression) and interpolated between strengths (monotone cubic in asinh(strength /
    smallest positive strength): near 0 linear, then logarithmic), meets the threshold. A first
    passage of the accuracies themselves would be biased low where they begin near the threshold.

    The interval is made of the strengths at which a bootstrap over images cannot tell the accuracy
    from the threshold; an image keeps its answers at all strengths. Its low end is that of the
    fitted curve, its high end that of the accuracies as they are, because the fit is biased low
    before a descent. `benchmarks/breakdown_coverage.py` measures its coverage.

    Args:
        strengths: Increasing, >= 0, two or more, (k,).
        right: For each strength, whether each image was answered right, or its share of shots.
        threshold: An accuracy, or a reference network's right answers on the same images.
        margin: How far below the threshold is meant.

    Raises:
        InputError: When strengths do not increase or images differ.
    """
    fixed = isinstance(threshold, int | float)
    rows = [*right] if fixed else [*right, np.asarray(threshold)]
    if len({len(row) for row in rows}) != 1:
        raise InputError("breakdown: expected the same images at every strength")
    x = np.asarray(strengths, float)
    if len(x) != len(right) or len(x) < 2 or x[0] < 0 or np.any(np.diff(x) <= 0):
        raise InputError("breakdown: expected increasing strengths >= 0, one a row of answers")
    patterns, multiplicity = np.unique(np.stack(rows).astype(float), axis=1, return_counts=True)
    # Half an image that is always right and half one that never is: see `bootstrap_over_images`.
    ends = np.tile([0.0, 1.0], (len(rows), 1))
    weights = image_weights(np.append(multiplicity, (0.5, 0.5)))
    replicates = weights @ np.hstack([patterns, ends]).T  # (replicates, rows)
    plain = (patterns @ multiplicity / multiplicity.sum())[None]
    scale = np.arcsinh(x / x[x > 0][0])  # near 0 linear, then logarithmic
    fine = np.append(
        (scale[:-1, None] + np.diff(scale)[:, None] * np.arange(_STEPS) / _STEPS).ravel(), scale[-1]
    )
    tail = (1 - CONFIDENCE) / 2
    found = []
    for accuracy, fit, quantile in (
        (plain, True, 0.5),
        (replicates, True, tail),
        (replicates, False, 1 - tail),
    ):
        limit = (np.full(len(accuracy), threshold) if fixed else accuracy[:, -1]) - margin
        curves = accuracy[:, : len(x)]
        above = _interpolated(scale, _falling(curves) if fit else curves, fine) - limit[:, None]
        height = np.quantile(above, quantile, axis=0)
        # Where it is first below, by the fit, or from where on it is below.
        index = int(np.argmax(height < 0) if fit else len(fine) - np.argmax(height[::-1] >= 0))
        if np.all(height >= 0) or np.all(height < 0):
            index = len(fine) if height[0] >= 0 else 0
        found.append(float(x[x > 0][0] * np.sinh(_zero(fine, height, index))))
    value, low, high = found
    return Breakdown(value, min(low, value), max(high, value))


def difference(
    right: Right,
    reference: Right,
    between: tuple[float, float] = (0.0, math.inf),
) -> Difference:
    """Return accuracy minus a reference's on the same images.

    The p-value is McNemar's exact one where both are of one repetition, else that of a sign-flip
    test over images. With a variance between repetitions it is the larger of that one and of the
    level at which an interval with that variance ends at 0.

    Args:
        right: Whether each image is right, or by what share of repetitions, (images,).
        reference: The same of the reference.
        between: Variance of the difference between repetitions, and its degrees of freedom: what
            their images share, see `qnnq.statistics.between`.
    """
    a, b = np.asarray(right), np.asarray(reference)
    change = a.astype(float) - b
    p_value = mcnemar(a, b) if a.dtype == b.dtype == bool else sign_flip(change)
    interval = bootstrap_over_images(change, (-1.0, 1.0))
    value, (variance, freedom) = float(change.mean()), between
    if variance:
        interval = with_error(value, interval, math.sqrt(variance), freedom)
        own = float(change.var(ddof=1)) / len(change)
        p_value = max(p_value, p_with_error(value, own, variance, freedom))
    low, high = max(-1.0, interval[0]), min(1.0, interval[1])
    return Difference(value, low, high, p_value)


def behaviour(
    reference: ArrayLike, right: ArrayLike, positions: NDArray[np.intp] | None = None
) -> Behaviour:
    """Sort images by whether a reference and another network answer them right.

    Args:
        reference: Whether the reference was right about each, bool, (images,).
        right: Whether the other one was.
        positions: Which image each is of; several repetitions may be about the same one.
    """
    a, b = np.asarray(reference), np.asarray(right)
    if a.shape != b.shape:
        raise InputError(f"behaviour: expected the same images, got {a.shape} and {b.shape}")
    if a.dtype != bool or b.dtype != bool:
        raise InputError("behaviour: expected right or wrong, got shares of repetitions")
    found = np.arange(len(a)) if positions is None else positions
    return Behaviour(*(found[each] for each in (a & b, ~a & b, a & ~b, ~a & ~b)))


def _interpolated(
    scale: NDArray[np.float64], curves: NDArray[np.float64], strengths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each of `curves`, (rows, k) at `scale`, at `strengths`, (rows, m)."""
    from scipy.interpolate import PchipInterpolator

    found: NDArray[np.float64] = PchipInterpolator(scale, curves, axis=1)(strengths)
    return found


def _zero(strengths: NDArray[np.float64], height: NDArray[np.float64], end: int) -> float:
    """Return where a height that is negative from index `end` on became 0; infinity: nowhere."""
    if end == len(strengths):
        return math.inf
    if end == 0:
        return float(strengths[0])
    above, under = height[end - 1], height[end]
    share = above / (above - under)
    return float(strengths[end - 1] + share * (strengths[end] - strengths[end - 1]))


def _falling(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the isotonic regression of each row, falling: min over starts, max over ends of means.

    Source: the max-min formula, R. E. Barlow et al., Statistical Inference under Order Restrictions
    (1972).
    """
    count = curves.shape[1]
    sums = np.cumsum(np.pad(curves, ((0, 0), (1, 0))), axis=1)
    fitted = np.full_like(curves, np.inf)
    for start in range(count):
        means = (sums[:, start + 1 :] - sums[:, [start]]) / np.arange(1, count - start + 1)
        best = np.maximum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        fitted[:, start:] = np.minimum(fitted[:, start:], best)
    return fitted

"""Intervals and tests for accuracies measured with a finite number of images and shots."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qnnq.errors import InputError

_REPLICATES = 4000
_SEED = 0x5EED


@dataclass(frozen=True)
class Accuracy:
    """A measured value in [0, 1] with its two-sided confidence interval."""

    value: float
    low: float
    high: float
    confidence: float = 0.95


def widened(accuracy: Accuracy, deviation: float) -> Accuracy:
    """Return an accuracy whose interval holds an independent normal error as well.

    Args:
        accuracy: A value with its interval.
        deviation: Standard deviation of the error.
    """
    from scipy.stats import norm

    half = norm.isf((1 - accuracy.confidence) / 2) * deviation
    low = accuracy.value - math.hypot(accuracy.value - accuracy.low, half)
    high = accuracy.value + math.hypot(accuracy.high - accuracy.value, half)
    return replace(accuracy, low=max(0.0, float(low)), high=min(1.0, float(high)))


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson score interval (low, high) of a proportion; never of zero width, also at 0 and 1.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927). Raises `InputError` unless
    0 <= successes <= n and n >= 1.
    """
    from scipy.special import ndtri

    if n < 1 or not 0 <= successes <= n:
        raise InputError(f"wilson: expected 0 <= successes <= n, n >= 1; got {successes} of {n}")
    p, z = successes / n, float(ndtri((1 + confidence) / 2))
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, float(centre - half))
    high = 1.0 if successes == n else min(1.0, float(centre + half))
    return low, high


def image_weights(
    multiplicity: ArrayLike, replicates: int = _REPLICATES, seed: int = _SEED
) -> NDArray[np.float64]:
    """Bayesian-bootstrap weights, (replicates, groups), of groups of `multiplicity` images.

    A Dirichlet weight on every image (D. B. Rubin, Ann. Stat. 9, 130 (1981)); images of one group
    have the same result, so their weights are drawn as one sum.
    """
    gamma = np.random.default_rng(seed).standard_gamma(
        np.asarray(multiplicity, float), size=(replicates, np.size(multiplicity))
    )
    weights: NDArray[np.float64] = gamma / gamma.sum(axis=1, keepdims=True)
    return weights


def bootstrap_over_images(
    values: ArrayLike,
    confidence: float = 0.95,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    seed: int = _SEED,
) -> tuple[float, float]:
    """Interval (low, high) of the mean over images of `values`, (images,), by a seeded bootstrap.

    The unit that is resampled is the image, because the shots of one image are correlated. A
    plain bootstrap has zero width when all images agree, as at accuracy 0 or 1. Here half an
    image at either bound joins the sample: for values that are all 0 or 1 this is exactly the
    Jeffreys interval of a proportion, and the bar never vanishes. Raises `InputError` when there
    are no values.
    """
    sample = np.asarray(values, float)
    if sample.size == 0:
        raise InputError("bootstrap over images: no images")
    groups, multiplicity = np.unique(sample, return_counts=True)
    atoms = np.append(groups, bounds)
    means = image_weights(np.append(multiplicity, (0.5, 0.5)), seed=seed) @ atoms
    low, high = np.quantile(means, ((1 - confidence) / 2, (1 + confidence) / 2))
    mean = float(sample.mean())
    if mean <= bounds[0]:
        low = bounds[0]
    if mean >= bounds[1]:
        high = bounds[1]
    return min(float(low), mean), max(float(high), mean)


def mcnemar(right_a: ArrayLike, right_b: ArrayLike) -> float:
    """Exact two-sided McNemar p-value for two predictors on the same images.

    `right_a`, `right_b`: (images,) bool. Only images on which the two differ count; under the null
    each side is equally likely to be the right one. Raises `InputError` on unequal lengths.
    """
    from scipy.stats import binomtest

    a, b = np.asarray(right_a, bool), np.asarray(right_b, bool)
    if a.shape != b.shape:
        raise InputError(f"mcnemar: expected the same images, got {a.shape} and {b.shape}")
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    if only_a + only_b == 0:
        return 1.0
    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue)

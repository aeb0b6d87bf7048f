"""Intervals and tests for accuracies measured with a finite number of images and shots."""

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qnnq.errors import InputError

_REPLICATES = 4000
_SEED = 0x5EED
_MOST_ALIKE = 180
"""Shots that count as independent where all agree; see `effective_wilson`."""
_MOST_STEPS = 50_000_000
"""Multiplications up to which the distribution of a sign-flip test is made exactly."""
_FLIPS = 200_000
_MOST_SIZES = 1000
"""Different values of images up to which they are taken as they are."""
_MOST_DRAWN = 100
"""Sizes of differences up to which their signs are drawn; of more the saddlepoint is near."""

CONFIDENCE = 0.95
"""Of all intervals, two-sided."""

_MANY_DEGREES = 1000
"""Of freedom, from which on the series of Student's t is exact to twelve digits."""

Right = NDArray[np.bool_] | NDArray[np.float64]
"""Whether each image was answered right, or by what share of shots or repetitions; (images,)."""


@dataclass(frozen=True)
class Accuracy:
    """A measured value in [0, 1] with its two-sided confidence interval."""

    value: float
    low: float
    high: float
    confidence: float = CONFIDENCE


def widened(accuracy: Accuracy, deviation: float, freedom: float = math.inf) -> Accuracy:
    """Return an accuracy whose interval holds an independent error as well.

    Args:
        accuracy: A value with its interval.
        deviation: Standard deviation of the error.
        freedom: Degrees of freedom from which the deviation was estimated: Student's t of few makes
            the interval wider.
    """
    interval = accuracy.low, accuracy.high
    low, high = with_error(accuracy.value, interval, deviation, freedom)
    return replace(accuracy, low=max(0.0, low), high=min(1.0, high))


def with_error(
    value: float, interval: tuple[float, float], deviation: float, freedom: float
) -> tuple[float, float]:
    """Return an interval (low, high) that holds an independent error as well; see `widened`."""
    from scipy.stats import t

    half = float(t.isf((1 - CONFIDENCE) / 2, freedom)) * deviation
    return (
        value - math.hypot(value - interval[0], half),
        value + math.hypot(interval[1] - value, half),
    )


def p_with_error(value: float, own: float, variance: float, freedom: float) -> float:
    """Two-sided p-value of a value with two errors: at that level `with_error` just reaches 0.

    Args:
        value: The value.
        own: Variance of its own error.
        variance: That of the other one, above 0.
        freedom: Degrees of freedom from which the other one was estimated.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm, t

    def reach(logarithm: float) -> float:
        tail = math.exp(logarithm) / 2
        return float(norm.isf(tail) ** 2 * own + t.isf(tail, freedom) ** 2 * variance - value**2)

    least = -300.0
    return math.exp(brentq(reach, least, 0.0)) if reach(least) > 0 > reach(0.0) else 1.0


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson score interval (low, high) of a proportion; never of zero width, also at 0 and 1.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927). Numbers that are not whole are those
    of an effective sample. Raises `InputError` unless 0 <= successes <= n and n > 0.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise InputError(f"wilson: expected 0 <= successes <= n, n > 0; got {successes} of {n}")
    p, z = successes / n, NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, float(centre - half))
    high = 1.0 if successes == n else min(1.0, float(centre + half))
    return low, high


def effective_wilson(fractions: ArrayLike, trials: float) -> tuple[float, float]:
    """Interval (low, high) of the mean over images of shares of right shots, (images,).

    Shots of one image are alike, so that all together weigh as much as fewer independent ones, as
    many as have the variance that is found between images. Wilson's interval of that number, less
    what Student's t allows for its error, covers nearly perfect accuracies of few images too, where
    a bootstrap misses those above. Source: E. L. Korn and B. I. Graubard, Survey Methodology 24,
    193 (1998); `benchmarks/one_shot_coverage.py` measures its coverage.

    Where every shot is right (or wrong) nothing says how alike shots are: they then weigh as much
    as 180 or as the images, whichever is more. That is too much for images of which each is either
    always right or always wrong: ten that are right 90 times in 100 are all right by chance in a
    third of all samples.

    Args:
        fractions: Share of right shots of each image; two or more images.
        trials: Shots of all images together; infinity where the fractions have no error.
    """
    values = np.asarray(fractions, float)
    images, mean = len(values), float(values.mean())
    tail = (1 + CONFIDENCE) / 2
    spread = mean * (1 - mean)
    variance = float(values.var(ddof=1)) / images
    # Equal fractions whose mean is rounded have a variance of rounding alone.
    weight = min(trials, spread / variance) if variance > 1e-12 * spread else trials
    weight *= (NormalDist().inv_cdf(tail) / student_quantile(images - 1, tail)) ** 2
    if spread == 0 or weight == math.inf:
        weight = min(weight, max(images, _MOST_ALIKE))
    low, high = wilson(mean * weight, weight)
    return min(low, mean), max(high, mean)


def student_quantile(freedom: int, probability: float) -> float:
    """Return where the distribution function of Student's t has a value.

    For many degrees of freedom by the series of M. Abramowitz and I. A. Stegun, 26.7.5: to import
    SciPy takes longer than a run.

    Args:
        freedom: Degrees of freedom, at least 1.
        probability: The value.
    """
    if freedom < _MANY_DEGREES:
        from scipy.special import stdtrit

        return float(stdtrit(freedom, probability))
    x = NormalDist().inv_cdf(probability)
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return math.fsum(term / float(freedom) ** power for power, term in enumerate(terms))


def image_weights(multiplicity: ArrayLike) -> NDArray[np.float64]:
    """Bayesian-bootstrap weights, (replicates, groups), of groups of `multiplicity` images.

    A Dirichlet weight on every image (D. B. Rubin, Ann. Stat. 9, 130 (1981)); images of one group
    have the same result, so their weights are drawn as one sum.
    """
    return np.random.default_rng(_SEED).dirichlet(np.asarray(multiplicity, float), _REPLICATES)


def bootstrap_over_images(
    values: ArrayLike, bounds: tuple[float, float] = (0.0, 1.0)
) -> tuple[float, float]:
    """Interval (low, high) of the mean over images of `values`, (images,), by a seeded bootstrap.

    The unit that is resampled is the image, because the shots of one image are correlated. A
    plain bootstrap has zero width when all images agree, as at accuracy 0 or 1. Here half an
    image at either bound joins the sample: for values that are all 0 or 1 this is exactly the
    Jeffreys interval of a proportion, and the bar never vanishes. Of more than a thousand values
    those that are alike to three digits are drawn together, as their mean. Raises `InputError`
    when there are no values.
    """
    sample = np.asarray(values, float)
    if sample.size == 0:
        raise InputError("bootstrap over images: no images")
    groups, multiplicity = np.unique(sample, return_counts=True)
    if len(groups) > _MOST_SIZES:
        _, place, multiplicity = np.unique(sample.round(3), return_inverse=True, return_counts=True)
        groups = np.bincount(place, sample) / multiplicity
    atoms = np.append(groups, bounds)
    means = image_weights(np.append(multiplicity, (0.5, 0.5))) @ atoms
    low, high = np.quantile(means, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
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


def sign_flip(differences: ArrayLike) -> float:
    """Two-sided p-value of a mean over images of differences, (images,), under flips of their sign.

    Under the null the two sides are alike, so that each image's difference is as likely to have
    either sign. The distribution of the sum is exact where the differences are multiples of a
    common step, as those of shares of few repetitions are, and McNemar's where there is one; else
    it is that of seeded draws, whose p-value is never below 1 in 200,000. Of more than a hundred
    sizes, as probabilities have, it is taken from the saddlepoint.
    """
    sizes, counts = np.unique(np.abs(np.asarray(differences, float)).round(9), return_counts=True)
    sizes, counts = sizes[sizes > 0], counts[sizes > 0]
    if not len(sizes):
        return 1.0
    found = abs(float(np.sum(differences)))
    step = next((d for d in range(1, 1001) if np.allclose(sizes * d, np.rint(sizes * d))), None)
    if step is not None:
        whole = np.rint(sizes * step).astype(np.int64)
        if int((whole * counts).sum()) * int((whole * counts).max()) <= _MOST_STEPS:
            return _exact_flips(whole, counts, round(found * step))
    if len(sizes) > _MOST_DRAWN:
        return _saddlepoint_flips(sizes, counts, found)
    drawn = np.random.default_rng(_SEED).binomial(counts, 0.5, (_FLIPS, len(counts)))
    sums = np.abs((2 * drawn - counts) @ sizes)
    return float((1 + np.sum(sums >= found - 1e-9)) / (1 + _FLIPS))


def _exact_flips(sizes: NDArray[np.int64], counts: NDArray[np.int64], found: int) -> float:
    """Return P(|sum| >= found) of `counts` signs of each of `sizes`, whole numbers."""
    from scipy.stats import binom

    chances = np.ones(1)  # of minus the largest sum, and of every second number above it
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        spaced = np.zeros(size * count + 1)
        spaced[::size] = binom.pmf(np.arange(count + 1), count, 0.5)
        chances = np.convolve(chances, spaced)
    sums = np.abs(2 * np.arange(len(chances)) - (len(chances) - 1))
    return min(1.0, float(chances[sums >= found].sum()))


def _saddlepoint_flips(sizes: NDArray[np.float64], counts: NDArray[np.intp], found: float) -> float:
    """Return P(|sum| >= found) of `counts` signs of each of `sizes`, many of them.

    Source: O. E. Barndorff-Nielsen's form of the saddlepoint approximation of a tail, Biometrika
    73, 307 (1986), with the cumulants sum of log cosh(t size).
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    variance = float(counts @ sizes**2)
    if found < 1e-3 * math.sqrt(variance):  # where the approximation is 0 / 0
        return float(2 * norm.sf(found / math.sqrt(variance)))
    largest = float(counts @ sizes)
    if found >= largest * (1 - 1e-9):
        return float(2.0 ** (1 - counts.sum()))

    def slope(t: float) -> float:
        return float(counts @ (sizes * np.tanh(t * sizes))) - found

    end = found / variance
    while slope(end) < 0:
        end *= 2
    t = brentq(slope, 0, end)
    x = t * sizes
    cumulant = float(counts @ (np.logaddexp(x, -x) - math.log(2)))
    curvature = float(counts @ (sizes / np.cosh(np.minimum(x, 300.0))) ** 2)
    w, u = math.sqrt(2 * (t * found - cumulant)), t * math.sqrt(curvature)
    return min(1.0, float(2 * norm.sf(w + math.log(u / w) / w)))


def between(answers: NDArray[np.floating]) -> tuple[float, float]:
    """Return what repetitions add to the variance of the mean, and its degrees of freedom.

    What a repetition draws for all of its images moves all of their answers together, which a
    bootstrap over images does not see. Analysis of variance by repetition and image, less what the
    images' own chance makes repetitions differ by.

    Args:
        answers: Of each repetition about each image, shape (repetitions, images), two or more of
            both; else it is (0, infinity).
    """
    repetitions, images = answers.shape
    if min(repetitions, images) < 2:
        return 0.0, math.inf
    means = answers.mean(axis=1)
    rest = answers - means[:, None] - answers.mean(axis=0) + means.mean()
    own = float((rest**2).sum()) / ((repetitions - 1) * (images - 1)) / images
    found = max(0.0, float(means.var(ddof=1)) - own)
    return found / repetitions, repetitions - 1.0

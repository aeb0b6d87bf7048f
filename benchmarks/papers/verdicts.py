"""Means over seeds and images with intervals, and what becomes of a claim by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student


class Answers(Protocol):
    """What a network answered: `right` is whether its vote was, shape (images,)."""

    @property
    def right(self) -> NDArray[np.bool_]: ...


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper and what becomes of it: holds, does not hold, cannot be told.

    Attributes:
        claim: The sentence.
        verdict: What becomes of it.
        evidence: The numbers behind.
        seeds: Networks of each kind that it is judged by; None: one for each seed of the study.
        images: How many it is judged on.
    """

    claim: str
    verdict: str
    evidence: str
    seeds: int | None = None
    images: int = 10_000


@dataclass(frozen=True)
class Interval:
    """A mean over seeds and its 95 % interval."""

    value: float
    low: float
    high: float

    def per_cent(self, digits: int = 2) -> str:
        """Return it in per cent."""
        value, low, high = (100 * number for number in (self.value, self.low, self.high))
        return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"

    def columns(self, name: str) -> dict[str, float]:
        """Return three columns of a table."""
        return {
            name: round(self.value, 6), f"{name}_low": round(self.low, 6),
            f"{name}_high": round(self.high, 6),
        }  # fmt: skip


def bars(line: Sequence[Interval]) -> list[list[float]]:
    """Return the lengths of error bars: below, above."""
    return [[each.value - each.low for each in line], [each.high - each.value for each in line]]


def mean_error(found: Sequence[Answers]) -> Interval:
    """Return the mean error of the majority over seeds."""
    return _interval(np.array([~each.right for each in found], dtype=np.float64))


def gain(found: Sequence[Answers], reference: Sequence[Answers]) -> Interval:
    """Return by how much the error is below the reference's, paired by image and by seed."""
    pairs = zip(found, reference, strict=True)
    return _interval(np.array([a.right.astype(np.float64) - b.right for a, b in pairs]))


def _interval(values: NDArray[np.float64]) -> Interval:
    """Return the mean of values (seeds, images) with an interval for new seeds and new images.

    The variances of the mean over seeds and over images are added, which counts what both share
    twice. With one seed the interval is for new images alone.
    """
    means = [values.mean(axis=0)] + ([values.mean(axis=1)] if len(values) > 1 else [])
    return combined(
        float(values.mean()),
        [each.var(ddof=1) / each.size for each in means],
        [each.size - 1 for each in means],
    )


def combined(mean: float, variances: Sequence[float], freedom: Sequence[float]) -> Interval:
    """Return the 95 % interval of a mean whose error has parts, each of a variance.

    Student's t has the degrees of freedom of the sum (Satterthwaite, Biometrics Bulletin 2, 110,
    1946).
    """
    parts, total = np.array(variances), float(np.sum(variances))
    quantile = student.ppf(0.975, total**2 / (parts**2 / freedom).sum()) if total else 0.0
    half = float(quantile * np.sqrt(total))
    return Interval(mean, mean - half, mean + half)


def above(found: Interval, limit: float) -> str:
    """Return what becomes of a claim that a mean is above a limit."""
    if found.low > limit:
        return "holds"
    return "does not hold" if found.high < limit else "cannot be told"


def below(found: Interval, limit: float) -> str:
    """Return what becomes of a claim that a mean is below a limit."""
    opposite = {"holds": "does not hold", "does not hold": "holds"}
    return opposite.get(above(found, limit), "cannot be told")


def better(claim: str, difference: Interval) -> Claim:
    """Judge a claim that a difference is above 0 by its interval."""
    return Claim(claim, above(difference, 0), f"{difference.per_cent()} points")

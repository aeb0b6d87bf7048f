"""Means over seeds and images with intervals, and what becomes of a claim by them."""

import math
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
class Interval:
    """A mean and its 95 % interval.

    Attributes:
        value: The mean.
        low: Where the interval begins.
        high: Where it ends.
        error: The mean's standard error; None where no more than the interval is known.
        freedom: Degrees of freedom of Student's t.
    """

    value: float
    low: float
    high: float
    error: float | None = None
    freedom: float = math.inf

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

    def p_value(self, limit: float = 0.0) -> float:
        """Return how likely a mean so far from `limit` is if the true one is there, both ways."""
        distance = abs(self.value - limit)
        if self.error is None:  # at most: heavier tails belong to fewer degrees of freedom
            half = (self.high - self.low) / 2
            error = half / student.ppf(0.975, self.freedom)
        else:
            error = self.error
        if error == 0:
            return float(distance == 0)
        return float(2 * student.sf(distance / error, self.freedom))


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper, and the difference that decides it.

    Attributes:
        claim: The sentence, which holds where the difference is above the limit.
        difference: As far as it is known; None where a p-value comes from elsewhere.
        evidence: The numbers behind.
        limit: What the difference is compared with.
        seeds: Networks of each kind that it is judged by; None: one for each seed of the study.
        images: How many it is judged on.
        p: Of a test without a difference.
        holds: What such a test says where it is significant.
    """

    claim: str
    difference: Interval | None
    evidence: str
    limit: float = 0.0
    seeds: int | None = None
    images: int = 10_000
    p: float = 1.0
    holds: bool = True

    @property
    def p_value(self) -> float:
        """Return the p-value before any correction."""
        return self.difference.p_value(self.limit) if self.difference else self.p

    @property
    def direction(self) -> bool:
        """Return whether the numbers are in favour."""
        return self.difference.value > self.limit if self.difference else self.holds


def judged(claims: Sequence[Claim]) -> list[tuple[str, float]]:
    """Return the verdict and the corrected p-value of each claim of one table.

    They hold or do not hold where that is significant at 5 % after the correction of Holm over all
    claims of the table.
    """
    corrected = holm_corrected([claim.p_value for claim in claims])
    return [
        (verdict(claim.direction, p), float(p)) for claim, p in zip(claims, corrected, strict=True)
    ]


def verdict(direction: bool, p: float) -> str:
    """Return what becomes of a claim by its direction and its corrected p-value."""
    if p >= 0.05:
        return "cannot be told"
    return "holds" if direction else "does not hold"


def holm_corrected(values: Sequence[float]) -> NDArray[np.float64]:
    """Return p-values for all tests together (Holm, Scand. J. Statist. 6, 65, 1979)."""
    order = np.argsort(values)
    steps = np.maximum.accumulate(np.sort(values) * np.arange(len(values), 0, -1))
    found = np.empty(len(values))
    found[order] = np.minimum(steps, 1)
    return found


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
    if not total:
        return Interval(mean, mean, mean, 0.0)
    free = float(total**2 / (parts**2 / freedom).sum())
    error = float(np.sqrt(total))
    half = float(student.ppf(0.975, free)) * error
    return Interval(mean, mean - half, mean + half, error, free)


def better(claim: str, difference: Interval) -> Claim:
    """Return a claim that a difference of shares is above 0."""
    return Claim(claim, difference, f"{difference.per_cent()} points")


def above(claim: str, found: Interval, limit: float) -> Claim:
    """Return a claim that a share is above a limit."""
    return Claim(claim, found, f"{found.per_cent()} %", limit)


def below(claim: str, found: Interval, limit: float) -> Claim:
    """Return a claim that a share is below a limit."""
    opposite = Interval(-found.value, -found.high, -found.low, found.error, found.freedom)
    return Claim(claim, opposite, f"{found.per_cent()} %", -limit)

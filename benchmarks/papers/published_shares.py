"""The published numbers of right answers, and what ours make of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from qnnq.statistics import wilson

PUBLISHED = json.loads(Path(__file__).with_name("published.json").read_text("utf-8"))
CLOSE = 0.1
"""Ours and theirs agree where the difference's 95 % interval is within so much."""


@dataclass(frozen=True)
class Share:
    """A published number of right answers out of `n`."""

    right: int
    n: int

    @property
    def value(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval."""
        return wilson(self.right, self.n)


@dataclass(frozen=True)
class Comparison:
    """A published share beside ours.

    Attributes:
        experiment: What was measured.
        setting: The stretch, or how many pairs were inserted.
        weights: Whose, and trained on how many images.
        published: The share.
        ours: Of each of our networks, in [0, 1].
        chance: The variance of the published share around its network's own: that of its shots.
    """

    experiment: str
    setting: str
    weights: str
    published: Share
    ours: Sequence[float]
    chance: float

    @property
    def spread(self) -> tuple[float, float]:
        """Return the standard error of the difference, and Student's degrees of freedom.

        Theirs is one further network: the variance between ours counts once for it.
        """
        count = len(self.ours)
        if count == 1:
            return float(np.sqrt(self.chance)), float("inf")
        between = float(np.var(self.ours, ddof=1)) * (1 + 1 / count)
        total = between + self.chance
        if not total:
            return 0.0, float("inf")
        freedom = (count - 1) * (total / between) ** 2 if between else float("inf")
        return float(np.sqrt(total)), freedom

    @property
    def mean(self) -> float:
        return float(np.mean(self.ours))

    @property
    def half(self) -> float:
        """Return half of the difference's 95 % interval."""
        error, freedom = self.spread
        return float(student.ppf(0.975, freedom) * error)

    @property
    def p_value(self) -> float:
        """Return how likely so large a difference is if theirs is a network like ours."""
        error, freedom = self.spread
        distance = abs(self.mean - self.published.value)
        if error == 0:
            return float(distance < 1e-12)
        return float(2 * student.sf(distance / error, freedom))

    def verdict(self, corrected: float) -> str:
        """Return what becomes of it, by its p-value after the correction over a table."""
        if corrected < 0.05:
            return "disagrees"
        farthest = abs(self.mean - self.published.value) + self.half
        return "agrees" if farthest <= CLOSE else "cannot be told"


def shares(values: Iterable[float], n: int) -> list[Share]:
    """Return accuracies as whole numbers of right answers; read-off values are rounded."""
    return [Share(round(value * n), n) for value in values]

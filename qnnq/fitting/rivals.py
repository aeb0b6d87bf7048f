"""Mechanisms that a fit left out: what the counts say about each, and what would tell them apart.

A rival is a mechanism of which a size that the counts do not exclude moves a fitted parameter out
of its interval, or would cost `RIVAL` of the accuracy that the fitted noise costs: it could be
there in place of what was fitted. All sizes are from one step of scoring at the fitted noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.fitting.goodness import Score
from qnnq.fitting.maximum_likelihood import Fit
from qnnq.fitting.mechanisms import Direction

RIVAL = 0.5
"""Share of the lost accuracy."""

LIMIT = 1.644854
"""The 95 % quantile of the normal distribution: a one-sided limit of a size."""


@dataclass(frozen=True)
class Rival:
    """A mechanism that was not fitted.

    Attributes:
        mechanism: It, its size free.
        p_value: Of the score test: that none of it is there, beside the fitted noise.
        found: At the size that fits best beside the fitted noise; None: none of it fits best.
        limit: At the largest size that is not excluded (one-sided, 95 %), or the largest there is.
        share: Of the accuracy that the fitted noise costs, what that size would cost; None: the
            fitted noise costs none.
        instead: The fitted noise with the mechanism of that size, which the counts do not exclude.
        is_rival: Whether the fitted noise cannot be told from that.
        told_by: The setting that would tell them apart, with its shots; None: it is not known.
    """

    mechanism: str
    p_value: float
    found: str | None
    limit: str
    share: float | None
    instead: str
    is_rival: bool
    told_by: str | None = None


def rivals(found: Fit, scores: Sequence[Score]) -> list[tuple[Rival, Score]]:
    """Return what the counts say of every mechanism that was not fitted, the likeliest first.

    Args:
        found: The fit.
        scores: Of the mechanisms; of the two signs of one, the likelier is taken.
    """
    if not scores:
        return []
    best: dict[str, Score] = {}
    signs: dict[str, int] = {}
    for score in scores:
        name = score.direction.mechanism.text
        signs[name] = signs.get(name, 0) + 1
        if name not in best or score.deviations > best[name].deviations:
            best[name] = score
    lost = lost_accuracy(found)
    rows = [(_rival(found, each, signs[name], lost), each) for name, each in best.items()]
    return sorted(rows, key=lambda row: (not row[0].is_rival, row[0].p_value))


def _rival(found: Fit, score: Score, signs: int, lost: float) -> Rival:
    direction = score.direction
    parameter = direction.mechanism.parameters[0]
    largest = (parameter.high / abs(direction.size)) ** direction.power
    reach = min(max(score.share, 0.0) + LIMIT * score.error, largest)
    cost = abs(cost_of(found, direction)) * reach
    share = None if lost <= 0 else cost / lost
    low, high = found.likelihood.bounds.T
    values = np.clip(found.values + reach * score.moves, low, high)
    outside = any(
        not interval.low <= value <= interval.high
        for interval, value in zip(found.intervals, values, strict=True)
    )
    noise = found.likelihood.specification.at([float(f"{value:.2g}") for value in values])
    return Rival(
        mechanism=direction.mechanism.text,
        p_value=min(1.0, signs * score.p_value),
        found=direction.text(min(score.share, largest)) if score.share > 0 else None,
        limit=direction.text(reach),
        share=share,
        instead=f"{noise} + {direction.text(reach)}",
        is_rival=outside or share is None or share >= RIVAL,
    )


def lost_accuracy(found: Fit) -> float:
    """Return what the fitted noise costs of the accuracy of one shot, over all settings."""
    noisy = found.likelihood.at(found.values)
    return _accuracy(found, found.likelihood.without_noise()) - _accuracy(found, noisy)


def cost_of(found: Fit, direction: Direction) -> float:
    """Return what a direction adds to the accuracy of one shot, over all settings."""
    return _accuracy(found, direction.changes)


def _accuracy(found: Fit, values: Sequence[FloatArray]) -> float:
    right, shots = 0.0, 0
    for observation, each in zip(found.likelihood.observations, values, strict=True):
        labels = observation.labels
        right += float(observation.shots @ each[np.arange(len(labels)), labels])
        shots += int(observation.shots.sum())
    return right / shots

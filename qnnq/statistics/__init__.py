"""Honest error bars: intervals, tests, votes, and what a sweep says about robustness."""

from qnnq.statistics.intervals import (
    Accuracy,
    Right,
    between,
    bootstrap_over_images,
    effective_wilson,
    mcnemar,
    sign_flip,
    widened,
    wilson,
)
from qnnq.statistics.robustness import (
    Behaviour,
    Breakdown,
    Difference,
    behaviour,
    breakdown,
    difference,
)
from qnnq.statistics.votes import (
    accuracies,
    confusion,
    majority_votes,
    mean_chance,
    share_right,
    single_shot,
    single_shot_fractions,
    soft_votes,
)

__all__ = [
    "Accuracy",
    "Behaviour",
    "Breakdown",
    "Difference",
    "Right",
    "accuracies",
    "behaviour",
    "between",
    "bootstrap_over_images",
    "breakdown",
    "confusion",
    "difference",
    "effective_wilson",
    "majority_votes",
    "mcnemar",
    "mean_chance",
    "share_right",
    "sign_flip",
    "single_shot",
    "single_shot_fractions",
    "soft_votes",
    "widened",
    "wilson",
]

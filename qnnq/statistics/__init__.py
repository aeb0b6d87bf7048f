"""Honest error bars: intervals, tests, votes, and what a sweep says about robustness."""

from qnnq.statistics.intervals import Accuracy, bootstrap_over_images, mcnemar, wilson
from qnnq.statistics.votes import (
    accuracies,
    majority_votes,
    share_right,
    single_shot,
    single_shot_fractions,
)

__all__ = [
    "Accuracy",
    "accuracies",
    "bootstrap_over_images",
    "majority_votes",
    "mcnemar",
    "share_right",
    "single_shot",
    "single_shot_fractions",
    "wilson",
]

"""Predictions and accuracies from additive counts."""

import math

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.statistics.intervals import (
    Accuracy,
    Right,
    bootstrap_over_images,
    effective_wilson,
    wilson,
)


def majority_votes(counts: NDArray[np.integer]) -> NDArray[np.intp]:
    """Most voted class of each image, (images,), from (images, classes); ties: the lowest."""
    votes: NDArray[np.intp] = np.argmax(counts, axis=1)
    return votes


ROUNDING = 1e-9
"""Softmax sums that differ by less are equal: processors round exponentials differently."""


def soft_votes(softmax_sums: NDArray[np.floating]) -> NDArray[np.intp]:
    """Class of the largest sum of each image, from (images, classes); ties: the lowest."""
    largest = softmax_sums.max(axis=1, keepdims=True)
    votes: NDArray[np.intp] = np.argmax(softmax_sums >= largest - ROUNDING, axis=1)
    return votes


def confusion(
    labels: NDArray[np.integer], votes: NDArray[np.integer], classes: int
) -> NDArray[np.intp]:
    """Votes about images of each true class for each class: (true classes, chosen classes).

    Args:
        labels: True classes, shape (images,).
        votes: The class that each repetition chose, shape (repetitions, images), negative where a
            repetition lacks an image.
        classes: How many there are.
    """
    table = np.zeros((classes, classes), np.intp)
    truth = np.broadcast_to(labels, votes.shape)
    np.add.at(table, (truth[votes >= 0], votes[votes >= 0]), 1)
    return table


def single_shot_fractions(
    counts: NDArray[np.integer], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Fraction of each image's shots, (images,), that named the right class."""
    rates: NDArray[np.float64] = counts[np.arange(len(labels)), labels] / counts.sum(axis=1)
    return rates


def single_shot(counts: NDArray[np.integer], labels: NDArray[np.integer]) -> Accuracy:
    """Average over shots of "this shot was right", with the interval of `effective_wilson`.

    The shots of a lone image are independent, so there the interval is Wilson's over its shots.
    """
    fractions = single_shot_fractions(counts, labels)
    if len(labels) == 1:
        interval = wilson(int(counts[0, labels[0]]), int(counts[0].sum()))
    else:
        interval = effective_wilson(fractions, int(counts.sum()))
    return Accuracy(float(fractions.mean()), *interval)


def mean_chance(chances: NDArray[np.float64]) -> Accuracy:
    """Mean over images of the probability that a shot is right, (images,), known without error.

    What is left is which images were taken: the interval is that of `effective_wilson` for any
    number of shots, and of a lone image Wilson's of one.
    """
    value = float(chances.mean())
    interval = wilson(value, 1) if len(chances) == 1 else effective_wilson(chances, math.inf)
    return Accuracy(value, *interval)


def share_right(right: Right, repetitions: int = 1) -> Accuracy:
    """Share of the images that were answered right, with its interval.

    Args:
        right: Whether each image was answered right: the interval is Wilson's; or by what share of
            its repetitions: a bootstrap over images, which holds the chance of shots as well.
            Shape (images,).
        repetitions: How many there were, for a lone image, whose repetitions are independent.
    """
    value = float(right.mean())
    if right.dtype == bool or len(right) == 1:
        count = len(right) if right.dtype == bool else repetitions
        return Accuracy(value, *wilson(round(value * count), count))
    return Accuracy(value, *bootstrap_over_images(right))


def accuracies(
    counts: NDArray[np.integer],
    softmax_sums: NDArray[np.floating],
    labels: NDArray[np.integer],
    shots: int,
) -> dict[str, Accuracy]:
    """`single_shot`, `majority` and `soft_vote` accuracies.

    Args:
        counts: Votes of each image's shots, shape (images, classes).
        softmax_sums: Softmax outputs summed over shots, the same shape.
        labels: Shape (images,).
        shots: Shots an image.

    Raises:
        InputError: When shapes disagree or an image's votes do not add up to `shots`.
    """
    images = len(labels)
    if images == 0:
        raise InputError("accuracy: no images")
    for name, array in (("counts", counts), ("softmax_sums", softmax_sums)):
        if array.ndim != 2 or len(array) != images:
            raise InputError(f"{name}: expected ({images}, classes), got {array.shape}")
    if np.any(counts.sum(axis=1) != shots):
        raise InputError(f"counts: expected {shots} votes for every image")
    return {
        "single_shot": single_shot(counts, labels),
        "majority": share_right(majority_votes(counts) == labels),
        "soft_vote": share_right(soft_votes(softmax_sums) == labels),
    }

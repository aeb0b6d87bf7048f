"""Predictions and accuracies from additive counts."""

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.statistics.intervals import Accuracy, bootstrap_over_images, wilson


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


def confusion(labels: NDArray[np.integer], counts: NDArray[np.integer]) -> NDArray[np.intp]:
    """Images of each true class whose majority chose each class: (true classes, chosen classes).

    Args:
        labels: True classes, shape (images,).
        counts: Votes of each image's shots, shape (images, classes).
    """
    table = np.zeros((counts.shape[1], counts.shape[1]), np.intp)
    np.add.at(table, (labels, majority_votes(counts)), 1)
    return table


def single_shot_fractions(
    counts: NDArray[np.integer], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Fraction of each image's shots, (images,), that named the right class."""
    rates: NDArray[np.float64] = counts[np.arange(len(labels)), labels] / counts.sum(axis=1)
    return rates


def single_shot(
    counts: NDArray[np.integer], labels: NDArray[np.integer], confidence: float = 0.95
) -> Accuracy:
    """Average over shots of "this shot was right", with a bootstrap over images.

    The shots of a lone image are independent, so there the interval is Wilson's over its shots.
    """
    fractions = single_shot_fractions(counts, labels)
    if len(labels) == 1:
        interval = wilson(int(counts[0, labels[0]]), int(counts[0].sum()), confidence)
    else:
        interval = bootstrap_over_images(fractions, confidence)
    return Accuracy(float(fractions.mean()), *interval, confidence)


def share_right(right: NDArray[np.bool_], confidence: float = 0.95) -> Accuracy:
    """Share of the images that were answered right, with its Wilson interval."""
    return Accuracy(
        float(right.mean()), *wilson(int(right.sum()), len(right), confidence), confidence
    )


def accuracies(
    counts: NDArray[np.integer],
    softmax_sums: NDArray[np.floating],
    labels: NDArray[np.integer],
    shots: int,
    confidence: float = 0.95,
) -> dict[str, Accuracy]:
    """`single_shot`, `majority` and `soft_vote` accuracies.

    Args:
        counts: Votes of each image's shots, shape (images, classes).
        softmax_sums: Softmax outputs summed over shots, the same shape.
        labels: Shape (images,).
        shots: Shots an image.
        confidence: Of the intervals.

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
        "single_shot": single_shot(counts, labels, confidence),
        "majority": share_right(majority_votes(counts) == labels, confidence),
        "soft_vote": share_right(soft_votes(softmax_sums) == labels, confidence),
    }

"""What accuracy to expect of a placement, before it is paid for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.execution.modes.base import Mode
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.network import Network

PREDICTED_IMAGES, PREDICTED_SHOTS = 1000, 100
"""100,000 shots: their standard error is 0.16 points at most, less between numbers of copies."""
ACCEPTED_LOSS = 0.005
"""Accuracy of a shot that the default number of copies may lose against a single copy."""


@dataclass(frozen=True)
class Choice:
    """One number of images side by side, and what it means.

    Attributes:
        copies: Images side by side on the chip, in the layer that takes the most.
        accuracy: Predicted accuracy of a shot, None where the calibration data do not suffice.
        quantum_seconds: What the run would cost.
        chosen: Whether it is the one that is used.
    """

    copies: int
    accuracy: float | None
    quantum_seconds: float
    chosen: bool


def sampled_accuracy(network: Network, mode: Mode, dataset: Dataset) -> float:
    """Return the share of shots that were right for the first `PREDICTED_IMAGES` of a data set.

    Random numbers are the same whatever the placement, so that a choice does not depend on the few
    images of a small run.

    Args:
        network: The network.
        mode: How it is deployed, and where it is measured.
        dataset: The images.
    """
    count = min(len(dataset.labels), PREDICTED_IMAGES)
    images: NDArray[Any] = np.asarray(dataset.images[:count])
    labels = dataset.labels[:count]
    votes = run_shots(network, images, np.arange(count), mode, PREDICTED_SHOTS, seed=0)
    return float(votes.counts[np.arange(count), labels].sum()) / (count * PREDICTED_SHOTS)


def numbers_of_copies(most: int) -> list[int]:
    """Return the numbers that are tried, ascending: powers of two, and as many as fit."""
    return sorted({1 << power for power in range(most.bit_length())} | {most})


def best_choice(accuracies: Sequence[float | None]) -> int:
    """Return the index of the most copies that lose at most `ACCEPTED_LOSS` against one copy.

    Where no accuracy is known, that is the last one.
    """
    first = accuracies[0]
    return max(
        number
        for number, accuracy in enumerate(accuracies)
        if number == 0 or first is None or (accuracy or 0.0) >= first - ACCEPTED_LOSS
    )

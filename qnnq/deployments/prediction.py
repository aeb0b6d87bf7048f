"""What accuracy to expect of a deployment, before it is paid for."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.execution.modes.base import Mode
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.network import Network

PREDICTED_IMAGES, PREDICTED_SHOTS = 1000, 100
"""100,000 shots: their standard error is 0.16 points at most, less between numbers of copies."""


class Predictable(Protocol):
    """What an accuracy is sampled of."""

    @property
    def network(self) -> Network:
        """The network."""
        ...

    def mode(self, engine: str, shots: int, seed: int) -> Mode:
        """Return what the shot loop goes through the layers with."""
        ...


def sampled_accuracy(deployment: Predictable, engine: str, dataset: Dataset) -> float:
    """Return the share of shots that were right for the first `PREDICTED_IMAGES` of a data set.

    The random numbers are the same whatever the placement, so that a choice between placements
    does not depend on the few images of a small run.

    Args:
        deployment: The network, and where it is measured.
        engine: What measures.
        dataset: The images.
    """
    count = min(len(dataset.labels), PREDICTED_IMAGES)
    images: NDArray[Any] = np.asarray(dataset.images[:count])
    labels = dataset.labels[:count]
    mode = deployment.mode(engine, PREDICTED_SHOTS, 0)
    votes = run_shots(deployment.network, images, np.arange(count), mode, PREDICTED_SHOTS, seed=0)
    return float(votes.counts[np.arange(count), labels].sum()) / (count * PREDICTED_SHOTS)

"""The reference that costs nothing: what a network says where phi(z) stands for its outcomes."""

import time

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.data.dataset import Dataset
from qnnq.data.selection import image_ranges, rows_of
from qnnq.execution.unsampled import unsampled_logits
from qnnq.networks.network import Network
from qnnq.results.result import RunResult, package_versions
from qnnq.results.task import UNSAMPLED, Task


def unsampled(network: Network, dataset: Dataset, images: NDArray[np.int64]) -> RunResult:
    """Return the one answer that a network has for every image when nothing is sampled.

    Args:
        network: The network.
        dataset: As the network takes it.
        images: Indices in it, shape (images,).
    """
    started = time.perf_counter()
    logits = unsampled_logits(network, rows_of(dataset.images, images))
    task = unsampled_task(network, dataset, images)
    return answers(task, images, dataset.labels[images], logits, time.perf_counter() - started)


def unsampled_task(network: Network, dataset: Dataset, images: NDArray[np.int64]) -> Task:
    """Return what identifies that result."""
    return Task(
        network.digest,
        UNSAMPLED,
        shots=1,
        seed=0,
        data=dataset.digest,
        images=image_ranges(images),
    )


def answers(
    task: Task,
    images: NDArray[np.int64],
    labels: NDArray[np.int64],
    logits: FloatArray,
    seconds: float,
) -> RunResult:
    """Return the result of a network that is asked once: a vote for its largest logit.

    Args:
        task: What identifies it.
        images: Indices in the data, shape (images,).
        labels: Their classes, shape (images,).
        logits: Shape (images, classes).
        seconds: What it took.
    """
    counts = np.eye(logits.shape[1], dtype=np.int64)[logits.argmax(axis=1)]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return RunResult(
        task.id,
        task,
        images,
        labels.astype(np.int64),
        counts,
        powers / powers.sum(axis=1, keepdims=True),
        seconds,
        package_versions(),
        None,
    )

"""What engine `exact` does in place of the shot loop."""

import os
import time
from collections.abc import Callable

import numpy as np

from qnnq.arrays import IntArray
from qnnq.data.dataset import Dataset
from qnnq.data.selection import rows_of
from qnnq.deployments.base import Deployment
from qnnq.execution.class_probabilities import class_probabilities
from qnnq.networks.network import Network
from qnnq.results.exact_result import ExactResult
from qnnq.results.result import package_versions
from qnnq.results.task import Task


def execute_exact(
    network: Network,
    dataset: Dataset,
    images: IntArray,
    deployment: Deployment,
    task: Task,
    majority_of: int,
    progress: Callable[[int], None] | None = None,
    threads: int | None = None,
) -> ExactResult:
    """Return the class probabilities of every image.

    Args:
        network: The network.
        dataset: What the images are of.
        images: Their indices in it, shape (images,).
        deployment: Of the network.
        task: What identifies the result.
        majority_of: Shots whose majority is asked for.
        progress: Called with the number of images that were finished since the last call.
        threads: Threads to work with; None: one a core.
    """
    started = time.perf_counter()
    probabilities = class_probabilities(
        network,
        rows_of(dataset.images, images),
        images,
        deployment.exact_responses(),
        progress,
        threads or os.cpu_count() or 1,
    )
    return ExactResult.of(
        task.id,
        task,
        images,
        dataset.labels[images].astype(np.int64),
        probabilities,
        seconds=time.perf_counter() - started,
        versions=package_versions(),
        calibration=deployment.calibration,
        majority_of=majority_of,
    )

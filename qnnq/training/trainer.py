"""Train a network: from scratch, or on from a checkpoint."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qnnq.data.dataset import Dataset
from qnnq.data.forms import dataset_of_arrays
from qnnq.data.load import load_data
from qnnq.data.npz import Part
from qnnq.errors import InputError
from qnnq.execution.inputs import for_training
from qnnq.networks.network import Network
from qnnq.training.checkpoint import resume_from, write_checkpoint
from qnnq.training.settings import Epoch, TrainingSettings
from qnnq.training.training_run import TrainingRun

_WIDTH_OF_THREADS = 128
"""Narrower networks train on one thread: their matrix products are too small to share."""


@dataclass(frozen=True)
class TrainingResult:
    """A trained network and its history.

    Attributes:
        network: That of the last finished epoch, or of the one with the lowest validation loss.
        history: Every finished epoch.
        interrupted: Whether Ctrl-C ended it before its last epoch.
    """

    network: Network
    history: tuple[Epoch, ...]
    interrupted: bool


def train(
    settings: TrainingSettings,
    data: Any,
    test: Any,
    progress: Callable[[Epoch], None] | None = None,
    device: str | None = None,
    checkpoint: str | Path | None = None,
    clip: bool = False,
) -> TrainingResult:
    """Train a network; the same seed on the same machine gives the same weights.

    Ctrl-C ends it with the network of the last finished epoch.

    Args:
        settings: The network and the recipe.
        data: The training images: a Dataset, a name or a file, or arrays (images, labels).
        test: Likewise, the images that errors are measured on, and nothing else.
        progress: Told every finished epoch, those of the checkpoint first.
        device: torch's name; the default is a GPU if there is one.
        checkpoint: A file that is written after every epoch, and gone on from where it exists: the
            weights are bit for bit those of a training that was not interrupted.
        clip: Of features: whether those outside of the training's range, and half of it on both
            sides, are taken for its end, or refused. The network stores the ranges.

    Raises:
        InputError: If the two data sets do not fit, or the checkpoint is of another training.
        QnnqError: If the checkpoint cannot be written; the one before it is kept.
        MemoryError: If the network, or what is trained at once, is too large.
    """
    taken = for_training(_dataset(data, "train"), _dataset(test, "test"), clip)
    _check_fit(taken.data, taken.test)
    try:
        with _threads(settings):
            result = _train(settings, taken.data, taken.test, progress, device, checkpoint)
    except RuntimeError as error:  # torch has no class of its own for this on the CPU
        if not any(word in str(error) for word in ("memory", "overflow")):
            raise
        raise MemoryError(
            f"hidden widths {settings.hidden} with {settings.train_shots} shots of "
            f"{settings.batch_size} images at once are too many"
        ) from error
    return replace(result, network=taken.deployed(result.network))


def _train(
    settings: TrainingSettings,
    data: Dataset,
    test: Dataset,
    progress: Callable[[Epoch], None] | None,
    device: str | None,
    checkpoint: str | Path | None,
) -> TrainingResult:
    run = TrainingRun(settings, data, test, device or _best_device())
    interrupted = False
    try:
        if checkpoint is not None:
            resume_from(run, checkpoint)
        if progress is not None:
            for epoch in run.finished.history:
                progress(epoch)
        while not run.done:
            epoch = run.epoch()
            if checkpoint is not None:
                write_checkpoint(run, checkpoint)
            if progress is not None:
                progress(epoch)
    except KeyboardInterrupt:
        if not run.finished.history:
            raise
        interrupted = not run.done
    kept = run.keep()
    network = run.model.to_network(run.information(kept))
    return TrainingResult(network, run.finished.history, interrupted)


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


@contextmanager
def _threads(settings: TrainingSettings) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        if max(settings.hidden) < _WIDTH_OF_THREADS:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)


def _dataset(found: Any, part: Part) -> Dataset:
    if isinstance(found, Dataset):
        return found
    if isinstance(found, str | Path):
        return load_data(found, prefer=part)
    return dataset_of_arrays(found, "pixels")


def _check_fit(data: Dataset, test: Dataset) -> None:
    pixels, classes = data.images.shape[1], int(data.labels.max()) + 1
    if test.images.shape[1] != pixels:
        raise InputError(
            f"{test.name}: expected images of {pixels} pixels as in {data.name}, "
            f"got {test.images.shape[1]}; --test-data FILE takes your own"
        )
    if test.labels.max() >= classes:
        index = int(np.argmax(test.labels >= classes))
        raise InputError(
            f"{test.name}: expected labels 0 to {classes - 1} as in {data.name}, "
            f"got {test.labels[index]} for image {index}"
        )

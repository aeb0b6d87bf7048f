"""The training loop: SGD with momentum on the sampled network, as published."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from qnnq.data.dataset import Dataset
from qnnq.errors import InputError
from qnnq.networks.network import Network
from qnnq.training.module import QuantizedNetwork
from qnnq.training.settings import MAJORITY_SHOTS, MOMENTUM, Epoch, TrainingSettings

_OUTCOMES_AT_ONCE = 1 << 22
"""Bounds the memory of an evaluation: outcomes of one layer held at the same time."""


@dataclass(frozen=True)
class TrainingResult:
    """The network of the last finished epoch; `interrupted` if that is not the last asked for."""

    network: Network
    history: tuple[Epoch, ...]
    interrupted: bool


def train(
    settings: TrainingSettings,
    data: Dataset,
    test: Dataset,
    progress: Callable[[Epoch], None] | None = None,
    device: str | None = None,
) -> TrainingResult:
    """Train a network from scratch; the same seed on the same machine gives the same weights.

    Ctrl-C ends it with the network of the last finished epoch. `progress` is told every finished
    epoch; `device` is torch's name, the default a GPU if there is one. Raises InputError if the two
    data sets do not fit, MemoryError if the network is too large.
    """
    _check_fit(data, test)
    try:
        return _train(settings, data, test, progress, device)
    except RuntimeError as error:  # torch has no class of its own for this on the CPU
        if "memory" not in str(error):
            raise
        raise MemoryError(f"a network with hidden widths {settings.hidden} is too large") from error


def _train(
    settings: TrainingSettings,
    data: Dataset,
    test: Dataset,
    progress: Callable[[Epoch], None] | None,
    device: str | None,
) -> TrainingResult:
    run = _Run(settings, data, test, device or ("cuda" if torch.cuda.is_available() else "cpu"))
    history: list[Epoch] = []
    finished = run.weights()
    interrupted = False
    try:
        for _ in range(settings.epochs):
            epoch = run.epoch(len(history) + 1)
            finished = run.weights()
            history.append(epoch)
            if progress is not None:
                progress(epoch)
    except KeyboardInterrupt:
        if not history:
            raise
        interrupted = True
    run.model.load_state_dict(finished)
    network = run.model.to_network(run.information(history[-1]))
    return TrainingResult(network, tuple(history), interrupted)


class _Run:
    def __init__(
        self, settings: TrainingSettings, data: Dataset, test: Dataset, device: str
    ) -> None:
        self.settings, self.device = settings, device
        self.data, self.test = data, test
        self.pixels, self.labels = _tensors(data, device)
        self.test_pixels, self.test_labels = _tensors(test, device)
        self.classes = int(data.labels.max()) + 1
        self.model = QuantizedNetwork(
            data.images.shape[1], self.classes, settings, _generator("cpu", settings.seed, 0)
        ).to(device)
        self.order = _generator("cpu", settings.seed, 1)
        self.outcomes = _generator(device, settings.seed, 2)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=settings.learning_rate, momentum=MOMENTUM
        )
        self.started = time.perf_counter()

    def weights(self) -> dict[str, Tensor]:
        return {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def epoch(self, number: int) -> Epoch:
        loss, error = self._train_once()
        single = majority = None
        if number % self.settings.evaluate_every == 0 or number == self.settings.epochs:
            single, majority = self._test_errors(number)
        seconds = time.perf_counter() - self.started
        return Epoch(number, loss, error, single, majority, seconds)

    def _train_once(self) -> tuple[float, float]:
        """Go through the data once; return the mean loss and the error rate."""
        images = len(self.labels)
        totals = torch.zeros(2, dtype=torch.float64, device=self.device)
        order = torch.randperm(images, generator=self.order).to(self.device)
        for batch in order.split(min(self.settings.batch_size, images)):
            labels = self.labels[batch]
            logits = self.model(self.pixels[batch], self.outcomes)
            loss = nn.functional.cross_entropy(logits, labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            totals[0] += loss.detach() * len(batch)
            totals[1] += (logits.argmax(1) != labels).sum()
        loss_sum, errors = totals.tolist()
        return loss_sum / images, errors / images

    @torch.no_grad()
    def _test_errors(self, epoch: int) -> tuple[float, float]:
        """Return the errors on the test images of single shots and of their majority."""
        generator = _generator(self.device, self.settings.seed, 3, epoch)
        block = max(1, _OUTCOMES_AT_ONCE // (MAJORITY_SHOTS * max(self.settings.hidden)))
        single = majority = 0
        blocks = zip(self.test_pixels.split(block), self.test_labels.split(block), strict=True)
        for pixels, labels in blocks:
            chosen = self.model.shots(pixels, MAJORITY_SHOTS, generator).argmax(-1)
            single += int((chosen != labels).sum())
            majority += int((vote(chosen, self.classes) != labels).sum())
        images = len(self.test_labels)
        return single / (images * MAJORITY_SHOTS), majority / images

    def information(self, last: Epoch) -> dict[str, str]:
        """Return how the network was trained, as text for its file."""
        information = {
            "data": self.data.name,
            "data_digest": self.data.digest,
            "epochs": str(last.epoch),
            "seed": str(self.settings.seed),
            "learning_rate": repr(self.settings.learning_rate),
            "momentum": repr(MOMENTUM),
            "batch_size": str(self.settings.batch_size),
            "torch": torch.__version__,
            "trained_on": torch.device(self.device).type,
        }
        if last.single_shot_error is not None and last.majority_error is not None:
            information |= {
                "test_data": self.test.name,
                "test_digest": self.test.digest,
                "shots": str(MAJORITY_SHOTS),
                "single_shot_accuracy": f"{1 - last.single_shot_error:.6f}",
                "majority_accuracy": f"{1 - last.majority_error:.6f}",
            }
        return information


def vote(chosen: Tensor, classes: int) -> Tensor:
    """Return the class that most shots of `chosen` (shots, images) say; ties: the lowest."""
    counts = nn.functional.one_hot(chosen, classes).sum(0)
    return counts.argmax(-1)


def _tensors(data: Dataset, device: str) -> tuple[Tensor, Tensor]:
    pixels = data.images / np.float32(255) if data.images.dtype == np.uint8 else data.images
    return (
        torch.tensor(pixels, dtype=torch.float32, device=device),
        torch.tensor(data.labels, device=device),
    )


def _generator(device: str, *key: int) -> torch.Generator:
    seed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(seed)


def _check_fit(data: Dataset, test: Dataset) -> None:
    pixels, classes = data.images.shape[1], int(data.labels.max()) + 1
    if test.images.shape[1] != pixels:
        raise InputError(
            f"{test.name}: expected images of {pixels} pixels as in {data.name}, "
            f"got {test.images.shape[1]}"
        )
    if test.labels.max() >= classes:
        place = int(np.argmax(test.labels >= classes))
        raise InputError(
            f"{test.name}: expected labels 0 to {classes - 1} as in {data.name}, "
            f"got {test.labels[place]} for image {place}"
        )

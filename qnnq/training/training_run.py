"""A training in progress: SGD with momentum on the sampled network, an epoch at a time."""

import math
import time
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qnnq.data.dataset import Dataset
from qnnq.errors import InputError
from qnnq.training.batches import Batches
from qnnq.training.evaluation import evaluate, mean_scores
from qnnq.training.module import ClassicalNetwork, QuantizedNetwork
from qnnq.training.noise import NoiseTable
from qnnq.training.randomness import generator
from qnnq.training.settings import MAJORITY_SHOTS, MOMENTUM, Epoch, TrainingSettings

# Told in a network's file where they are not what was published.
_RECIPE = (
    "train_shots",
    "schedule",
    "weight_decay",
    "label_smoothing",
    "input_dropout",
    "dropout",
    "shift",
    "validation",
    "patience",
    "noise",
    "strengths",
    "device",
    "qubits",
    "mode",
    "feedback_latency",
    "coupling",
    "receive",
)


class Finished(NamedTuple):
    """The epochs that were finished, and the weights and the number of the one to keep."""

    history: tuple[Epoch, ...]
    weights: dict[str, Tensor]
    kept: int


class TrainingRun:
    """Model, optimizer and random numbers, and what they have come to.

    Attributes:
        finished: Replaced as a whole at the end of each epoch, so that it is never half of one.
    """

    def __init__(
        self, settings: TrainingSettings, data: Dataset, test: Dataset, device: str
    ) -> None:
        self.settings, self.device = settings, device
        self.data, self.test = data, test
        pixels, labels = _tensors(data, device)
        self.test_pixels, self.test_labels = _tensors(test, device, first=len(labels))
        held_out, trained = _split(len(labels), settings)
        self.validation = (pixels[held_out], labels[held_out]) if len(held_out) else None
        if len(held_out):
            pixels, labels = pixels[trained], labels[trained]
        self.batches = Batches(pixels, labels, settings)
        self.model = _model(settings, data, test).to(device)
        self.outcomes = generator(device, settings.seed, 2)
        noisy = settings.noise != "ideal"
        network = self.model.to_network({})
        self.noise = NoiseTable(network, settings, device) if noisy else None
        self.disturbed = generator(device, settings.seed, 7)
        self.optimizer = torch.optim.SGD(
            _parameters(self.model, settings.weight_decay),
            lr=settings.learning_rate,
            momentum=MOMENTUM,
        )
        self.finished = Finished((), self._weights(), 0)
        self.started = time.perf_counter()

    @property
    def done(self) -> bool:
        """Whether no epoch is left, or the validation loss has not fallen for too long."""
        epochs, kept = len(self.finished.history), self.finished.kept
        patience = self.settings.patience
        return epochs == self.settings.epochs or bool(patience and epochs - kept >= patience)

    def epoch(self) -> Epoch:
        """Go through the data once."""
        history = self.finished.history
        number = len(history) + 1
        loss, error = self._train_once(number)
        single = majority = validation_loss = validation_error = None
        if number % self.settings.evaluate_every == 0 or number == self.settings.epochs:
            single, majority = self._test_errors(number)
        if self.validation is not None:
            random = generator(self.device, self.settings.seed, 5, number)
            _, validation_error, validation_loss = evaluate(
                self.model, *self.validation, random, self.noise
            )
        epoch = Epoch(
            number, loss, error, single, majority, time.perf_counter() - self.started,
            validation_loss, validation_error,
        )  # fmt: skip
        if self._is_best(epoch):
            self.finished = Finished((*history, epoch), self._weights(), number)
        else:
            self.finished = self.finished._replace(history=(*history, epoch))
        return epoch

    def _is_best(self, epoch: Epoch) -> bool:
        if epoch.validation_loss is None or not self.finished.kept:
            return True
        best = self.finished.history[self.finished.kept - 1].validation_loss
        return best is None or epoch.validation_loss < best

    def _train_once(self, number: int) -> tuple[float, float]:
        """Go through the data once; return the mean loss and the error rate."""
        if self.settings.schedule == "cosine":
            phase = math.pi * (number - 1) / self.settings.epochs
            rate = self.settings.learning_rate * (1 + math.cos(phase)) / 2
            for group in self.optimizer.param_groups:
                group["lr"] = rate
        totals = torch.zeros(2, dtype=torch.float64, device=self.device)
        for pixels, labels in self.batches.epoch():
            logits = self._logits(pixels)
            smoothing = self.settings.label_smoothing
            loss = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
            self.optimizer.zero_grad()
            (loss + self._score(logits, labels)).backward()
            self.optimizer.step()
            totals[0] += loss.detach() * len(labels)
            totals[1] += (logits.argmax(1) != labels).sum()
        loss_sum, errors = totals.tolist()
        return loss_sum / len(self.batches), errors / len(self.batches)

    def _score(self, logits: Tensor, labels: Tensor) -> Tensor | float:
        """Return what has the gradient of the mean loss by couplings' angles, 0 without any.

        The loss of each image, less the mean loss of the others, times the logarithm of how likely
        its outcomes were.
        """
        likely = self.model.log_probability()
        if likely is None:
            return 0.0
        smoothing = self.settings.label_smoothing
        losses = nn.functional.cross_entropy(
            *(logits.detach(), labels), label_smoothing=smoothing, reduction="none"
        )
        count = len(losses)
        others = (losses.sum() - losses) / (count - 1) if count > 1 else 0.0
        score: Tensor = ((losses - others) * likely).sum() / count
        return score

    def _logits(self, pixels: Tensor) -> Tensor:
        responses = self.noise.draw(len(pixels), self.disturbed) if self.noise else None
        conditions = (self.outcomes, self.settings.dropout, self.batches.changes, responses)
        if self.settings.train_shots == 1:
            return self.model(pixels, *conditions)
        return mean_scores(self.model.shots(pixels, self.settings.train_shots, *conditions))

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def test_logits(self) -> NDArray[np.float64]:
        """Return the logits (images, classes) of one pass over the test images."""
        random = generator(self.device, self.settings.seed, 3)
        logits = self.model(self.test_pixels, random)
        return np.asarray(logits.cpu().numpy(), np.float64)

    def _test_errors(self, epoch: int) -> tuple[float, float]:
        random = generator(self.device, self.settings.seed, 3, epoch)
        single, majority, _ = evaluate(self.model, self.test_pixels, self.test_labels, random)
        return single, majority

    def keep(self) -> Epoch:
        """Give the model the weights to keep; return their epoch, its test errors measured."""
        self.model.load_state_dict(self.finished.weights)
        history, kept = list(self.finished.history), self.finished.kept
        epoch = history[kept - 1]
        if epoch.majority_error is None and self.done:
            single, majority = self._test_errors(kept)
            epoch = replace(epoch, single_shot_error=single, majority_error=majority)
            history[kept - 1] = epoch
            self.finished = self.finished._replace(history=tuple(history))
        return epoch

    def _weights(self) -> dict[str, Tensor]:
        return {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def information(self, kept: Epoch) -> dict[str, str]:
        """Return how the network was trained, as text for its file."""
        information = {
            "data": self.data.name,
            "data_digest": self.data.digest,
            "epochs": str(kept.epoch),
            "seed": str(self.settings.seed),
            "learning_rate": repr(self.settings.learning_rate),
            "momentum": repr(MOMENTUM),
            "batch_size": str(self.settings.batch_size),
            "torch": torch.__version__,
            "trained_on": torch.device(self.device).type,
        }
        for field in fields(self.settings):
            value = getattr(self.settings, field.name)
            if field.name in _RECIPE and value != field.default:
                information[field.name] = str(value)
        if kept.single_shot_error is not None and kept.majority_error is not None:
            information |= {
                "test_data": self.test.name,
                "test_digest": self.test.digest,
                "shots": str(MAJORITY_SHOTS),
                "single_shot_accuracy": f"{1 - kept.single_shot_error:.6f}",
                "majority_accuracy": f"{1 - kept.majority_error:.6f}",
            }
        return information

    def state(self) -> dict[str, Any]:
        """Return all that the next epoch depends on, after an epoch."""
        return {
            "history": [vars(epoch) for epoch in self.finished.history],
            "kept": self.finished.kept,
            "kept_weights": self.finished.weights,
            "weights": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": [random.get_state() for random in self._generators()],
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        history = tuple(Epoch(**epoch) for epoch in state["history"])
        self.model.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        for random, saved in zip(self._generators(), state["random"], strict=True):
            random.set_state(saved)
        self.finished = Finished(history, state["kept_weights"], state["kept"])
        self.started = time.perf_counter() - history[-1].seconds

    def _generators(self) -> tuple[torch.Generator, ...]:
        return self.batches.order, self.batches.changes, self.outcomes, self.disturbed


def _parameters(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the groups of an optimizer; the angles of couplings do not decay."""
    named = dict(model.named_parameters())
    angles = [named.pop(name) for name in list(named) if name.endswith(".angles")]
    groups = [{"params": [*named.values()], "weight_decay": weight_decay}]
    return groups + [{"params": angles, "weight_decay": 0.0}] * bool(angles)


def _split(images: int, settings: TrainingSettings) -> tuple[Tensor, Tensor]:
    """Return the indices of the images that are held out and of those that are trained on."""
    held_out = round(settings.validation * images)
    if settings.validation and not 0 < held_out < images:
        raise InputError(
            f"validation: expected a share that leaves images on both sides of {images}, "
            f"got {settings.validation}"
        )
    order = torch.randperm(images, generator=generator("cpu", settings.seed, 6))
    return order[:held_out], order[held_out:]


def _model(settings: TrainingSettings, data: Dataset, test: Dataset) -> QuantizedNetwork:
    classes, random = int(data.labels.max()) + 1, generator("cpu", settings.seed, 0)
    if data.states is not None and test.states is not None:
        from qnnq.training.receiving import ReceivingNetwork

        _check_states(settings)
        return ReceivingNetwork((data.states, test.states), classes, settings, random)
    if settings.receive is not None:
        raise InputError(f"`receive` {settings.receive}: expected quantum states as data")
    kind = ClassicalNetwork if settings.classical else QuantizedNetwork
    return kind(data.images.shape[1], classes, settings, random)


def _check_states(settings: TrainingSettings) -> None:
    """Raise InputError for what has no place in a training on states."""
    for name in ("classical", "noise", "input_dropout", "shift"):
        found = getattr(settings, name)
        if found != getattr(TrainingSettings, name):
            raise InputError(f"`{name}` {found}: expected none of it with quantum states as data")


def _tensors(data: Dataset, device: str, first: int = 0) -> tuple[Tensor, Tensor]:
    """Return pixels and labels; states have their numbers in place of pixels, from `first` on."""
    if data.states is not None:
        numbers = torch.arange(first, first + len(data.labels), device=device)
        return numbers[:, None].float(), torch.tensor(data.labels, device=device)
    pixels = data.images / np.float32(255) if data.images.dtype == np.uint8 else data.images
    return (
        torch.tensor(pixels, dtype=torch.float32, device=device),
        torch.tensor(data.labels, device=device),
    )

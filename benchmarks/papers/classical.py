"""Classical networks of the same shape, trained by the same recipe as the quantum ones."""

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qnnq.data.dataset import Dataset
from qnnq.training.batches import Batches, drop
from qnnq.training.evaluation import vote
from qnnq.training.module import QuantizedNetwork
from qnnq.training.randomness import generator
from qnnq.training.settings import MAJORITY_SHOTS, MOMENTUM, TrainingSettings

Neuron = Literal["tanh", "relu", "sign", "gaussian", "p-bit"]


@dataclass(frozen=True)
class Classical:
    """A kind of classical network.

    Attributes:
        neuron: `tanh`, `relu`; `sign`, whose gradient is passed straight through where |z| < 1;
            `gaussian`, the sign of z with normal noise of deviation 0.5; `p-bit`, +1 with
            probability (1 + tanh(2 z)) / 2 (Camsari et al., arXiv:1610.00377).
        dropout: Of the hidden neurons, in training.
        passes: Forward passes an image; their votes count, of `mean_softmax` their probabilities.
        dropout_stays: Whether neurons are dropped in use, too (Gal and Ghahramani, 2016).
        binary_weights: Whether weights are signs times a constant of their neuron, and hidden
            pre-activations are normalised over the batch (Rastegari et al., arXiv:1603.05279, who
            keep the first and the last layer real-valued; here all are binary).
    """

    neuron: Neuron
    dropout: float = 0.0
    passes: int = 1
    dropout_stays: bool = False
    binary_weights: bool = False


class ClassicalNetwork(nn.Module):
    """Linear layers without biases, as the quantum networks have, and a classical activation."""

    def __init__(
        self, kind: Classical, inputs: int, classes: int, settings: TrainingSettings
    ) -> None:
        super().__init__()
        self.kind = kind
        random = generator("cpu", settings.seed, 0)
        self.layers = QuantizedNetwork(inputs, classes, settings, random).layers
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(width) if kind.binary_weights else nn.Identity()
            for width in settings.hidden
        )

    def forward(self, pixels: Tensor, random: torch.Generator, dropping: bool) -> Tensor:
        """Return the logits (images, classes) of one pass."""
        values = pixels
        last = len(self.layers) - 1
        for place, layer in enumerate(self.layers):
            weight = _binary(layer.weight) if self.kind.binary_weights else layer.weight
            values = nn.functional.linear(values, weight)
            if place < last:
                values = self._activated(self.norms[place](values), random)
                values = drop(values, self.kind.dropout if dropping else 0.0, random)
        return values

    def _activated(self, z: Tensor, random: torch.Generator) -> Tensor:
        if self.kind.neuron == "tanh":
            return torch.tanh(z)
        if self.kind.neuron == "relu":
            return torch.relu(z)
        with torch.no_grad():
            if self.kind.neuron == "gaussian":
                found = torch.sign(z + 0.5 * torch.randn(z.shape, generator=random))
            elif self.kind.neuron == "p-bit":
                up = (1 + torch.tanh(2 * z)) / 2
                found = torch.where(torch.rand(z.shape, generator=random) < up, 1.0, -1.0)
            else:
                found = torch.sign(z)
        clipped = torch.clamp(z, -1, 1)
        return clipped + (found - clipped).detach()


def _binary(weight: Tensor) -> Tensor:
    scaled = torch.sign(weight) * weight.abs().mean(dim=1, keepdim=True)
    clipped = torch.clamp(weight, -1, 1)
    return clipped + (scaled - clipped).detach()


@dataclass(frozen=True)
class Outcome:
    """What a trained classical network does on the images that it is judged by.

    Attributes:
        right: Whether each image is classified right, shape (images,).
        probabilities: Mean class probabilities, shape (images, classes).
        training_seconds: Processor time.
        seconds: Processor time of all passes over these images.
    """

    right: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    training_seconds: float
    seconds: float


def train_classical(
    kind: Classical, settings: TrainingSettings, data: Dataset, test: Dataset
) -> Outcome:
    """Train by the recipe of `settings` (schedule, input dropout, ...) and test."""
    torch.manual_seed(settings.seed)
    pixels, labels = _tensors(data)
    batches = Batches(pixels, labels, settings)
    classes = int(data.labels.max()) + 1
    model = ClassicalNetwork(kind, data.images.shape[1], classes, settings)
    optimizer = torch.optim.SGD(
        model.parameters(), settings.learning_rate, MOMENTUM, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs)
    random = generator("cpu", settings.seed, 2)
    started = time.process_time()
    for _ in range(settings.epochs):
        for some, truth in batches.epoch():
            optimizer.zero_grad()
            logits = model(some, random, True)
            nn.functional.cross_entropy(
                logits, truth, label_smoothing=settings.label_smoothing
            ).backward()
            optimizer.step()
        if settings.schedule == "cosine":
            schedule.step()
    trained = time.process_time() - started
    return _tested(model.eval(), test, random, trained)


@torch.no_grad()
def _tested(
    model: ClassicalNetwork, test: Dataset, random: torch.Generator, trained: float
) -> Outcome:
    pixels, labels = _tensors(test)
    kind = model.kind
    started = time.process_time()
    logits = torch.stack([model(pixels, random, kind.dropout_stays) for _ in range(kind.passes)])
    probabilities = torch.softmax(logits, dim=-1).mean(dim=0)
    if kind.dropout_stays:
        chosen = probabilities.argmax(-1)
    else:
        chosen = vote(logits.argmax(-1), logits.shape[-1])
    seconds = time.process_time() - started
    return Outcome((chosen == labels).numpy(), probabilities.numpy(), trained, seconds)


def _tensors(data: Dataset) -> tuple[Tensor, Tensor]:
    return torch.tensor(data.images / np.float32(255)), torch.tensor(data.labels)


def kinds(dropout: float) -> dict[str, Classical]:
    """Return the classical rows of the scoreboard; stochastic ones vote as the quantum ones do."""
    votes = MAJORITY_SHOTS
    relu = Classical("relu", dropout=dropout)
    return {
        "tanh": Classical("tanh"),
        "tanh, dropout": Classical("tanh", dropout=dropout),
        "ReLU": Classical("relu"),
        "ReLU, dropout": relu,
        "ReLU, dropout in use too": replace(relu, passes=votes, dropout_stays=True),
        "sign": Classical("sign"),
        "sign, dropout": Classical("sign", dropout=dropout),
        "sign of z + normal noise": Classical("gaussian", passes=votes),
        "p-bit": Classical("p-bit", passes=votes),
        "binarised weights and neurons, all layers": Classical("sign", binary_weights=True),
    }

"""Networks of one shape that are trained together: a batched product for all, not one for each.

What is drawn for a seed (first weights, order of the images, dropped pixels, outcomes) is what
`qnnq.training` draws for it, and the gradient is the same; only sums are rounded in another order.
Ten narrow networks train as fast as one so.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qnnq.data.dataset import Dataset
from qnnq.networks.activation import Activation, phi
from qnnq.networks.network import Network
from qnnq.training.batches import Batches
from qnnq.training.evaluation import mean_scores
from qnnq.training.randomness import generator
from qnnq.training.settings import MOMENTUM, TrainingSettings
from qnnq.training.step import straight_through

Neurons = Literal["quantum", "tanh", "relu", "gaussian", "p-bit"]
BLOCK = 500
"""Images that are judged at once."""


@dataclass(frozen=True)
class Kind:
    """A kind of hidden neurons.

    Attributes:
        neurons: `quantum`; `tanh`; `relu`; `gaussian`, the sign of z with normal noise; `p-bit`, +1
            with probability (1 + tanh(slope z)) / 2 (Camsari et al., arXiv:1610.00377). The
            gradient of outcomes is passed straight through where |z| < 1.
        width: The stretch of quantum neurons, the deviation of the noise, or the slope.
        entanglement: Of quantum neurons, radians; under pi/2 the stretch is 0, and the last layer
            is measured projectively.
        activation: Of quantum neurons.
        dropout: Share of the outcomes that is set to 0 in training.
        dropout_stays: Whether in use, too (Gal and Ghahramani, arXiv:1506.02142).
        binary_weights: Whether weights are signs times a constant of their neuron, and hidden
            pre-activations are normalised over the batch (Rastegari et al., arXiv:1603.05279, who
            keep the first and the last layer real-valued; here all are binary).
        passes: Whose votes count in use.
    """

    neurons: Neurons
    width: float = 0.0
    entanglement: float = math.pi / 2
    activation: Activation = "htanh"
    dropout: float = 0.0
    dropout_stays: bool = False
    binary_weights: bool = False
    passes: int = 1


class Together(nn.Module):
    """The networks of all seeds of each kind: tensors begin with (seeds, kinds)."""

    def __init__(
        self,
        kinds: Sequence[Kind],
        settings: TrainingSettings,
        seeds: Sequence[int],
        sizes: Sequence[int],
    ) -> None:
        super().__init__()
        self.kinds, self.settings, self.seeds = kinds, settings, seeds
        starts = [generator("cpu", seed, 0) for seed in seeds]
        self.weights = nn.ParameterList()
        for fan_in, fan_out in pairwise(sizes):
            drawn = [
                nn.init.normal_(torch.empty(fan_out, fan_in), std=fan_in**-0.5, generator=start)
                for start in starts
            ]
            same = torch.stack(drawn)[:, None].repeat(1, len(kinds), 1, 1)
            self.weights.append(nn.Parameter(same))
        self.norms = nn.ModuleList(_Normalized(len(seeds), width) for width in settings.hidden)

    def forward(self, pixels: Tensor, shots: int, random: Sequence[torch.Generator]) -> Tensor:
        """Return logits (seeds, kinds, shots, images, classes) of pixels (seeds, images, inputs).

        The kinds of a seed share their random numbers.
        """
        weights = [self._weight(each) for each in self.weights]
        first = weights[0]  # (seeds, kinds, width, inputs)
        z = pixels @ first.flatten(1, 2).transpose(1, 2)  # (seeds, images, kinds * width)
        z = z.unflatten(2, first.shape[1:3]).transpose(1, 2)[:, :, None]
        z = z.expand(-1, -1, shots, -1, -1)  # (seeds, kinds, shots, images, width)
        carried: list[Tensor | None] = [None] * len(self.kinds)
        last = len(weights) - 2
        for layer, weight in enumerate(weights[1:]):
            uniform = _uniform(z.shape[2:], random)
            found = []
            for place, kind in enumerate(self.kinds):
                mine = z[:, place]
                if kind.binary_weights:
                    mine = self.norms[layer](mine)
                outcome, carried[place] = _outcome(
                    kind, mine, uniform, carried[place], projective=layer == last
                )
                dropping = kind.dropout and (self.training or kind.dropout_stays)
                if dropping:
                    kept = _uniform(outcome.shape[1:], random) >= kind.dropout
                    outcome = outcome * kept / (1 - kind.dropout)
                found.append(outcome)
            values = torch.stack(found, dim=1).flatten(2, 3)
            z = (values @ weight.transpose(2, 3)).unflatten(2, (shots, -1))
        return z

    def _weight(self, weight: Tensor) -> Tensor:
        """Return the weights that are in use: signs times a constant where they are binary."""
        binary = [kind.binary_weights for kind in self.kinds]
        if not any(binary):
            return weight
        scaled = torch.sign(weight) * weight.abs().mean(dim=3, keepdim=True)
        clipped = torch.clamp(weight, -1, 1)
        chosen = torch.tensor(binary)[:, None, None]
        return torch.where(chosen, clipped + (scaled - clipped).detach(), weight)

    def network(self, seed: int, kind: int) -> Network:
        """Return a network of quantum neurons: of which seed and which kind, by their places."""
        chosen = self.kinds[kind]
        return Network(
            weights=tuple(weight[seed, kind].detach().numpy() for weight in self.weights),
            activation=chosen.activation,
            stretch=chosen.width,
            entanglement=chosen.entanglement,
            last_projective=True,
            information={"trained_by": "benchmarks/papers/together.py"},
        )


class _Normalized(nn.Module):
    """Batch normalisation of one kind for each seed, as `torch.nn.BatchNorm1d` does it."""

    def __init__(self, seeds: int, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(seeds * width)

    def forward(self, z: Tensor) -> Tensor:  # (seeds, shots, images, width)
        rows = z.permute(1, 2, 0, 3).flatten(0, 1).flatten(1, 2)
        found: Tensor = self.norm(rows)
        return found.view(z.shape[1], z.shape[2], z.shape[0], z.shape[3]).permute(2, 0, 1, 3)


def _outcome(
    kind: Kind, z: Tensor, uniform: Tensor, carried: Tensor | None, projective: bool
) -> tuple[Tensor, Tensor | None]:
    """Return a layer's values, and what its neurons carry on to the next one.

    At stretch 0 every rotation is by 0 or pi, so a neuron is in a pole s = +1 or -1 (cos alpha'),
    and measuring it weakly leaves it there. The next rotation is by what was reported, r: it takes
    the neuron to r s phi(z).
    """
    if kind.neurons == "tanh":
        return torch.tanh(z), None
    if kind.neurons == "relu":
        return torch.relu(z), None
    after = None
    with torch.no_grad():
        if kind.neurons == "gaussian":
            found = torch.sign(z + kind.width * torch.special.ndtri(uniform))
        else:
            if kind.neurons == "p-bit":
                mean = torch.tanh(kind.width * z)
            else:
                activation = phi(z, kind.activation, kind.width, torch)
                pole = torch.sin(math.pi / 2 * activation) if kind.width else activation
                if carried is not None:
                    pole = pole * carried
                strength = 1.0 if projective else math.sin(kind.entanglement)
                mean = strength * pole
            found = torch.where(uniform < (1 - mean) / 2, -1.0, 1.0)
            if kind.neurons == "quantum" and kind.entanglement < math.pi / 2:
                after = pole * found
        slope = (z.abs() < 1).to(z.dtype)
    return straight_through(z, found, slope), after


def _uniform(shape: Sequence[int], random: Sequence[torch.Generator]) -> Tensor:
    return torch.stack([torch.rand(shape, generator=each) for each in random])


def is_possible(settings: TrainingSettings) -> bool:
    """Return whether networks of these settings can be trained here, and gain by it."""
    one = isinstance(settings.stretch, float) and settings.activation in ("htanh", "tanh")
    simple = one and (settings.stretch == 0 or settings.entanglement == math.pi / 2)
    changed = settings.dropout or settings.shift or settings.validation
    plain = settings.last_projective and settings.noise == "ideal" and not changed
    plain = plain and settings.coupling is None
    unwatched = settings.evaluate_every >= settings.epochs
    return simple and plain and unwatched


def quantum(settings: TrainingSettings) -> Kind:
    """Return the kind that settings train."""
    assert isinstance(settings.stretch, float)
    assert isinstance(settings.activation, str)
    return Kind("quantum", settings.stretch, settings.entanglement, settings.activation)


def recipe(settings: TrainingSettings) -> TrainingSettings:
    """Return settings without what is a kind's or a network's own."""
    return replace(
        settings,
        stretch=0.0,
        activation="htanh",
        entanglement=math.pi / 2,
        seed=0,
        evaluate_every=1,
    )


def trained_together(
    kinds: Sequence[Kind], settings: TrainingSettings, seeds: Sequence[int], data: Dataset
) -> Together:
    """Train networks of each kind from each seed by one recipe.

    Args:
        kinds: What their neurons are; `settings` has those of no kind.
        settings: The recipe; its seed is not used.
        seeds: Of the networks.
        data: The training images.
    """
    pixels = torch.tensor(data.images / np.float32(255))
    labels = torch.tensor(data.labels)
    classes = int(labels.max()) + 1
    model = Together(kinds, settings, seeds, (pixels.shape[1], *settings.hidden, classes))
    optimizer = torch.optim.SGD(
        model.parameters(), settings.learning_rate, MOMENTUM, weight_decay=settings.weight_decay
    )
    random = [generator("cpu", seed, 2) for seed in seeds]
    order = [Batches(pixels, labels, replace(settings, seed=seed)) for seed in seeds]
    for epoch in range(settings.epochs):
        if settings.schedule == "cosine":
            phase = math.pi * epoch / settings.epochs
            optimizer.param_groups[0]["lr"] = settings.learning_rate * (1 + math.cos(phase)) / 2
        for some, truth in _batches(order):
            logits = model(some, settings.train_shots, random)
            loss = _loss(logits, truth, settings.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def _batches(each: Sequence[Batches]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pixels (seeds, images, inputs) and labels (seeds, images) of one epoch's batches."""
    for batch in zip(*(batches.epoch() for batches in each), strict=True):
        yield torch.stack([some for some, _ in batch]), torch.stack([truth for _, truth in batch])


def _loss(logits: Tensor, truth: Tensor, smoothing: float) -> Tensor:
    """Return the sum over networks of their losses, whose gradients are thus each its own."""
    scores = mean_scores(logits.movedim(2, 0))  # (seeds, kinds, images, classes)
    labels = truth[:, None].expand(scores.shape[:3]).flatten()
    total = nn.functional.cross_entropy(
        scores.flatten(0, 2), labels, label_smoothing=smoothing, reduction="sum"
    )
    return total / truth.shape[1]


@dataclass(frozen=True)
class Judged:
    """What trained networks answer, and how sure of it they are.

    Attributes:
        votes: Passes for each class, shape (seeds, kinds, images, classes).
        probabilities: Mean over passes, the same shape.
    """

    votes: NDArray[np.uint8]
    probabilities: NDArray[np.float32]


@torch.no_grad()
def judged(model: Together, data: Dataset) -> Judged:
    """Return what networks answer about images, each in as many passes as the most of them have.

    Without random numbers all passes of a network are the same.
    """
    pixels = torch.tensor(data.images / np.float32(255))
    random = [generator("cpu", seed, 3) for seed in model.seeds]
    passes = max(kind.passes for kind in model.kinds)
    votes, probabilities = [], []
    for some in pixels.split(BLOCK):
        logits = model(some.expand(len(model.seeds), -1, -1), passes, random)
        probabilities.append(torch.softmax(logits, dim=-1).mean(dim=2))
        chosen = nn.functional.one_hot(logits.argmax(-1), logits.shape[-1])
        votes.append(chosen.sum(dim=2).to(torch.uint8))
    return Judged(torch.cat(votes, 2).numpy(), torch.cat(probabilities, 2).numpy())

"""How good a network is on images that it is not trained on."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from qnnq.training.module import QuantizedNetwork
from qnnq.training.noise import NoiseTable
from qnnq.training.settings import MAJORITY_SHOTS

_NUMBERS_AT_ONCE = 1 << 22
"""Bounds the memory of an evaluation: what is held at the same time for outcomes of one layer."""


class Evaluation(NamedTuple):
    """Errors of `MAJORITY_SHOTS` single shots and of their majority, and the loss of their vote."""

    single_shot_error: float
    majority_error: float
    loss: float


@torch.no_grad()  # type: ignore[untyped-decorator]
def evaluate(
    model: QuantizedNetwork,
    pixels: Tensor,
    labels: Tensor,
    random: torch.Generator,
    noise: NoiseTable | None = None,
) -> Evaluation:
    """Run `MAJORITY_SHOTS` shots of every image; pixels (images, inputs), labels (images,)."""
    numbers = noise.numbers_per_outcome if noise else 1
    at_once = MAJORITY_SHOTS * max(model.settings.hidden) * numbers
    block = max(1, _NUMBERS_AT_ONCE // at_once)
    single = majority = 0
    loss = 0.0
    for some, truth in zip(pixels.split(block), labels.split(block), strict=True):
        responses = noise.draw(len(some), random) if noise else None
        logits = model.shots(some, MAJORITY_SHOTS, random, responses=responses)
        chosen = logits.argmax(-1)
        single += int((chosen != truth).sum())
        majority += int((vote(chosen, logits.shape[-1]) != truth).sum())
        loss += nn.functional.cross_entropy(mean_scores(logits), truth, reduction="sum").item()
    images = len(labels)
    return Evaluation(single / (images * MAJORITY_SHOTS), majority / images, loss / images)


def vote(chosen: Tensor, classes: int) -> Tensor:
    """Return the class that most shots of `chosen` (shots, images) say; ties: the lowest."""
    counts = nn.functional.one_hot(chosen, classes).sum(0)
    return counts.argmax(-1)


def mean_scores(logits: Tensor) -> Tensor:
    """Return logits (images, classes) whose softmax is the mean of that of (shots, images, ..)."""
    return torch.logsumexp(nn.functional.log_softmax(logits, dim=-1), dim=0)

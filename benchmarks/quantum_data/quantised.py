"""A quantised network as an ordinary torch module."""

import torch
from torch import nn

from qnnq.training.module import QuantizedNetwork
from qnnq.training.settings import TrainingSettings


class Quantised(nn.Module):
    """A quantised 16-16 network whose outcomes are sampled anew in every pass."""

    def __init__(self, inputs: int, logits: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        settings = TrainingSettings(hidden=(16, 16), stretch=0.5)
        self.network = QuantizedNetwork(inputs, logits, settings, generator)
        self.random = torch.Generator().manual_seed(seed + 1)

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """Return logits of a shot, (..., logits), of inputs (..., inputs)."""
        return self.network(seen, self.random)

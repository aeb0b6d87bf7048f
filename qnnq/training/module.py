"""A naturally quantized network as a torch module."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from qnnq.networks.couplings import parse_coupling
from qnnq.networks.network import Network
from qnnq.training.batches import drop
from qnnq.training.branches import BranchResponse, branched_step
from qnnq.training.coupled import CoupledStep
from qnnq.training.living import living_step
from qnnq.training.settings import TrainingSettings
from qnnq.training.step import ActivationStep, straight_through


class QuantizedNetwork(nn.Module):  # type: ignore[misc]
    """Linear layers without biases, an activation step after each but the last.

    Weights start from N(0, 1/fan_in), drawn on the CPU with `generator`.
    """

    def __init__(
        self, inputs: int, classes: int, settings: TrainingSettings, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.settings = settings
        sizes = (inputs, *settings.hidden, classes)
        self.layers = nn.ModuleList(
            nn.Linear(fan_in, fan_out, bias=False) for fan_in, fan_out in pairwise(sizes)
        )
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5, generator=generator)
        self.steps = nn.ModuleList()
        untrained = QuantizedNetwork.to_network(self, {})
        physics = zip(untrained.activations, untrained.stretches, untrained.entanglements)
        kind, size = parse_coupling(settings.coupling) if settings.coupling else (None, 0)
        for width, (activation, stretch, entanglement) in zip(settings.hidden, physics):
            step = ActivationStep(activation, stretch, entanglement)
            if kind is not None and width >= size:
                step = CoupledStep(step, kind, size, width, generator)
            self.steps.append(step)

    def forward(
        self,
        pixels: Tensor,
        random: torch.Generator,
        dropout: float = 0.0,
        dropped: torch.Generator | None = None,
        responses: Sequence[Tensor | BranchResponse] | None = None,
    ) -> Tensor:
        """Return the logits (images, classes) of one shot for pixels (images, inputs) in [0, 1].

        A share `dropout` of the outcomes is set to 0, drawn with `dropped`. `responses` are those
        of the layers (see `ActivationStep`, `living_step`); None is no noise.
        """
        z = self._first(pixels, None, random)
        return self._finish(z, random, dropout, dropped, responses)

    def shots(
        self,
        pixels: Tensor,
        count: int,
        random: torch.Generator,
        dropout: float = 0.0,
        dropped: torch.Generator | None = None,
        responses: Sequence[Tensor | BranchResponse] | None = None,
    ) -> Tensor:
        """Return the logits (count, images, classes) of `count` independent forward passes.

        They share only the first layer's pre-activations, which are the same in all of them.
        """
        z = self._first(pixels, count, random)
        return self._finish(z, random, dropout, dropped, responses)

    def _first(self, pixels: Tensor, count: int | None, random: torch.Generator) -> Tensor:
        """Return the first layer's pre-activations, of so many shots (count, images, width)."""
        z = self.layers[0](pixels)
        return z if count is None else z.expand(count, *z.shape)

    def _finish(
        self,
        z: Tensor,
        random: torch.Generator,
        dropout: float,
        dropped: torch.Generator | None,
        responses: Sequence[Tensor | BranchResponse] | None,
    ) -> Tensor:
        state: Any = None
        noise = responses or [None] * len(self.steps)
        living = self.settings.mode == "coherent"
        layers = list(self.layers)  # a slice of them would be another module
        for step, own, layer, response in zip(
            self.steps, layers[:-1], layers[1:], noise, strict=True
        ):
            if isinstance(response, BranchResponse):
                outcome, state = branched_step(step, z, own.weight, state, random, response)
            elif living and response is not None:
                outcome, state = living_step(step, z, state, random, response)
            else:  # without noise both modes sample the same
                outcome, state = step(z, state, random, response)
            z = layer(drop(outcome, dropout, dropped))
        return z

    def log_probability(self) -> Tensor | None:
        """Return that of the last pass's outcomes of coupled neurons, (shots or none, images).

        It is differentiable by the couplings' angles alone. None without couplings.
        """
        layers = [step.log_probability for step in self.steps if isinstance(step, CoupledStep)]
        return torch.stack(layers).sum(0) if layers else None

    def to_network(self, information: Mapping[str, str]) -> Network:
        """Return the present weights as a network; raise InputError if they are not finite."""
        return Network(
            weights=tuple(layer.weight.detach().cpu().numpy() for layer in self.layers),
            activation=self.settings.activation,
            stretch=self.settings.stretch,
            entanglement=self.settings.entanglement,
            last_projective=self.settings.last_projective,
            information=information,
            couplings=tuple(step.couplings() for step in self.steps),
        )


class ClassicalNetwork(QuantizedNetwork):
    """The same linear layers with a classical activation in between, which samples nothing."""

    def _finish(
        self,
        z: Tensor,
        random: torch.Generator,
        dropout: float,
        dropped: torch.Generator | None,
        responses: Sequence[Tensor | BranchResponse] | None,
    ) -> Tensor:
        for layer in self.layers[1:]:
            z = layer(drop(self._activated(z), dropout, dropped))
        return z

    def _activated(self, z: Tensor) -> Tensor:
        if self.settings.classical == "relu":
            return torch.relu(z)
        if self.settings.classical == "tanh":
            return torch.tanh(z)
        return straight_through(z, torch.sign(z), (z.abs() < 1).to(z.dtype))

"""The activation step of a network that is one circuit, under the noise of its branches.

Every outcome of the layer before turns a neuron by an angle that follows from one weight. What the
neuron's qubit and its ancilla are in then is a product of matrices, each a function of its angle
and of its outcome; so is the probability of what is reported, which is differentiated exactly by
the weights. By an outcome it is differentiated as by the angle that goes with it: the difference
between both outcomes, of a mean that is periodic in it, trained worse.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from qnnq.execution.engines.branch_instrument import BranchInstrument
from qnnq.networks.activation import phi
from qnnq.training.step import ActivationStep, straight_through


class BranchResponse(NamedTuple):
    """A `qnnq.execution.engines.branch_instrument.BranchInstrument` in torch."""

    width: int
    bits: tuple[int, ...]
    branches: Tensor
    measured: Tensor
    start: Tensor


def response_of(instrument: BranchInstrument, device: str) -> BranchResponse:
    """Return a layer's response in torch."""
    arrays = instrument.branches, instrument.measured, instrument.start
    tensors = (torch.tensor(each, device=device) for each in arrays)
    return BranchResponse(instrument.width, instrument.bits, *tensors)


class SiteState(NamedTuple):
    """Neurons between two layers, those that only later layers measure as well.

    Attributes:
        vectors: The Pauli vector of each site, (neurons, rows, components).
        outcomes: What was reported last, with its derivative, (rows, width).
    """

    vectors: Tensor
    outcomes: Tensor


def branched_step(
    step: ActivationStep,
    z: Tensor,
    weight: Tensor,
    state: SiteState | None,
    generator: torch.Generator,
    response: BranchResponse,
) -> tuple[Tensor, SiteState]:
    """Return the outcomes, shape of `z` ([shots,] images, width), and the state to go on from.

    Backward an outcome is differentiated as its mean is, for the neuron's present state; in the
    first layer, whose angles are the circuit's parameters, as in `ActivationStep`.

    Args:
        step: The layer's activation and stretch.
        z: Pre-activations.
        weight: Of the layer, (width, width before).
        state: What the layer before left; None stands for the first layer.
        generator: Of the outcomes.
        response: Of the layer.
    """
    width = response.width
    uniform = torch.rand(z.shape, generator=generator, device=z.device, dtype=z.dtype)
    if state is None:
        turned = phi(z, step.activation, step.stretch, torch)
        theta = (math.pi / 2) * (1 - turned.reshape(-1, width).T)  # (width, rows)
        vectors = response.start[:, None].expand(-1, theta.shape[1], -1)
        mean, after = _measured(vectors, theta, response)
    else:
        mean, after = means_of(weight, step.stretch, state, response)
    drawn = torch.where((1 - mean[:width]) / 2 > uniform.reshape(-1, width).T, -1.0, 1.0)
    outcomes = (mean[:width] + (drawn - mean[:width]).detach()).T  # (rows, width)
    if state is None and step.activation != "linear":
        slope = (z.abs() < 1).to(z.dtype)
        outcomes = straight_through(z, drawn.T.reshape(z.shape), slope).reshape(-1, width)
    minus = torch.zeros_like(mean, dtype=torch.bool)
    minus[:width] = drawn < 0
    left = torch.where(minus[..., None], after[..., 1, :], after[..., 0, :]).detach()
    left = left / left[..., :1].clamp_min(torch.finfo(left.dtype).tiny)
    return outcomes.reshape(z.shape), SiteState(left, outcomes)


def means_of(
    weight: Tensor, stretch: float, state: SiteState, response: BranchResponse
) -> tuple[Tensor, Tensor]:
    """Return the mean outcomes (neurons, rows) behind branches, and what both reports leave.

    Args:
        weight: Of the layer, (width, width before).
        stretch: Of its activation, which is `linear`.
        state: What the layer before left.
        response: Of the layer.
    """
    before = state.outcomes - state.outcomes.detach()  # 0, but for its derivative
    turns = weight.sum(1, keepdim=True) + weight.detach() @ before.T
    theta = (math.pi / 2) * (1 - turns / stretch)  # (width, rows)
    own = torch.eye(*weight.shape, device=weight.device, dtype=weight.dtype)
    vectors = _turned(state, math.pi * (weight / stretch - own), response)
    return _measured(vectors, theta, response)


def _turned(state: SiteState, angles: Tensor, response: BranchResponse) -> Tensor:
    """Return what the branches make of the states; angles (width, width before), radians."""
    neurons = len(response.measured)
    vectors = state.vectors[:neurons]
    share = ((1 - state.outcomes.detach()) / 2).T[
        :, None, :, None
    ]  # of -1, (width before, 1, rows, 1)
    resting = angles.new_zeros(neurons - len(angles), angles.shape[1])
    every = torch.cat([angles, resting]).T[:, :, None]  # (width before, neurons, 1)
    taken = torch.stack([torch.ones_like(every), every.cos(), every.sin()], -1)
    not_taken = (1 - share).expand(-1, neurons, -1, -1)
    # (width before, neurons, rows, 4): not taken; 1, cos(delta), sin(delta) where it is
    parts = torch.cat([not_taken, share * taken], -1)
    for bit, matrix in zip(response.bits, response.branches, strict=True):
        vectors = _weighted(vectors @ matrix, parts[bit])
    return vectors


def _measured(vectors: Tensor, theta: Tensor, response: BranchResponse) -> tuple[Tensor, Tensor]:
    """Return the mean outcomes (neurons, rows) and what both reports leave, (.., 2, components)."""
    neurons, rows, size = vectors.shape
    angle = theta.new_zeros(neurons, theta.shape[1])
    angle = torch.cat([theta, angle[len(theta) :]])
    powers = torch.stack([torch.ones_like(angle), angle.cos(), angle.sin()], -1)
    after = _weighted(vectors @ response.measured, powers).reshape(neurons, rows, 2, size)
    plus, minus = after[..., 0, 0], after[..., 1, 0]
    return (plus - minus) / (plus + minus), after


def _weighted(products: Tensor, weights: Tensor) -> Tensor:
    """Return sums (neurons, rows, components) of products one after the other, by their weights."""
    several = products.reshape(*products.shape[:-1], weights.shape[-1], -1)
    return (several * weights[..., None]).sum(-2)

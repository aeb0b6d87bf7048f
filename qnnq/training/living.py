"""The activation step of neurons that live on, under noise: `--mode coherent`."""

from typing import NamedTuple

import torch
from torch import Tensor

from qnnq.execution.modes.living import minus_probability, state_reported, step_products
from qnnq.networks.activation import phi
from qnnq.training.step import ActivationStep, straight_through


class LivingState(NamedTuple):
    """Neurons between two layers, those that only later layers measure as well.

    Attributes:
        coordinates: Of what is known of each one, (neurons, images, shots, coordinates).
        last: The outcomes +1 and -1 that were reported last, (neurons, images, shots).
    """

    coordinates: Tensor
    last: Tensor


def living_step(
    step: ActivationStep,
    z: Tensor,
    state: LivingState | None,
    generator: torch.Generator,
    response: Tensor,
) -> tuple[Tensor, LivingState]:
    """Return the outcomes, shape of `z` ([shots,] images, width), and the state to go on from.

    Backward the outcomes are differentiated as in `ActivationStep`.

    Args:
        step: The layer's activation and stretch.
        z: Pre-activations.
        state: What the layer before left; None stands for fresh neurons.
        generator: Of the outcomes.
        response: Each image's matrices (`qnnq.execution.engines.layer_instrument`), shape (neurons,
            images, products, 2 * coordinates after).
    """
    with torch.no_grad():
        activation = phi(z, step.activation, step.stretch, torch)
        uniform = torch.rand(z.shape, generator=generator, device=z.device, dtype=z.dtype)
        outcome, after = _measured(activation, state, uniform, response)
        slope = (z.abs() < 1).to(z.dtype)
    return straight_through(z, outcome, slope), after


def _measured(
    activation: Tensor, state: LivingState | None, uniform: Tensor, response: Tensor
) -> tuple[Tensor, LivingState]:
    """Return the outcomes, shape of `activation`, and what they leave behind."""
    shape, neurons = activation.shape, len(response)
    if state is None:
        fresh = activation.new_ones(1, 1, 1)
        state = LivingState(fresh[..., None], fresh)
    turned = _neurons_first(activation)
    products = step_products(state.coordinates, state.last, turned, neurons, torch)
    after = products @ response
    after = after.reshape(*after.shape[:-1], 2, -1)
    minus = minus_probability(after)  # (neurons, images, shots)
    bits = torch.zeros_like(minus, dtype=torch.bool)
    bits[: shape[-1]] = _neurons_first(uniform) < minus[: shape[-1]]
    last = torch.where(bits, -1.0, 1.0).to(activation.dtype)
    outcome = last[: shape[-1]].permute(2, 1, 0).reshape(shape)
    return outcome, LivingState(state_reported(after, minus, bits, torch), last)


def _neurons_first(values: Tensor) -> Tensor:
    """Return (width, images, shots) for ([shots,] images, width)."""
    return values.reshape(-1, *values.shape[-2:]).permute(2, 1, 0)

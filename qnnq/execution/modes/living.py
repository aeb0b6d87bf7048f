"""One step of neurons that live on, on whole arrays: numpy, or torch where a network is trained.

What happens to a neuron follows from the instrument of the layer (`LayerInstrument`): its matrices
take the products of powers of the angle, the last reported outcome and the neuron's coordinates to
unnormalised coordinates for both outcomes.
"""

import math
from typing import Any

import numpy as np


def step_products(states: Any, last: Any, activations: Any, neurons: int, xp: Any = np) -> Any:
    """Return the products of (1, cos theta, sin theta), outcomes (+1, -1) and coordinates.

    theta = (pi/2)(r_last - phi) for the layer's neurons; those that only later layers measure are
    not turned.

    Args:
        states: Coordinates of the neurons, (neurons or more, images, 1 or shots, coordinates), or
            1 in place of neurons and images where they have no past.
        last: The outcomes +1 and -1 that were reported last, the same without the last axis.
        activations: phi(z), shape (width, images, 1 or shots), of the layer's neurons.
        neurons: How many the step acts on.
        xp: The array namespace.

    Returns:
        Shape (neurons, images, 1 or shots, 6 * coordinates).
    """
    width, count = len(activations), states.shape[-1]
    where = {"dtype": activations.dtype, "device": activations.device}
    theta = xp.zeros((neurons, *activations.shape[1:]), **where)
    theta[:width] = (math.pi / 2) * (last[:width] - activations)
    products = xp.empty((*theta.shape, 3, 2, count), **where)
    minus = last[:neurons, ..., None] < 0
    products[..., 0, 0, :] = states[:neurons] * ~minus
    products[..., 0, 1, :] = states[:neurons] * minus
    for power, factor in enumerate((xp.cos(theta), xp.sin(theta)), 1):
        xp.multiply(products[..., 0, :, :], factor[..., None, None], out=products[..., power, :, :])
    return products.reshape(*theta.shape, 6 * count)


def minus_probability(after: Any) -> Any:
    """Return P(-1) for unnormalised coordinates (..., reported outcomes, coordinates)."""
    return after[..., 1, 0] / (after[..., 0, 0] + after[..., 1, 0])


def state_reported(after: Any, minus: Any, bits: Any, xp: Any = np) -> Any:
    """Return the normalised coordinates (..., coordinates) that each reported outcome leaves.

    Args:
        after: Unnormalised ones, (..., reported outcomes, coordinates).
        minus: P(-1), shape (...).
        bits: Whether -1 was reported; broadcasts with `minus`.
        xp: The array namespace.
    """
    states = xp.where(bits[..., None], after[..., 1, :], after[..., 0, :])
    states /= xp.where(bits, minus, 1 - minus)[..., None]
    return states

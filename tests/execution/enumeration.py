"""The exact distribution of a network's answer, by summing over all outcome patterns."""

import math
from itertools import product

import numpy as np

from qnnq.networks.activation import phi, state_after
from qnnq.networks.network import Network


def class_distribution(network: Network, pixels, response=None) -> np.ndarray:
    """Return P(class) of one shot, shape (classes,), for pixels (inputs,) in [0, 1].

    `response(layer, angles)` gives the probabilities of all outcome patterns of a layer as an array
    (2,) * width, index 1 for outcome -1; the default is the noise-free closed form.
    """
    response = response or (lambda layer, angles: ideal_response(network, layer, angles))
    total = np.zeros(network.classes)
    _sum_over_patterns(network, 0, pixels, None, None, 1.0, response, total)
    return total


def ideal_response(network: Network, layer: int, angles: np.ndarray) -> np.ndarray:
    """Return the product of the neurons' distributions (1 +- s cos alpha') / 2."""
    strength = math.sin(network.entanglements[layer])
    joint = np.ones(())
    for angle in angles:
        plus = (1 + strength * math.cos(angle)) / 2
        joint = np.multiply.outer(joint, [plus, 1 - plus])
    return joint


def _sum_over_patterns(network, layer, inputs, state, last, weight, response, total):
    z = network.weights[layer].astype(float) @ inputs
    if network.biases[layer] is not None:
        z = z + network.biases[layer]
    if layer == network.hidden:
        total[int(np.argmax(z))] += weight
        return
    width = len(z)
    alpha, before = np.zeros(width), np.ones(width)
    if state is not None:
        kept = min(width, len(state))
        alpha[:kept], before[:kept] = state[:kept], last[:kept]
    angles = alpha + math.pi / 2 * (
        before - phi(z, network.activations[layer], network.stretches[layer])
    )
    joint = response(layer, angles)
    for bits in product((0, 1), repeat=width):
        outcomes = np.array([1 - 2 * bit for bit in bits])
        after = before = None  # a projective measurement leaves nothing but the outcome
        if network.entanglements[layer] < math.pi / 2:
            after = state_after(outcomes, angles, network.entanglements[layer])
            before = outcomes
        if joint[bits] > 0:
            _sum_over_patterns(
                network, layer + 1, outcomes, after, before, weight * joint[bits], response, total
            )

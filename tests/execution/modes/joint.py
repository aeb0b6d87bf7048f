"""Networks of a few neurons, and the joint outcomes of all their layers."""

import math

import numpy as np

from qnnq.execution.engines.base import Draws
from qnnq.networks.activation import phi
from qnnq.networks.network import Network

STRONG, WEAK = 3 * math.pi / 8, 5 * math.pi / 19
PIXELS = np.array([0.2, 0.9, 0.6, 0.4])


def network_of(widths, entanglement, last_projective=False, activation="linear", stretch=1.5):
    """Pixels, then layers of the given widths, then 3 classes; weights that matter."""
    rng = np.random.default_rng(7)
    pairs = list(zip((4, *widths), (*widths, 3)))
    weights = tuple(rng.normal(0, 0.9, (out, into)) for into, out in pairs)
    activations = ("htanh", *(activation,) * (len(widths) - 1))
    stretches = (0.8, *(stretch,) * (len(widths) - 1))
    return Network(weights, (), activations, stretches, entanglement, last_projective)


def first_angles(network):
    z = network.weights[0] @ PIXELS
    return math.pi / 2 * (1 - phi(z, network.activations[0], network.stretches[0]))


def sampled(network, mode, shots, image=0):
    """Counts of every joint outcome, (2**neurons,)."""
    session = mode.start()
    inputs, columns = PIXELS[None, None, :], []
    for layer in range(network.hidden):
        z = inputs @ network.weights[layer].T
        activations = phi(z, network.activations[layer], network.stretches[layer])
        draws = Draws(1, layer, np.array([image]), shots)
        inputs = session.step(layer, activations.astype(np.float32), draws)
        columns.append(inputs[0] < 0)
    bits = np.concatenate(columns, axis=-1)
    codes = bits @ (1 << np.arange(bits.shape[1])[::-1])
    return np.bincount(codes, minlength=2 ** bits.shape[1])

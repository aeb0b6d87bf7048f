"""The same weights without sampling: phi(z) in place of each neuron's outcome."""

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.networks.activation import phi
from qnnq.networks.network import Network

Pixels = NDArray[np.uint8] | FloatArray
_AT_ONCE = 10_000
"""Bounds the memory of wide layers."""


def unsampled_logits(network: Network, images: Pixels) -> FloatArray:
    """Return the logits (images, classes) of images (images, pixels) as the network takes them."""
    starts = range(0, len(images), _AT_ONCE)
    return np.concatenate([_logits(network, images[start : start + _AT_ONCE]) for start in starts])


def _logits(network: Network, images: Pixels) -> FloatArray:
    values: FloatArray = images / 255 if images.dtype == np.uint8 else images.astype(np.float64)
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        values = values @ weight.T + (0 if bias is None else bias)
        if layer < network.hidden:
            values = phi(values, network.activations[layer], network.stretches[layer])
    return values

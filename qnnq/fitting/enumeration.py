"""The exact distribution of the class that one shot names, for narrow projective networks.

The outcomes of a layer of w neurons are one of 2^w patterns. Neurons answer independently, so the
distribution of a layer's patterns is a product for each pattern of the layer before; summed over
those it is one matrix product of the two halves of the layer. Nothing is sampled.
"""

import math

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, IntArray
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.exact_sums import layer_sums
from qnnq.networks.activation import phi, rotated
from qnnq.networks.network import Network

WIDEST = 16
"""Neurons of a layer whose patterns are enumerated."""

LEFT_OUT = 1e-6
"""Probability of the least likely patterns of a layer, which are left out."""


def is_enumerable(network: Network) -> bool:
    """Whether a network forgets its past at every layer, and no layer is wider than `WIDEST`."""
    return max(network.widths) <= WIDEST and min(network.entanglements) >= math.pi / 2


class Enumeration:
    """The class probabilities of some images under any response of the layers.

    Args:
        network: One that `is_enumerable`.
        pixels: Of the images, shape (images, inputs).
        images: Their indices in the data set, shape (images,).
    """

    def __init__(self, network: Network, pixels: NDArray[np.generic], images: IntArray) -> None:
        self._network = network
        self._images = images
        patterns = [_patterns(width) for width in network.widths]
        inputs = [pixels, *patterns[:-1]]
        self._angles = [self._basis(layer, values) for layer, values in enumerate(inputs)]
        logits = layer_sums(network, network.hidden)(patterns[-1])
        self._classes = logits.argmax(axis=1)  # ties: the lowest class

    def _basis(self, layer: int, inputs: NDArray[np.generic]) -> tuple[FloatArray, FloatArray]:
        """Return cosines and sines of the neurons' angles, each (inputs, width)."""
        network = self._network
        z = layer_sums(network, layer)(inputs)
        activations = phi(z, network.activations[layer], network.stretches[layer])
        angles = rotated(activations.astype(np.float32))
        return np.cos(angles), np.sin(angles)

    def probabilities(self, responses: tuple[LayerResponse, ...]) -> NDArray[np.float64]:
        """Return the probability of each class, shape (images, classes)."""
        return np.stack([self._of_image(row, responses) for row in range(len(self._images))])

    def _of_image(self, row: int, responses: tuple[LayerResponse, ...]) -> NDArray[np.float64]:
        kept = np.array([row])
        weights: FloatArray = np.ones(1, np.float32)
        for (cosines, sines), response in zip(self._angles, responses, strict=True):
            width = cosines.shape[1]
            copy = int(self._images[row]) % response.copies
            constant, cosine, sine = response.minus[:, copy, :width]
            minus = constant + cosine * cosines[kept] + sine * sines[kept]
            minus = np.clip(minus, 0, 1)
            half = width // 2
            first = _products(minus[:, :half]) * weights[:, None]
            distribution: FloatArray = (first.T @ _products(minus[:, half:])).ravel()
            kept = _likely(distribution)
            weights = distribution[kept]
        chosen = np.bincount(self._classes[kept], weights, minlength=self._network.classes)
        return np.asarray(chosen / chosen.sum(), np.float64)


def _patterns(width: int) -> NDArray[np.int8]:
    """Return all outcomes of a layer, (2**width, width); neuron 0 is the most significant bit."""
    bits = np.arange(2**width)[:, None] >> np.arange(width)[::-1] & 1
    return (1 - 2 * bits).astype(np.int8)


def _products(minus: FloatArray) -> FloatArray:
    """Return the probabilities of all patterns of independent neurons, (rows, 2**neurons)."""
    found = np.ones((len(minus), 1), minus.dtype)
    for column in minus.T:
        parts = [found * (1 - column)[:, None], found * column[:, None]]
        found = np.stack(parts, axis=-1).reshape(len(minus), -1)
    return found


def _likely(distribution: FloatArray) -> IntArray:
    """Return the most likely patterns, which have all but `LEFT_OUT` of the probability."""
    order = np.argsort(distribution)
    below = np.cumsum(distribution[order], dtype=np.float64)
    return np.sort(order[np.searchsorted(below, LEFT_OUT) :])

"""The same weights without sampling: phi(z) in place of each neuron's outcome."""

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from qnnq.arrays import FloatArray
from qnnq.networks.activation import phi
from qnnq.networks.network import Network

Pixels = NDArray[np.uint8] | FloatArray


def unsampled_logits(network: Network, images: Pixels) -> FloatArray:
    """Return the logits (images, classes) of images (images, pixels) as the network takes them."""
    # Threads of BLAS would wait for one another longer than they work.
    with threadpool_limits(1, "blas"):
        values = network.sums(0)(images)
        for layer in range(network.hidden):
            values = phi(values, network.activations[layer], network.stretches[layer])
            weight, bias = network.weights[layer + 1], network.biases[layer + 1]
            values = values @ weight.T + (0 if bias is None else bias)
    return values

"""A network and its images as one Guppy program."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.networks.network import Network
from transpile.guppy import GuppyLayer, guppy_program


def network_program(network: Network, pixels: NDArray[Any]) -> str:
    """Return the source of `transpile.guppy.guppy_program` for pixels (images, inputs).

    Raises:
        InputError: If neurons are coupled.
        TranspileError: If a layer has too many neurons, or there is no image.
    """
    network.refuse_couplings("guppy")
    network.refuse_states("guppy")
    biases = [
        np.zeros(len(weight)) if bias is None else bias
        for weight, bias in zip(network.weights, network.biases, strict=True)
    ]
    layers = [
        GuppyLayer(activation, stretch, entanglement, weight, bias)
        for activation, stretch, entanglement, weight, bias in zip(
            network.activations,
            network.stretches,
            network.entanglements,
            network.weights[:-1],
            biases[:-1],
            strict=True,
        )
    ]
    first = np.asarray(network.controls([pixels]), dtype=np.float64)
    return guppy_program(layers, network.weights[-1], biases[-1], first)

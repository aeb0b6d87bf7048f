"""What a machine's controller does between the layers of a network whose neurons live on."""

import math

import numpy as np
from numpy.typing import NDArray

from qnnq.networks.activation import phi
from qnnq.networks.network import Network
from transpile import Feedforward, TranspileError, linear_feedforward, table_feedforward


def network_feedforward(network: Network) -> tuple[Feedforward, ...]:
    """Return the branches in front of each hidden layer but the first.

    A layer with activation `linear` has one for each neuron of the layer before, any other one for
    each pattern of its outcomes.

    Raises:
        TranspileError: A layer needs more branches than can be built.
    """
    return tuple(_in_front_of(network, layer) for layer in range(1, network.hidden))


def fitting_feedforward(network: Network) -> tuple[tuple[Feedforward, ...] | None, str]:
    """Return the branches of a network; None where no controller could have them, and why.

    The angles of such a network are to be computed from the outcomes outside.
    """
    try:
        return network_feedforward(network), ""
    except TranspileError as error:
        return None, str(error)


def _in_front_of(network: Network, layer: int) -> Feedforward:
    weight, bias = network.weights[layer], network.biases[layer]
    activation, stretch = network.activations[layer], network.stretches[layer]
    if activation == "linear":
        return linear_feedforward(weight, bias, stretch)

    def angles(outcomes: NDArray[np.float64]) -> NDArray[np.float64]:
        z = outcomes @ weight.T.astype(np.float64)
        last = np.ones_like(z)
        kept = min(z.shape[1], outcomes.shape[1])
        last[:, :kept] = outcomes[:, :kept]
        z = z if bias is None else z + bias
        return np.asarray((math.pi / 2) * (last - phi(z, activation, stretch)))

    return table_feedforward(angles, weight.shape[1])

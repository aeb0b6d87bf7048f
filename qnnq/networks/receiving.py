"""Networks whose first layer receives quantum states."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qnnq.networks.couplings import Coupling
from qnnq.networks.network import Network

Receiver = tuple[NDArray[np.float64], tuple[Coupling, ...]]
"""The angles by which neurons turn, radians, and their couplings."""


def bell_receiver(pairs: int) -> Receiver:
    """Return what measures each qubit of a copy and its twin in the other one in the Bell basis.

    See `qnnq.execution.states.pair_neuron`; qubit i and qubit pairs + i are twins.
    """
    turn = -math.pi / 2
    angles = np.repeat([0.0, turn], pairs)
    return angles, tuple(Coupling.of("cz", (i, pairs + i), (turn, turn)) for i in range(pairs))


def receiving_network(receiver: Receiver, behind: Network) -> Network:
    """Return a network whose first layer is a receiver, of activation linear and stretch 1.

    Args:
        receiver: The first layer.
        behind: The layers behind it, with an input for each of its neurons.
    """
    angles, couplings = receiver
    return replace(
        behind,
        weights=(np.empty((len(angles), 0)), *behind.weights),
        biases=(1 - angles * 2 / math.pi, *behind.biases),
        activation=("linear", *behind.activations),
        stretch=(1.0, *behind.stretches),
        couplings=(couplings, *behind.couplings),
    )

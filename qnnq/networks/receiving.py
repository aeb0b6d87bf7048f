"""Networks whose first layer receives quantum states."""

import math

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.networks.activation import Activation
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


def receiving_network(
    receiver: Receiver,
    weights: tuple[FloatArray, ...],
    biases: tuple[FloatArray | None, ...] = (),
    activation: Activation = "htanh",
    stretch: float = 0.5,
    **others: object,
) -> Network:
    """Return a network whose first layer is a receiver.

    Args:
        receiver: The first layer; its activation is linear, of stretch 1.
        weights: Of the layers behind it, the last one the readout.
        biases: Of the layers behind it.
        activation: Of the layers behind it.
        stretch: Likewise.
        others: As `Network` takes them.
    """
    angles, couplings = receiver
    behind = len(weights) - 1
    return Network(
        weights=(np.empty((len(angles), 0)), *weights),
        biases=(1 - angles * 2 / math.pi, *(biases or (None,) * len(weights))),
        activation=("linear", *[activation] * behind),
        stretch=(1.0, *[stretch] * behind),
        couplings=(couplings, *[()] * behind),
        **others,  # type: ignore[arg-type]
    )

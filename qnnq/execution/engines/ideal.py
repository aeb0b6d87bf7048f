"""Sampling of the closed form: no noise."""

from collections.abc import Sequence

import numpy as np

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.networks.activation import probability


class IdealEngine:
    """Samples P(r) = (1 + r sin(g) cos(alpha')) / 2 for every neuron.

    Args:
        entanglements: The entanglement angle g of every hidden layer, radians.
    """

    images_per_call = 1 << 16

    def __init__(self, entanglements: Sequence[float]) -> None:
        self._entanglements = tuple(entanglements)

    def measure(self, layer: int, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.engines.base.Engine`."""
        minus = probability(-1, angles, self._entanglements[layer])
        return outcomes_from(minus, draws.uniforms(angles.shape[-1]))


def outcomes_from(minus: FloatArray, uniforms: FloatArray) -> OutcomeArray:
    """Return -1 where a uniform number is below P(-1), else +1; the shapes broadcast."""
    outcomes = (uniforms >= minus).view(np.int8)
    outcomes *= 2
    outcomes -= 1
    return outcomes

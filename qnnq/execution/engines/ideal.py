"""Sampling of the closed form: no noise."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import OutcomeArray
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.close_draws import ROUNDING, decide_close, outcomes_from
from qnnq.networks.activation import probability


class IdealEngine:
    """Samples P(r) = (1 + r sin(g) cos(alpha')) / 2 for every neuron.

    Args:
        entanglements: The entanglement angle g of every hidden layer, radians.
    """

    images_per_call = 1 << 16

    def __init__(self, entanglements: Sequence[float]) -> None:
        self._entanglements = tuple(entanglements)

    def closed_form(self, layer: int) -> NDArray[np.float64]:
        """Return a, b, c of a layer, the same for all copies and neurons: shape (3, 1, 1)."""
        strength = math.sin(self._entanglements[layer])
        return np.array([0.5, -strength / 2, 0.0])[:, None, None]

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        entanglement = self._entanglements[layer]
        minus = probability(-1, angles.values, entanglement)
        uniforms = draws.uniforms(angles.shape[-1])
        outcomes = outcomes_from(minus, uniforms)
        decide_close(
            outcomes,
            minus,
            uniforms,
            angles.error + ROUNDING,
            lambda index: probability(-1, angles.at(index), entanglement),
        )
        return outcomes

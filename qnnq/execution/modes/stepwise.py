"""One circuit a layer: every neuron is prepared anew in the state that the host has tracked."""

import math
from collections.abc import Sequence

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.base import Draws, Engine
from qnnq.networks.activation import rotated, state_after, wrap

BYTES_PER_OUTCOME = 50
"""Uniform numbers, angles and what is computed of them, in single precision."""


class Stepwise:
    """A `qnnq.execution.modes.base.Mode` over an engine that measures one layer at given angles.

    Args:
        engine: Where each layer is measured.
        entanglements: The entanglement angle of each hidden layer, radians.
    """

    def __init__(self, engine: Engine, entanglements: Sequence[float]) -> None:
        self._engine = engine
        self._entanglements = tuple(entanglements)

    @property
    def images_per_call(self) -> int | None:
        """See `Mode`."""
        return self._engine.images_per_call

    @property
    def bytes_per_outcome(self) -> int:
        """See `Mode`."""
        return BYTES_PER_OUTCOME

    def start(self) -> "_Tracking":
        """See `Mode`."""
        return _Tracking(self._engine, self._entanglements)


class _Tracking:
    """Tracks alpha and the last outcome of each neuron; projective ones have no past."""

    def __init__(self, engine: Engine, entanglements: Sequence[float]) -> None:
        self._engine = engine
        self._entanglements = entanglements
        self._alpha: FloatArray | None = None
        self._last: OutcomeArray | None = None

    def step(self, layer: int, activations: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.modes.base.Session`."""
        angles = rotated(activations, self._alpha, self._last)
        if self._alpha is not None:
            angles = wrap(angles)
        outcomes = self._engine.measure(layer, angles, draws)
        entanglement = self._entanglements[layer]
        if entanglement < math.pi / 2:
            self._alpha, self._last = state_after(outcomes, angles, entanglement), outcomes
        else:
            self._alpha = self._last = None
        return outcomes

"""One circuit a layer: every neuron is prepared anew in the state that the host has tracked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.angles import Angles, Index
from qnnq.execution.engines.base import Draws, Engine
from qnnq.execution.engines.layer_response import ClosedForm, LayerResponse
from qnnq.networks.activation import rotated, state_after, wrap

BYTES_PER_OUTCOME = 50
"""Uniform numbers, angles and what is computed of them, in single precision."""

BYTES_OF_PAST = 20
"""Angles, their errors, outcomes and activations of a layer before."""

ROUNDING = 4e-6
"""Radians: bounds what a step in single precision adds to the error of an angle."""


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
        """How many images one session may get; None asks for all of them at once."""
        return self._engine.images_per_call

    @property
    def bytes_per_outcome(self) -> int:
        """How much memory a session needs, for each image, shot and neuron of the widest layer."""
        return BYTES_PER_OUTCOME + BYTES_OF_PAST * (len(self._entanglements) - 1)

    def closed_form(self, layer: int) -> NDArray[np.float64] | LayerResponse | None:
        """Return what tells a layer's outcomes without a session, if anything does."""
        fresh = all(entanglement == math.pi / 2 for entanglement in self._entanglements)
        if fresh and isinstance(self._engine, ClosedForm):
            return self._engine.closed_form(layer)
        return None

    def start(self) -> "_Tracking":
        """Start with neurons without a past."""
        return _Tracking(self._engine, self._entanglements)


class _Tracking:
    """Tracks each neuron's past; projective ones have none."""

    def __init__(self, engine: Engine, entanglements: Sequence[float]) -> None:
        self._engine = engine
        self._entanglements = entanglements
        self._past: _Past | None = None

    def step(self, layer: int, activations: FloatArray, draws: Draws) -> OutcomeArray:
        """Rotate and measure every neuron of the next layer."""
        if self._past is None:
            angles = Angles.given(rotated(activations))
        else:
            angles = self._past.rotated(activations)
        outcomes = self._engine.measure(layer, angles, draws)
        entanglement = self._entanglements[layer]
        weak = entanglement < math.pi / 2
        self._past = _Past(angles, outcomes, entanglement) if weak else None
        return outcomes


@dataclass(frozen=True, eq=False)
class _Past:
    """Weakly measured neurons.

    Attributes:
        angles: At which they were measured.
        outcomes: Shape (images, shots, width).
        entanglement: Radians.
    """

    angles: Angles
    outcomes: OutcomeArray
    entanglement: float

    def rotated(self, activations: FloatArray) -> Angles:
        """Return the angles of the next layer, shape (images, shots, width)."""
        alpha = state_after(self.outcomes, self.angles.values, self.entanglement)
        fresh = rotated(activations)
        width = fresh.shape[-1]
        kept = min(width, self.outcomes.shape[-1])

        def at(index: Index) -> NDArray[np.float64]:
            image, shot, neuron = index
            own: NDArray[np.float64] = fresh[index].astype(np.float64)
            before = image, shot, np.minimum(neuron, kept - 1)
            outcome = self.outcomes[before]
            state = state_after(outcome, self.angles.at(before), self.entanglement)
            past = state + np.where(outcome > 0, 0.0, -math.pi)
            return np.asarray(wrap(own + np.where(neuron < kept, past, 0.0)), dtype=np.float64)

        return Angles(
            values=wrap(rotated(activations, alpha, self.outcomes)),
            error=_widened(self._error()[..., :kept], width),
            origins=lambda: self._origins(fresh, kept),
            at=at,
        )

    def _error(self) -> FloatArray:
        """Return a bound of the error of alpha, shape (images, shots, width).

        An error of alpha' becomes one of alpha times cos g / (1 + r s cos alpha'), which is large
        after an outcome of small probability; twice that leaves room for higher orders.
        """
        strength, along = math.sin(self.entanglement), math.cos(self.entanglement)
        likely: FloatArray = np.cos(self.angles.values) * self.outcomes
        likely *= strength
        likely += 1
        return (2 * along * self.angles.error + ROUNDING) / likely + ROUNDING / along

    def _origins(self, fresh: FloatArray, kept: int) -> FloatArray:
        """Return the origins of the angles before, the outcomes and what they are turned by."""
        before = self.angles.origins()
        numbers = before.shape[-1]
        origins = np.zeros((*fresh.shape, numbers + 2), dtype=fresh.dtype)
        origins[..., :kept, :numbers] = before[..., :kept, :]
        origins[..., :kept, -2] = self.outcomes[..., :kept]
        origins[..., -1] = fresh
        return origins


def _widened(error: FloatArray, width: int) -> FloatArray:
    """Return errors of more neurons, (images, shots, width)."""
    missing = width - error.shape[-1]
    if missing:
        error = np.pad(error, ((0, 0), (0, 0), (0, missing)))
    return error + np.float32(ROUNDING)

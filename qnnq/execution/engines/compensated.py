"""Angles corrected for a known noise, so that the noisy probabilities are the wanted ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.errors import InputError
from qnnq.execution.engines.angles import Angles, Index
from qnnq.execution.engines.base import Draws, Engine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.networks.activation import probability, wrap

ROUNDING = 1e-6
"""Of the single precision of angles and of the cosines that they are corrected to."""


class CompensatedEngine:
    """Replaces each angle by the one whose noisy P(-1) equals the noise-free one.

    A neuron answers with P(-1) = a + b cos(theta) + c sin(theta), so the angle is in closed form.
    Noise shrinks the range of P(-1); a wanted probability outside it gets the nearest end.

    Args:
        engine: Measures the corrected angles.
        responses: The responses of each layer that are corrected for.
        entanglements: The entanglement angle of each layer, radians.

    Raises:
        InputError: If neurons are joined, so that no angle has a response of its own.
    """

    def __init__(
        self, engine: Engine, responses: Sequence[LayerResponse], entanglements: Sequence[float]
    ) -> None:
        if any(response.has_joined for response in responses):
            raise InputError(
                "`compensate`: expected neurons that do not touch one another, got cz pairs or zz"
            )
        self._engine = engine
        self._responses = tuple(responses)
        self._entanglements = tuple(entanglements)
        self._tally: list[tuple[int, int]] = []

    @property
    def images_per_call(self) -> int | None:
        """How many images one call of `measure` may get; None asks for all of them at once."""
        return self._engine.images_per_call

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        entanglement, response = self._entanglements[layer], self._responses[layer]
        coefficients = response.coefficients(draws)
        level = _level(probability(-1, angles.values, entanglement), coefficients)
        times = draws.shots // angles.shape[1]
        beyond = int((np.abs(level) > 1 + ROUNDING).sum()) * times
        self._tally.append((beyond, level.size * times))

        def at(index: Index) -> NDArray[np.float64]:
            exact, own = angles.at(index), response.coefficients_at(index, draws)
            wanted = _level(probability(-1, exact, entanglement), own)
            return np.asarray(_corrected(exact, wanted, own), dtype=np.float64)

        corrected = Angles(
            _corrected(angles.values, level, coefficients).astype(angles.values.dtype),
            _error(angles, level, coefficients),
            angles.origins,
            at,
        )
        return self._engine.measure(layer, corrected, draws)

    def out_of_reach(self) -> float:
        """Return the share of all neurons and shots so far whose wanted probability was beyond."""
        beyond, total = np.sum(self._tally, axis=0)
        return float(beyond / total)


def _level(wanted: FloatArray, coefficients: Sequence[FloatArray]) -> FloatArray:
    """Return the cosine that gives the wanted P(-1), beyond [-1, 1] where none does.

    P(-1) = constant + amplitude cos(theta - phase); amplitude 0 cannot be steered at all.
    """
    constant, cosine, sine = coefficients
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num((wanted - constant) / np.hypot(cosine, sine), nan=0.0)


def _corrected(
    angles: FloatArray, level: FloatArray, coefficients: Sequence[FloatArray]
) -> FloatArray:
    """Return the corrected angles, on the side of the phase where the angles are."""
    _, cosine, sine = coefficients
    phase = np.arctan2(sine, cosine)
    side = np.where(wrap(angles - phase) < 0, -1, 1)
    return wrap(phase + side * np.arccos(np.clip(level, -1, 1)))


def _error(angles: Angles, level: FloatArray, coefficients: Sequence[FloatArray]) -> FloatArray:
    """Return a bound of the error of the corrected angles, from that of an arc cosine."""
    _, cosine, sine = coefficients
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.nan_to_num((angles.error + ROUNDING) / np.hypot(cosine, sine), nan=4.0)
        return np.minimum(2 * error / np.sqrt(np.maximum(1 - level**2, error)) + ROUNDING, 4.0)

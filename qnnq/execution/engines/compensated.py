"""Angles corrected for a known noise, so that the noisy probabilities are the wanted ones."""

from collections.abc import Sequence

import numpy as np

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.errors import InputError
from qnnq.execution.engines.base import Draws, Engine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.networks.activation import probability, wrap


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
                "--compensate: expected neurons that do not touch one another, got cz pairs or zz"
            )
        self._engine = engine
        self._responses = tuple(responses)
        self._entanglements = tuple(entanglements)
        self._tally: list[tuple[int, int]] = []

    @property
    def images_per_call(self) -> int | None:
        """See `qnnq.execution.engines.base.Engine`."""
        return self._engine.images_per_call

    def measure(self, layer: int, angles: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.engines.base.Engine`."""
        wanted = probability(-1, angles, self._entanglements[layer])
        constant, cosine, sine = self._responses[layer].coefficients(draws)
        amplitude, phase = np.hypot(cosine, sine), np.arctan2(sine, cosine)
        # P(-1) = constant + amplitude cos(theta - phase); amplitude 0 cannot be steered at all
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.nan_to_num((wanted - constant) / amplitude, nan=0.0)
        tolerance = 1e-6  # of the single precision of angles
        times = draws.shots // angles.shape[1]
        beyond = int((np.abs(level) > 1 + tolerance).sum()) * times
        self._tally.append((beyond, wanted.size * times))
        side = np.where(wrap(angles - phase) < 0, -1, 1)
        corrected = phase + side * np.arccos(np.clip(level, -1, 1))
        return self._engine.measure(layer, wrap(corrected).astype(angles.dtype), draws)

    def out_of_reach(self) -> float:
        """Return the share of all neurons and shots so far whose wanted probability was beyond."""
        beyond, total = np.sum(self._tally, axis=0)
        return float(beyond / total)

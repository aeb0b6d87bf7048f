"""A whole network measured at once: no host stands between its layers."""

from collections.abc import Sequence

import numpy as np

from qnnq.arrays import FloatArray, IntArray, OutcomeArray
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws, Engine
from qnnq.networks.activation import rotated


class DynamicCircuit:
    """A `qnnq.execution.modes.base.Mode` over an engine that runs one circuit of all layers.

    Args:
        engine: Measures layer 0 at its angles, and returns the outcomes of all layers, in their
            order, (images, shots, sum of widths).
        widths: Neurons of each layer.
    """

    def __init__(self, engine: Engine, widths: Sequence[int]) -> None:
        self._engine = engine
        self._ends = np.cumsum(widths)

    @property
    def images_per_call(self) -> int | None:
        """How many images one session may get; None asks for all of them at once."""
        return self._engine.images_per_call

    @property
    def bytes_per_outcome(self) -> int:
        """How much memory a session needs, for each image, shot and neuron of the widest layer."""
        return len(self._ends)  # one byte an outcome

    def closed_form(self, layer: int) -> None:
        """Return None: no layer is measured by itself."""

    def start(self) -> "_Recorded":
        """Start with neurons without a past."""
        return _Recorded(self._engine, self._ends)

    def out_of_reach(self) -> None:
        """Return None: angles are not corrected."""


class _Recorded:
    """The outcomes of all layers; what the host makes of them changes nothing any more."""

    def __init__(self, engine: Engine, ends: IntArray) -> None:
        self._engine = engine
        self._ends = ends
        self._layers: list[OutcomeArray] = []

    def step(self, layer: int, activations: FloatArray, draws: Draws) -> OutcomeArray:
        """Rotate and measure every neuron of the next layer."""
        if layer == 0:
            outcomes = self._engine.measure(0, Angles.given(rotated(activations)), draws)
            self._layers = np.split(outcomes, self._ends[:-1], axis=-1)
        return self._layers[layer]

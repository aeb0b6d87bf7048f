"""Readout errors that flip the outcomes of two coupled qubits together."""

from collections.abc import Sequence

import numpy as np

from noise_models.channels import NoiseChannels
from qnnq.arrays import OutcomeArray
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws, Engine
from transpile import CompiledLayer

STREAM = 1
"""Of the random numbers of flips, apart from those of outcomes."""


class CorrelatedReadoutEngine:
    """Flips outcomes that another engine measured, after its readout errors.

    With probability p both outcomes of two coupled qubits flip that are measured in the same
    execution of a layer's circuit.

    Args:
        engine: Measures.
        layers: The compiled circuits of the hidden layers.
        channels: The noise of each layer.
    """

    def __init__(
        self, engine: Engine, layers: Sequence[CompiledLayer], channels: Sequence[NoiseChannels]
    ) -> None:
        self._engine = engine
        self._layers = tuple(layers)
        self._flips = [_flips(*pair) for pair in zip(layers, channels, strict=True)]

    @property
    def images_per_call(self) -> int | None:
        """How many images one call of `measure` may get; None asks for all of them at once."""
        return self._engine.images_per_call

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        outcomes = self._engine.measure(layer, angles, draws)
        copies = self._layers[layer].shape.copies
        copy_of = draws.copies(copies)
        count = max(len(flips) for flips in self._flips[layer])
        uniforms = draws.uniforms(count, stream=(STREAM,)) if count else np.empty(0)
        for copy, flips in enumerate(self._flips[layer]):
            rows = np.flatnonzero(copy_of == copy)
            for column, (neurons, probability) in enumerate(flips):
                flipped = np.where(uniforms[rows, :, column] < probability, -1, 1).astype(np.int8)
                for neuron in neurons:
                    outcomes[rows, :, neuron] *= flipped
        return outcomes


def _flips(layer: CompiledLayer, channels: NoiseChannels) -> list[list[tuple[list[int], float]]]:
    """Return for each copy of a layer the neurons that flip together, and how probably.

    The partner may be another image's neuron, or a slot that an execution does not need: then one
    outcome flips.
    """
    slot_of_qubit = {site.measured[0]: slot for slot, site in enumerate(layer.sites)}
    found = []
    for slots in layer.slot_of:
        flips = []
        for pair, probability in channels.correlated_readout.items():
            joined = {slot_of_qubit[qubit] for qubit in pair if qubit in slot_of_qubit}
            if len(joined) < 2:
                continue
            for part in range(layer.parts):
                neurons = [
                    neuron
                    for neuron, slot in enumerate(slots)
                    if slot in joined and neuron // layer.slots == part
                ]
                if neurons:
                    flips.append((neurons, probability))
        found.append(flips)
    return found

"""Neurons that live on: their qubits are never prepared anew, and only rotations are added."""

import math
from collections.abc import Sequence

import numpy as np

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.layer_instrument import LayerInstrument


class Coherent:
    """A `qnnq.execution.modes.base.Mode` that carries the state of every neuron.

    Args:
        instruments: Of the hidden layers.
    """

    def __init__(self, instruments: Sequence[LayerInstrument]) -> None:
        self._instruments = tuple(instruments)

    @property
    def images_per_call(self) -> int | None:
        """See `Mode`."""
        return 1 << 8

    def start(self) -> "_Living":
        """See `Mode`."""
        return _Living(self._instruments)


class _Living:
    """The states of neurons, given what was reported of them, and the last reported outcomes."""

    def __init__(self, instruments: Sequence[LayerInstrument]) -> None:
        self._instruments = instruments
        # Neurons first, then (images, 1 or shots, last outcomes, coordinates).
        self._states: FloatArray = np.array([[1], [0]], dtype=np.float32)
        self._last: OutcomeArray = np.ones((1, 1, 1), dtype=np.int8)

    def step(self, layer: int, activations: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.modes.base.Session`."""
        instrument = self._instruments[layer]
        neurons, width = len(instrument.matrices), instrument.width
        # (neurons, images * (1 or shots), reported outcomes * coordinates)
        if instrument.tables:
            after = self._branched(instrument) @ instrument.matrices
        else:
            after = self._turned(layer, activations) @ instrument.matrices
        after = after.reshape(neurons, len(activations), -1, 2, after.shape[-1] // 2)
        minus = after[..., 1, 0] / (after[..., 0, 0] + after[..., 1, 0])
        uniforms = np.ones((neurons, len(activations), draws.shots), dtype=np.float32)
        uniforms[:width] = np.moveaxis(draws.uniforms(width), -1, 0)
        bits = uniforms < minus  # (neurons, images, shots)
        self._last = (1 - 2 * bits).astype(np.int8)
        if layer + 1 < len(self._instruments):
            weights = np.float32(1) / np.where(bits, minus, 1 - minus)
            chosen = np.stack([~bits, bits], axis=-1) * weights[..., None]
            self._states = after * chosen[..., None]
        return np.moveaxis(self._last[:width], 0, -1)

    def _turned(self, layer: int, activations: FloatArray) -> FloatArray:
        """Return the products of (1, cos, sin) of the angles and the states: (neurons, rows, n)."""
        instrument = self._instruments[layer]
        neurons, width = len(instrument.matrices), instrument.width
        last = self._last[:width] if layer else self._last
        theta = np.zeros((neurons, *activations.shape[:2]), dtype=np.float32)
        theta[:width] = np.float32(math.pi / 2) * (last - np.moveaxis(activations, -1, 0))
        shape = (*theta.shape, *self._states.shape[-2:])
        states = np.broadcast_to(self._states[:neurons] if layer else self._states, shape)
        basis = np.empty((*theta.shape, 3, *shape[-2:]), dtype=np.float32)
        basis[..., 0, :, :] = states
        np.multiply(states, np.cos(theta)[..., None, None], out=basis[..., 1, :, :])
        np.multiply(states, np.sin(theta)[..., None, None], out=basis[..., 2, :, :])
        return basis.reshape(neurons, -1, instrument.matrices.shape[1])

    def _branched(self, instrument: LayerInstrument) -> FloatArray:
        """Return the states after the branches, (neurons, rows, coordinates)."""
        neurons = len(instrument.matrices)
        rows = self._last[0].size
        states: FloatArray = self._states[:neurons].reshape(neurons, rows, -1)
        for table in instrument.tables:
            minus = self._last[list(table.bits)].reshape(len(table.bits), rows) < 0
            pattern = (1 << np.arange(len(minus))) @ minus
            states = np.stack(
                [
                    np.einsum("rb,rba->ra", state, matrices[pattern])
                    for state, matrices in zip(states, table.matrices, strict=True)
                ]
            )
        return states

"""Neurons that live on: their qubits are never prepared anew, and only rotations are added."""

from collections.abc import Sequence

import numpy as np

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.layer_instrument import LayerInstrument
from qnnq.execution.modes.living import minus_probability, state_reported, step_products
from qnnq.execution.modes.stepwise import BYTES_PER_OUTCOME

_ROWS = 192
"""Of a matrix product; a multiple of what the kernels of BLAS take at once."""


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

    @property
    def bytes_per_outcome(self) -> int:
        """See `Mode`."""
        numbers = max(instrument.numbers_per_neuron for instrument in self._instruments)
        return BYTES_PER_OUTCOME + 4 * numbers

    def start(self) -> "_Living":
        """See `Mode`."""
        return _Living(self._instruments)


class _Living:
    """The states of neurons, given what was reported of them, and the last reported outcomes."""

    def __init__(self, instruments: Sequence[LayerInstrument]) -> None:
        self._instruments = instruments
        # (neurons, images, 1 or shots, coordinates)
        self._states: FloatArray = np.ones((1, 1, 1, 1), dtype=np.float32)
        self._last: OutcomeArray = np.ones((1, 1, 1), dtype=np.int8)

    def step(self, layer: int, activations: FloatArray, draws: Draws) -> OutcomeArray:
        """See `qnnq.execution.modes.base.Session`."""
        instrument = self._instruments[layer]
        neurons, width = instrument.neurons, instrument.width
        if instrument.matrices is None:
            after = self._branched(instrument)
        else:
            turned = np.moveaxis(activations, -1, 0)  # (width, images, 1 or shots)
            products = step_products(self._states, self._last, turned, neurons)
            rows = products.reshape(neurons, -1, products.shape[-1])
            after = rows_by_matrix(rows, instrument.matrices)
        # (neurons, images, 1 or shots, reported outcomes, coordinates)
        after = after.reshape(neurons, len(activations), -1, 2, after.shape[-1] // 2)
        minus = minus_probability(after)
        uniforms = np.ones((neurons, len(activations), draws.shots), dtype=np.float32)
        uniforms[:width] = np.moveaxis(draws.uniforms(width), -1, 0)
        bits = uniforms < minus  # (neurons, images, shots)
        self._last = (1 - 2 * bits).astype(np.int8)
        if layer + 1 < len(self._instruments):
            self._states = state_reported(after, minus, bits)
        return np.moveaxis(self._last[:width], 0, -1)

    def _branched(self, instrument: LayerInstrument) -> FloatArray:
        """Return what branches and the layer make of the states, (neurons, rows, coordinates)."""
        neurons, rows = instrument.neurons, self._last[0].size
        minus = self._last.reshape(-1, rows) < 0
        states = self._states[:neurons].reshape(neurons, rows, -1)
        for number, table in enumerate(instrument.tables):
            weights = 1 << np.arange(len(table.bits))
            case = np.broadcast_to(weights @ minus[list(table.bits)], (neurons, rows))
            if number == 0:
                case = case + (minus[:neurons] << len(table.bits))
            states = np.stack(
                [
                    row_by_row(own, np.take(matrices, cases, axis=0))
                    for own, matrices, cases in zip(states, table.matrices, case, strict=True)
                ]
            )
        return states


def row_by_row(states: FloatArray, matrices: FloatArray) -> FloatArray:
    """Return the products of rows (rows, before) with a matrix each, (rows, before, after)."""
    if states.shape[1] <= 6:  # where the call of a matrix product costs more than the product
        return np.asarray(np.einsum("rb,rba->ra", states, matrices))
    return np.asarray((states[:, None] @ matrices)[:, 0])


def rows_by_matrix(rows: FloatArray, matrices: FloatArray) -> FloatArray:
    """Return products (neurons, rows, columns); those of a row do not depend on the others.

    The same row must give the same outcome whatever is beside it. BLAS sums in another order for
    other numbers of rows, so it always gets the same number.
    """
    (neurons, count, before), after = rows.shape, matrices.shape[-1]
    found = np.empty((neurons, count, after), dtype=rows.dtype)
    whole = count - count % _ROWS
    blocks = (neurons, whole // _ROWS, _ROWS)
    np.matmul(
        rows[:, :whole].reshape(*blocks, before),
        matrices[:, None],
        out=found[:, :whole].reshape(*blocks, after),  # a view
    )
    rest = np.zeros((neurons, _ROWS, before), dtype=rows.dtype)
    rest[:, : count - whole] = rows[:, whole:]
    found[:, whole:] = (rest @ matrices)[:, : count - whole]
    return found

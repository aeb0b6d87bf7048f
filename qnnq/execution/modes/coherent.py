"""Neurons that live on: their qubits are never prepared anew, and only rotations are added."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, IntArray, OutcomeArray
from qnnq.execution.engines.angles import Index
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.close_draws import decide_close, outcomes_from
from qnnq.execution.engines.layer_instrument import LayerInstrument
from qnnq.execution.modes.living import minus_probability, state_reported, step_products
from qnnq.execution.modes.stepwise import BYTES_OF_PAST

BYTES_PER_OUTCOME = 30
"""Draws, probabilities and outcomes, beside the neurons' states."""

ROUNDING = 1e-5
"""Bounds what a step in single precision adds to the error of a state's coordinates."""

_COLUMNS = 192
"""Of a matrix product; a multiple of what the kernels of BLAS take at once."""

_ROWS = 8
"""Of a matrix product: with 12 or more, kernels of Haswell and Zen take the last columns apart."""


class Coherent:
    """A `qnnq.execution.modes.base.Mode` that carries the state of every neuron.

    Args:
        instruments: Of the hidden layers.
    """

    def __init__(self, instruments: Sequence[LayerInstrument]) -> None:
        self._instruments = tuple(instruments)

    @property
    def images_per_call(self) -> int | None:
        """How many images one session may get; None asks for all of them at once."""
        return 1 << 8

    @property
    def bytes_per_outcome(self) -> int:
        """How much memory a session needs, for each image, shot and neuron of the widest layer."""
        numbers = max(instrument.numbers_per_neuron for instrument in self._instruments)
        layers = len(self._instruments)
        return BYTES_PER_OUTCOME + BYTES_OF_PAST * (layers - 1) + 4 * numbers

    def closed_form(self, layer: int) -> None:
        """Return None: there is a past in what the qubits are."""

    def start(self) -> "_Living":
        """Start with neurons without a past."""
        return _Living(self._instruments)

    def out_of_reach(self) -> None:
        """Return None: angles are not corrected."""


class _Living:
    """The states of neurons, given what was reported of them, and what was reported."""

    def __init__(self, instruments: Sequence[LayerInstrument]) -> None:
        self._instruments = instruments
        # (neurons, coordinates, images x 1 or shots), as all arrays here: long rows are fast
        self._states: FloatArray = np.ones((1, 1, 1), dtype=np.float32)
        self._last: OutcomeArray = np.ones((1, 1, 1), dtype=np.int8)
        self._error: FloatArray = np.zeros((1, 1, 1), dtype=np.float32)
        self._history: list[tuple[FloatArray, OutcomeArray]] = []

    def step(self, layer: int, activations: FloatArray, draws: Draws) -> OutcomeArray:
        """Rotate and measure every neuron of the next layer."""
        instrument = self._instruments[layer]
        neurons, width = instrument.neurons, instrument.width
        if instrument.matrices is None:
            after = self._branched(instrument)
        else:
            after = columns_by_matrix(self._products(instrument, activations), instrument.matrices)
        # (neurons, reported outcomes, coordinates, images, 1 or shots)
        after = after.reshape(neurons, 2, after.shape[1] // 2, len(activations), -1)
        minus = after[:, 1, 0] / (after[:, 0, 0] + after[:, 1, 0])
        uniforms = np.ones((neurons, len(activations), draws.shots), dtype=np.float32)
        uniforms[:width] = np.moveaxis(draws.uniforms(width), -1, 0)
        self._history.append((activations, self._last))
        outcomes = outcomes_from(minus, uniforms)  # (neurons, images, shots)
        error = self._error[:neurons] + np.float32(ROUNDING)
        decide_close(outcomes, minus, uniforms, error, self._exact)
        self._last = outcomes
        if layer + 1 < len(self._instruments):
            bits = outcomes < 0
            likely = np.where(bits, minus, 1 - minus)
            states = np.where(bits[:, None], after[:, 1], after[:, 0])
            states /= likely[:, None]
            self._states = states.reshape(*states.shape[:2], -1)
            # What an outcome of small probability leaves is small before it is normalised.
            self._error = error / np.maximum(likely, error)
        return np.moveaxis(self._last[:width], 0, -1)

    def _exact(self, index: Index) -> NDArray[np.float64]:
        """Return P(-1) in the last layer so far of some neurons, images and shots."""
        neuron, image, shot = index
        rows = np.arange(len(neuron))
        states = np.ones((len(neuron), 1))
        after = np.ones((len(neuron), 2, 1))
        for layer, (activations, last) in enumerate(self._history):
            instrument = self._instruments[layer]
            reported = _of_shots(last, image, shot)  # (1 or neurons, rows)
            own = reported[neuron if len(reported) > 1 else 0, rows]
            if layer:
                states = state_reported(after, minus_probability(after), own < 0)
            for number, table in enumerate(instrument.tables):
                case = (1 << np.arange(len(table.bits))) @ (reported[list(table.bits)] < 0)
                if number == 0:
                    case = case + ((own < 0) << len(table.bits))
                states = np.einsum("rb,rba->ra", states, table.exact[neuron, case])
            if instrument.exact is not None:
                turned = _of_shots(np.moveaxis(activations, -1, 0), image, shot)
                phi = turned[np.minimum(neuron, instrument.width - 1), rows].astype(np.float64)
                phi = np.where(neuron < instrument.width, phi, own)  # others are not turned
                # as if of one neuron, and each an image of its own
                products = step_products(
                    states[None, :, None], own[None, :, None], phi[None, :, None], 1
                )
                states = np.einsum("rp,rpa->ra", products[0, :, 0], instrument.exact[neuron])
            after = states.reshape(len(neuron), 2, -1)
        return np.asarray(minus_probability(after))

    def _products(self, instrument: LayerInstrument, activations: FloatArray) -> FloatArray:
        """Return what the matrices take, (neurons, products, rows); see `step_products`."""
        neurons, width = instrument.neurons, instrument.width
        turned = np.moveaxis(activations, -1, 0).reshape(width, -1)
        last = self._last.reshape(len(self._last), -1)
        theta = np.zeros((neurons, turned.shape[1]), dtype=np.float32)
        theta[:width] = (math.pi / 2) * (last[:width] - turned)
        states, minus = self._states[:neurons], last[:neurons, None] < 0
        products = np.empty((neurons, 3, 2, states.shape[1], theta.shape[1]), dtype=np.float32)
        np.multiply(states, ~minus, out=products[:, 0, 0])
        np.multiply(states, minus, out=products[:, 0, 1])
        for power, factor in enumerate((np.cos(theta), np.sin(theta)), 1):
            np.multiply(products[:, 0], factor[:, None, None], out=products[:, power])
        return products.reshape(neurons, -1, theta.shape[1])

    def _branched(self, instrument: LayerInstrument) -> FloatArray:
        """Return what branches and the layer make of the states, (neurons, coordinates, rows)."""
        neurons, rows = instrument.neurons, self._last[0].size
        minus = self._last.reshape(-1, rows) < 0
        states = np.ascontiguousarray(self._states[:neurons].swapaxes(1, 2))
        for number, table in enumerate(instrument.tables):
            weights = 1 << np.arange(len(table.bits))
            case = np.broadcast_to(weights @ minus[list(table.bits)], (neurons, rows))
            if number == 0:
                case = case + (minus[:neurons] << len(table.bits))
            after = np.empty((neurons, rows, table.matrices.shape[-1]), dtype=np.float32)
            for own, matrices, cases, out in zip(states, table.matrices, case, after, strict=True):
                out[:] = row_by_row(own, np.take(matrices, cases, axis=0))
            states = after
        return states.swapaxes(1, 2)


def _of_shots(values: NDArray[Any], image: IntArray, shot: IntArray) -> NDArray[Any]:
    """Return (neurons, rows) of (neurons, 1 or images, 1 or shots)."""
    _, images, shots = values.shape
    return values[:, image if images > 1 else 0 * image, shot if shots > 1 else 0 * shot]


def row_by_row(states: FloatArray, matrices: FloatArray) -> FloatArray:
    """Return the products of rows (rows, before) with a matrix each, (rows, before, after)."""
    if states.shape[1] <= 6:  # where the call of a matrix product costs more than the product
        return np.asarray(np.einsum("rb,rba->ra", states, matrices))
    return np.asarray((states[:, None] @ matrices)[:, 0])


def columns_by_matrix(columns: FloatArray, matrices: FloatArray) -> FloatArray:
    """Return products (neurons, after, columns); those of a column do not depend on the others.

    The same column must give the same outcome whatever is beside it. BLAS sums in another order for
    other numbers of columns, so it always gets the same number.

    Args:
        columns: Shape (neurons, before, columns).
        matrices: Shape (neurons, before, after).
    """
    (neurons, before, count), after = columns.shape, matrices.shape[-1]
    turned = matrices.swapaxes(1, 2)
    found = np.empty((neurons, after, count), dtype=columns.dtype)
    whole = count - count % _COLUMNS
    blocks = whole // _COLUMNS, _COLUMNS
    cut = columns[..., :whole].reshape(neurons, before, *blocks).swapaxes(1, 2)
    cut_found = found[..., :whole].reshape(neurons, after, *blocks).swapaxes(1, 2)  # a view
    rest = np.zeros((neurons, before, _COLUMNS), dtype=columns.dtype)
    rest[..., : count - whole] = columns[..., whole:]
    for start in range(0, after, _ROWS):
        rows = slice(start, start + _ROWS)
        np.matmul(turned[:, None, rows], cut, out=cut_found[:, :, rows])
        found[:, rows, whole:] = (turned[:, rows] @ rest)[..., : count - whole]
    return found

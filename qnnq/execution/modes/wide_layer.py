"""A layer behind a wide one: most outcomes are decided by sums in single precision."""

import math
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, IntArray, OutcomeArray
from qnnq.execution.engines.base import DRAWN, Draws
from qnnq.execution.engines.close_draws import thresholds
from qnnq.networks.activation import rotated
from qnnq.networks.exact_sums import CoarseSums
from qnnq.networks.network import Network

LARGEST_SHARE = 0.01
"""Of draws that may be too close for coarse sums, beyond which exact ones take less time."""

ROUNDING = 2e-6
"""Bounds the error of a probability, for each radian of its angle."""

_NUMBERS = 1 << 16
"""Worked on at a time: what the nearest caches hold."""

_CLOSE = 1 << 19
"""Weights of close draws that are gathered at a time."""


class WideLayer:
    """Outcomes by coarse sums, and by exact ones where those do not decide.

    Args:
        network: The network.
        layer: The layer, from 1 on.
        form: a, b, c of P(-1), see `qnnq.execution.modes.base.Mode.closed_form`.
    """

    def __init__(self, network: Network, layer: int, form: NDArray[np.float64]) -> None:
        self._network = network
        self._layer = layer
        self._form = np.broadcast_to(form, (*form.shape[:2], network.widths[layer]))
        self._sums = CoarseSums(network.weights[layer], network.biases[layer])
        constant, cosine, sine = self._form  # (copies, width)
        amplitude, phase = np.hypot(cosine, sine), np.arctan2(sine, cosine)
        activation, stretch = network.activations[layer], network.stretches[layer]
        clipped = activation != "linear"
        with np.errstate(over="ignore"):  # of a tiny stretch, whose share is too large
            largest: FloatArray | float = 1.0 if clipped else self._sums.largest / stretch
            angle = math.pi / 2 * (1 + largest)
            error = ROUNDING * (1 + angle) * np.maximum(1, np.abs(constant) + amplitude)
            if stretch:
                error = error + amplitude * (math.pi / 2) * self._sums.error / stretch
            self._share = float(2 * error.mean())
            # P(-1) = constant + amplitude cos(start - (pi/2) phi), in parts of the random numbers
            parts = DRAWN * constant, DRAWN * amplitude, math.pi / 2 - phase, DRAWN * error
            self._parts = np.array(np.broadcast_arrays(*parts), dtype=np.float32)
        self._vague = self._sums.error.astype(np.float32) if not stretch else None

    @classmethod
    def if_worth(cls, network: Network, layer: int, form: NDArray[np.float64]) -> Self | None:
        """Return the layer, or None where coarse sums decide too little."""
        made = cls(network, layer, form)
        return made if made._sums.fits and made._share <= LARGEST_SHARE else None

    def __call__(self, inputs: NDArray[Any], draws: Draws) -> OutcomeArray:
        """Return the outcomes (images, shots, width) of those before."""
        images, shots, before = inputs.shape
        z = self._sums(inputs.reshape(-1, before)).reshape(images, shots, -1)
        numbers = draws.numbers(z.shape[-1])
        outcomes = np.empty(z.shape, dtype=np.int8)
        copies = self._parts.shape[1]
        copy_of = draws.copies(copies)
        size = max(1, _NUMBERS // z[0].size)
        for start in range(0, images, size):
            block = slice(start, start + size)
            parts = self._parts[:, copy_of[block], None] if copies > 1 else self._parts[:, :1, None]
            close = self._decide(z[block], numbers[block], parts, outcomes[block])
            if len(close):
                image, shot, neuron = np.unravel_index(close, z[block].shape)
                image += start
                limits = self._limits(inputs[image, shot], copy_of[image], neuron)
                above = numbers[image, shot, neuron] >= limits
                outcomes[image, shot, neuron] = np.where(above, 1, -1)
        return outcomes

    def _decide(
        self,
        z: NDArray[np.float32],
        numbers: NDArray[np.int32],
        parts: NDArray[np.float32],
        outcomes: OutcomeArray,
    ) -> IntArray:
        """Fill in outcomes, and return where they are not certain (flat); z is used up."""
        constant, amplitude, start, error = parts
        vague = None if self._vague is None else np.abs(z) <= self._vague
        self._quarter_turns(z)
        np.subtract(start, z, out=z)
        np.cos(z, out=z)
        z *= amplitude
        z += constant
        distance = numbers.astype(np.float32)
        distance -= z
        np.greater_equal(distance, 0, out=outcomes.view(np.bool_))
        outcomes *= 2
        outcomes -= 1
        np.abs(distance, out=distance)
        close = distance <= error
        if vague is not None:
            close |= vague
        return np.flatnonzero(close)

    def _quarter_turns(self, z: NDArray[np.float32]) -> None:
        """Make (pi/2) phi of z, in place."""
        activation = self._network.activations[self._layer]
        stretch = self._network.stretches[self._layer]
        quarter = np.float32(math.pi / 2)
        if stretch == 0:
            np.sign(z, out=z)
            z *= quarter
        elif activation == "tanh":
            z *= np.float32(1 / stretch)
            np.tanh(z, out=z)
            z *= quarter
        else:
            z *= np.float32(math.pi / 2 / stretch)
            if activation == "htanh":
                np.clip(z, -quarter, quarter, out=z)

    def _limits(self, inputs: OutcomeArray, copy: IntArray, neuron: IntArray) -> NDArray[np.int32]:
        """Return the exact thresholds of some outcomes, (outcomes,).

        Args:
            inputs: What arrives, (outcomes, inputs).
            copy: Of the layer on the chip, (outcomes,).
            neuron: Shape (outcomes,).
        """
        sums = self._network.sums(self._layer)
        rows = max(1, _CLOSE // inputs.shape[1])
        parts = [slice(start, start + rows) for start in range(0, len(inputs), rows)]
        z = np.concatenate([sums.at(inputs[part], neuron[part]) for part in parts])
        angle = rotated(self._network.activated(self._layer, z)).astype(np.float64)
        constant, cosine, sine = self._form[:, copy, neuron]
        return thresholds(constant + cosine * np.cos(angle) + sine * np.sin(angle))

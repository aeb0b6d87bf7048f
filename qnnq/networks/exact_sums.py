"""Pre-activations that do not depend on the order in which a matrix product adds.

Weights are rounded to whole multiples of a power of two so large that every partial sum of a layer
is a whole multiple below 2^53: float64 then adds exactly, in any order, with any block size, kernel
or number of threads. Of float64 weights, sums that rounding does not tell from 0 count as 0, like
those of 0.1, 0.2 and -0.3, which add up to 0 before they are written in binary.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, IntArray, OutcomeArray

BITS = 52
"""Of the 53 that a float64 has; rounding the weights may carry into one more."""

COARSE_BITS = 23
"""Of the 24 that a float32 has, likewise."""

SINGLE_PRECISION = (1e-20, 1e20)
"""Sums that float32 holds, with room for their parts."""

BYTE = 255
THREE_BYTES = 2**24 - 1
"""Float pixels are taken to 24 bits; k / 255 stays exactly what the byte k is."""

_NUMBERS = 1 << 17
"""Inputs that are made float64 at a time: what the nearest caches hold."""


class ExactSums:
    """W r + b of one layer.

    Args:
        weight: Shape (outputs, inputs).
        bias: Shape (outputs,), or None.
        largest: The largest whole number that an input may be: 255 for pixels, 1 for outcomes.
    """

    def __init__(self, weight: FloatArray, bias: FloatArray | None, largest: int) -> None:
        self._unit = largest
        exact = weight.astype(np.float64)
        bound = np.array([largest * np.abs(row).sum() for row in exact])  # (outputs,)
        _, exponent = math.frexp(bound.max())
        step = math.ldexp(1.0, max(exponent - BITS, -1074))
        exact /= step
        self._weight = np.rint(exact, out=exact)
        self._weight *= step
        self._bias = None if bias is None else bias.astype(np.float64)
        self._vague: NDArray[np.float64] | float | None = None
        if weight.dtype == np.float64:
            # half a step for each weight, and the spacing of float64 at the largest sum
            self._vague = step * (weight.shape[1] / 2 + 1)
            if self._bias is not None:
                self._vague = self._vague + np.abs(self._bias) * 2.0**-BITS

    def __call__(self, inputs: NDArray[Any]) -> FloatArray:
        """Return z, shape (..., outputs).

        Args:
            inputs: Shape (..., inputs): outcomes (int8), pixels in units of 1/255 (uint8), or
                pixels in [0, 1] (float).
        """
        flat = inputs.reshape(math.prod(inputs.shape[:-1]), inputs.shape[-1])
        z = np.empty((len(flat), len(self._weight)))
        size = max(1, _NUMBERS // max(1, flat.shape[1]))
        for start in range(0, len(flat), size):
            z[start : start + size] = self._of_some(flat[start : start + size])
        if self._bias is not None:
            z += self._bias
        if self._vague is not None:
            z[np.abs(z) <= self._vague] = 0
        return z.reshape(*inputs.shape[:-1], -1)

    def at(self, outcomes: OutcomeArray, neurons: IntArray) -> FloatArray:
        """Return z of one neuron for each row of outcomes, (rows,); the same bits as for all.

        Args:
            outcomes: Shape (rows, inputs).
            neurons: Shape (rows,).
        """
        z: FloatArray = np.einsum("rk,rk->r", self._weight[neurons], outcomes)
        if self._bias is not None:
            z += self._bias[neurons]
        if self._vague is not None:
            z[np.abs(z) <= np.broadcast_to(self._vague, len(self._weight))[neurons]] = 0
        return z

    def _of_some(self, inputs: NDArray[Any]) -> FloatArray:
        if np.issubdtype(inputs.dtype, np.floating):
            return self._of_floats(inputs)
        z = self._product(inputs)
        if self._unit != 1:
            z /= self._unit
        return z

    def _product(self, whole: NDArray[Any]) -> FloatArray:
        product: FloatArray = whole.astype(np.float64) @ self._weight.T
        return product

    def _of_floats(self, pixels: FloatArray) -> FloatArray:
        whole = np.rint(pixels.astype(np.float64) * THREE_BYTES).astype(np.uint32)
        high, middle, low = (self._product((whole >> shift) & BYTE) for shift in (16, 8, 0))
        return (high * 2.0**16 + middle * 2.0**8 + low) / THREE_BYTES


class CoarseSums:
    """W r + b of outcomes in single precision, the same on every processor.

    As in `ExactSums`, but each row's weights are whole multiples of a power of two so large that
    float32 adds them exactly. What the rounding of the weights leaves out is bounded.

    Args:
        weight: Shape (outputs, inputs).
        bias: Shape (outputs,), or None.

    Attributes:
        largest: Of the magnitudes of each z, shape (outputs,).
        fits: Whether float32 holds all of them.
        error: How far each z may be from that of `ExactSums`, shape (outputs,).
    """

    def __init__(self, weight: FloatArray, bias: FloatArray | None) -> None:
        outputs, inputs = weight.shape
        bound, lacking = np.empty(outputs), np.empty(outputs)
        self._weight = np.empty((inputs, outputs), dtype=np.float32)
        size = max(1, _NUMBERS // inputs)
        for rows in (slice(start, start + size) for start in range(0, outputs, size)):
            exact = weight[rows].astype(np.float64)
            bound[rows] = np.abs(exact).sum(axis=1)
            _, exponent = np.frexp(bound[rows])
            step = np.ldexp(1.0, np.maximum(exponent - COARSE_BITS, -1000))[:, None]
            kept = np.rint(exact / step) * step
            lacking[rows] = np.abs(exact - kept).sum(axis=1)
            with np.errstate(over="ignore"):
                self._weight[:, rows] = kept.T
        with np.errstate(over="ignore"):
            self._bias = None if bias is None else bias.astype(np.float32)
        self.largest = bound if bias is None else bound + np.abs(bias)
        # what the weights lack, and three roundings of the sum
        self.error = lacking + self.largest * 2.0**-22
        if weight.dtype == np.float64:
            self.error += 2.0**-BITS * (weight.shape[1] + 2) * self.largest.max()
        least, most = SINGLE_PRECISION
        inside = (self.largest == 0) | ((least < self.largest) & (self.largest < most))
        self.fits = bool(inside.all())

    def __call__(self, outcomes: OutcomeArray) -> NDArray[np.float32]:
        """Return z in float32, (rows, outputs), for outcomes (rows, inputs)."""
        z: NDArray[np.float32] = outcomes.astype(np.float32) @ self._weight
        if self._bias is not None:
            z += self._bias
        return z

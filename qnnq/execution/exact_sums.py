"""Pre-activations that do not depend on the order in which a matrix product adds.

Weights are rounded to whole multiples of a power of two so large that every partial sum of a layer
is a whole multiple below 2^53: float64 then adds exactly, in any order, with any block size, kernel
or number of threads. Of float64 weights, sums that rounding does not tell from 0 count as 0, like
those of 0.1, 0.2 and -0.3, which add up to 0 before they are written in binary.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.networks.network import Network

BITS = 52
"""Of the 53 that a float64 has; rounding the weights may carry into one more."""

BYTE = 255
THREE_BYTES = 2**24 - 1
"""Float pixels are taken to 24 bits; k / 255 stays exactly what the byte k is."""


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
        bound = largest * np.abs(exact).sum(axis=1)  # (outputs,)
        _, exponent = math.frexp(bound.max())
        step = math.ldexp(1.0, max(exponent - BITS, -1074))
        self._weight = np.rint(exact / step) * step
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
        flat = inputs.reshape(-1, inputs.shape[-1])
        if np.issubdtype(flat.dtype, np.floating):
            z = self._of_floats(flat)
        else:
            z = self._product(flat)
            if self._unit != 1:
                z /= self._unit
        if self._bias is not None:
            z += self._bias
        if self._vague is not None:
            z[np.abs(z) <= self._vague] = 0
        return z.reshape(*inputs.shape[:-1], -1)

    def _product(self, whole: NDArray[Any]) -> FloatArray:
        product: FloatArray = whole.astype(np.float64) @ self._weight.T
        return product

    def _of_floats(self, pixels: FloatArray) -> FloatArray:
        whole = np.rint(pixels.astype(np.float64) * THREE_BYTES).astype(np.uint32)
        high, middle, low = (self._product((whole >> shift) & BYTE) for shift in (16, 8, 0))
        return (high * 2.0**16 + middle * 2.0**8 + low) / THREE_BYTES


@lru_cache(maxsize=16)
def layer_sums(network: Network, layer: int) -> ExactSums:
    """Return the sums of a layer; the first one takes pixels, the others outcomes."""
    largest = BYTE if layer == 0 else 1
    return ExactSums(network.weights[layer], network.biases[layer], largest)

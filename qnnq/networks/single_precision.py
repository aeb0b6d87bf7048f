"""Activations rounded to single precision in one way on all processors."""

import math
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.networks.activation import Activation

_DROPPED = 29
"""Bits of a float64 that a float32 lacks."""

_CLOSE = 64
"""Units in the last place: more than any processor's error of tanh."""

_DIGITS = 60


def single_precision(
    activations: FloatArray, z: FloatArray, activation: Activation, stretch: float
) -> NDArray[np.float32]:
    """Return activations in float32.

    tanh is the one whose last bit is a processor's own. Where that bit decides how to round, the
    activation is computed again in decimal arithmetic.

    Args:
        activations: phi(z), float64.
        z: Pre-activations, the same on every processor.
        activation: The layer's.
        stretch: The layer's.
    """
    rounded = activations.astype(np.float32)
    if activation == "tanh" and stretch != 0:
        dropped = activations.view(np.int64) & ((1 << _DROPPED) - 1)
        close = np.nonzero(np.abs(dropped - (1 << _DROPPED - 1)) <= _CLOSE)
        rounded[close] = [_tanh(float(each) / stretch) for each in z[close]]
    return rounded


def _tanh(x: float) -> float:
    """Return tanh(x), rounded correctly but for one in 1e40 numbers."""
    with localcontext() as context:
        context.prec = _DIGITS
        power = (2 * Decimal(x)).exp()
        exact = (power - 1) / (power + 1)
    nearest = np.float32(float(exact))
    # of the neighbours the closest: float() alone would round twice
    around = [np.nextafter(nearest, np.float32(side)) for side in (-math.inf, math.inf)]
    return float(min([nearest, *around], key=lambda each: abs(Decimal(float(each)) - exact)))

"""Outcomes that are the same on every processor.

Single precision, with sines and cosines whose last bits are a processor's own, decides all draws
but those within an error bound of their probability. Those few are decided again in double
precision, whose own last bits (1e-15) decide one in 1e15 draws.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.angles import Index
from qnnq.execution.engines.base import DRAWN

ROUNDING = 2e-6
"""Bounds the error of a probability computed in single precision of an angle without one."""

STEPS = 2.0**40
"""Double precision is rounded to this fraction, so that a half is a half; draws are multiples of
2^-24, so that the rounding decides none of its own."""


def outcomes_from(minus: FloatArray, uniforms: FloatArray) -> OutcomeArray:
    """Return -1 where a uniform number is below P(-1), else +1; the shapes broadcast."""
    outcomes = (uniforms >= minus).view(np.int8)
    outcomes *= 2
    outcomes -= 1
    return outcomes


def is_close(
    minus: FloatArray, uniforms: FloatArray, error: FloatArray | float
) -> NDArray[np.bool_]:
    """Return where a uniform number is within an error of P(-1); the shapes broadcast."""
    distance = uniforms - minus
    np.abs(distance, out=distance)
    return np.asarray(distance <= np.float32(error))


def thresholds(exact: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the whole numbers below which `Draws.numbers` are outcomes -1, as `decide` says.

    Args:
        exact: P(-1) in double precision.
    """
    whole = exact * STEPS
    np.rint(whole, out=whole)
    whole *= DRAWN / STEPS
    return np.ceil(whole, out=whole).astype(np.int32)


def decide(exact: NDArray[np.float64], uniforms: FloatArray) -> OutcomeArray:
    """Return outcomes by P(-1) in double precision."""
    return outcomes_from(np.rint(exact * STEPS) / STEPS, uniforms)


def decide_close(
    outcomes: OutcomeArray,
    minus: FloatArray,
    uniforms: FloatArray,
    error: FloatArray | float,
    exact: Callable[[Index], NDArray[np.float64]],
) -> None:
    """Decide in double precision, in place, what single precision cannot decide.

    Args:
        outcomes: By single precision, shape (images, shots, neurons).
        minus: P(-1), single precision.
        uniforms: The draws.
        error: Bounds the error of `minus`.
        exact: Returns P(-1) of some outcomes in double precision.
    """
    found = np.flatnonzero(is_close(minus, uniforms, error))  # faster than nonzero of three axes
    if len(found):
        image, shot, neuron = np.unravel_index(found, outcomes.shape)
        index = image, shot, neuron
        outcomes[index] = decide(exact(index), uniforms[index])

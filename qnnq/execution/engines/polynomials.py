"""Trigonometric polynomials of angles: products of 1, cos(theta), sin(theta), cos(2 theta), ..."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def grid(degree: int = 1) -> Array:
    """Return the angles (radians) whose values determine a polynomial of one angle.

    Equally spaced ones give the smallest errors.
    """
    count = 2 * degree + 1
    return np.asarray(2 * np.pi / count * np.arange(count), dtype=np.float64)


def basis(theta: NDArray[Any], degree: int = 1) -> Array:
    """Return 1, cos(theta), sin(theta), and so on, (..., 2 * degree + 1)."""
    turns = [np.ones_like(theta)]
    for times in range(1, degree + 1):
        turns += [np.cos(times * theta), np.sin(times * theta)]
    return np.stack(turns, axis=-1)


def products(factors: Array) -> Array:
    """Return the products over some angles, (..., terms ** k), of `basis`, (..., k, terms)."""
    found = factors[..., 0, :]
    for number in range(1, factors.shape[-2]):
        found = found[..., :, None] * factors[..., number, None, :]
        found = found.reshape(*found.shape[:-2], -1)
    return found


def fit(values: Array, angles: int, degree: int = 1) -> Array:
    """Return the coefficients of polynomials of k angles, (terms,) * k + (...).

    Args:
        values: At all points of the grids, the last angle's running fastest, (terms ** k, ...).
        angles: k.
        degree: Of each angle.
    """
    inverse = np.linalg.inv(basis(grid(degree), degree))
    found = values.reshape((len(inverse),) * angles + values.shape[1:])
    for axis in range(angles):
        found = np.moveaxis(np.tensordot(inverse, found, axes=(1, axis)), 0, axis)
    return found

"""Trigonometric polynomials of angles: sums of products of 1, cos(theta), sin(theta) of each.

Those of degree 2 in half an angle have cos(theta / 2) and sin(theta / 2), too.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def grid(degree: int = 1) -> Array:
    """Return the angles (radians) whose values determine a polynomial of one angle.

    Equally spaced ones give the smallest errors.
    """
    count = 2 * degree + 1
    return np.asarray(2 * degree * np.pi / count * np.arange(count), dtype=np.float64)


def basis(theta: NDArray[Any], degree: int = 1) -> Array:
    """Return 1, cos(theta), sin(theta); of degree 2 those of theta / 2 as well: (..., 3 or 5)."""
    turns = [np.ones_like(theta)]
    for parts in range(1, degree + 1):
        turns += [np.cos(theta / parts), np.sin(theta / parts)]
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
        degree: 1, or 2 in half of each angle.
    """
    inverse = np.linalg.inv(basis(grid(degree), degree))
    found = values.reshape((len(inverse),) * angles + values.shape[1:])
    for axis in range(angles):
        found = np.moveaxis(np.tensordot(inverse, found, axes=(1, axis)), 0, axis)
    return found

"""The most likely physical response of neurons that were measured at a few angles.

The response P(-1 | theta) = a + b cos(theta) + c sin(theta) is a probability at every angle where
hypot(b, c) <= a <= 1 - hypot(b, c). Measured shares may lie outside; the most likely response that
is physical does not, and is not biased as shares that are clipped one by one would be.
"""

import numpy as np
from numpy.typing import NDArray

ANGLES = np.array([0.0, np.pi, np.pi / 2, -np.pi / 2])
"""Radians. At 0 and pi, where networks need certainty, the shares are those probabilities."""

BARRIERS = (1.0, 1e-1, 1e-2, 1e-3)
"""Weights of the logarithmic barriers at the ends of the physical range, in counts."""

STEPS = 12
"""Newton steps at each weight, 4 of which are enough for most."""


def basis(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (1, cos, sin) of angles in radians, shape (angles, 3)."""
    return np.stack([np.ones_like(angles), np.cos(angles), np.sin(angles)], axis=1)


def fit_responses(
    minus_counts: NDArray[np.integer], shots: int, angles: NDArray[np.float64] = ANGLES
) -> NDArray[np.float64]:
    """Return a, b, c of neurons by constrained maximum likelihood, shape (neurons, 3).

    Newton's method with logarithmic barriers at the physical range (Boyd and Vandenberghe, Convex
    Optimization, chapter 11), for all neurons at once.

    Args:
        minus_counts: How many shots gave -1, shape (angles, neurons).
        shots: Shots at each angle.
        angles: Radians, shape (angles,); at least three different ones.
    """
    counts = np.asarray(minus_counts, dtype=np.float64).T  # (neurons, angles)
    rows = basis(angles)
    found: NDArray[np.float64] = np.tile(np.array([0.5, 0.0, 0.0]), (len(counts), 1))
    for weight in BARRIERS:
        for _ in range(STEPS):
            gradient, hessian = _derivatives(found, counts, shots, rows, weight)
            step = np.asarray(-np.linalg.solve(hessian, gradient[..., None])[..., 0], np.float64)
            found = _advanced(found, step, counts, shots, rows, weight)
    return found


def covariances(
    shares: NDArray[np.float64], shots: int, angles: NDArray[np.float64] = ANGLES
) -> NDArray[np.float64]:
    """Return the covariance of the fitted a, b, c of neurons, shape (neurons, 3, 3).

    The inverse of Fisher's information, with binomial variances at (k + 1) / (n + 2), so that none
    is zero.

    Args:
        shares: Measured shares of -1, shape (angles, neurons).
        shots: Shots at each angle.
        angles: Radians, shape (angles,).
    """
    smoothed = (shares.T * shots + 1) / (shots + 2)
    precision = shots / (smoothed * (1 - smoothed))  # (neurons, angles)
    rows = basis(angles)
    information = np.einsum("na,ai,aj->nij", precision, rows, rows)
    return np.asarray(np.linalg.inv(information))


def _gaps(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a^2 - b^2 - c^2 and (1 - a)^2 - b^2 - c^2, shape (neurons, 2); physical: both >= 0."""
    a, square = found[:, 0], (found[:, 1:] ** 2).sum(axis=1)
    return np.stack([a**2 - square, (1 - a) ** 2 - square], axis=1)


def _value(
    found: NDArray[np.float64],
    counts: NDArray[np.float64],
    shots: int,
    rows: NDArray[np.float64],
    weight: float,
) -> NDArray[np.float64]:
    """Return the log-likelihood with the barriers, -inf outside of the physical range."""
    minus, gaps = found @ rows.T, _gaps(found)
    inside = (gaps > 0).all(axis=1) & (found[:, 0] > 0) & (found[:, 0] < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = (counts * np.log(minus) + (shots - counts) * np.log1p(-minus)).sum(axis=1)
        value = likelihood + weight * np.log(gaps).sum(axis=1)
    return np.where(inside & np.isfinite(value), value, -np.inf)


def _derivatives(
    found: NDArray[np.float64],
    counts: NDArray[np.float64],
    shots: int,
    rows: NDArray[np.float64],
    weight: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    minus, gaps = found @ rows.T, _gaps(found)
    gradient = (counts / minus - (shots - counts) / (1 - minus)) @ rows
    curvature = counts / minus**2 + (shots - counts) / (1 - minus) ** 2
    hessian = -np.einsum("na,ai,aj->nij", curvature, rows, rows)
    metric = np.diag([2.0, -2.0, -2.0])
    for row, origin in enumerate(([0.0, 0.0, 0.0], [1.0, 0.0, 0.0])):
        slope = (found - origin) @ metric
        gap = gaps[:, row, None]
        gradient += weight * slope / gap
        outer = slope[:, :, None] * slope[:, None, :] / gap[..., None] ** 2
        hessian += weight * (metric / gap[..., None] - outer)
    return gradient, hessian


def _advanced(
    found: NDArray[np.float64],
    step: NDArray[np.float64],
    counts: NDArray[np.float64],
    shots: int,
    rows: NDArray[np.float64],
    weight: float,
) -> NDArray[np.float64]:
    """Return the points after the longest of the steps 1, 1/2, 1/4, ... that does not go down."""
    before = _value(found, counts, shots, rows, weight)
    length = np.ones(len(found))
    for _ in range(30):
        after = _value(found + length[:, None] * step, counts, shots, rows, weight)
        worse = after < before
        if not worse.any():
            break
        length[worse] /= 2
    else:
        length[worse] = 0
    return found + length[:, None] * step

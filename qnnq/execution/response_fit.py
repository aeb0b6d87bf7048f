"""The most likely physical response of neurons that were measured at a few angles.

The response P(-1 | theta) = a + b cos(theta) + c sin(theta) is a probability at every angle where
hypot(b, c) <= a <= 1 - hypot(b, c). Measured shares may lie outside; the most likely response that
is physical does not, and is not biased as shares that are clipped one by one would be.
"""

import numpy as np
from numpy.typing import NDArray

ANGLES = np.array([0.0, np.pi, np.pi / 2, -np.pi / 2])
"""Radians. At 0 and pi, where networks need certainty, the shares are those probabilities."""

BASIS = np.stack([np.ones(4), np.cos(ANGLES), np.sin(ANGLES)], axis=1)
"""(1, cos, sin) at `ANGLES`, shape (angles, 3)."""

LEAST = 1e-12
"""Below it a probability counts as this one, so that its logarithm is finite."""


def fit_responses(minus_counts: NDArray[np.integer], shots: int) -> NDArray[np.float64]:
    """Return a, b, c of neurons by constrained maximum likelihood, shape (neurons, 3).

    Args:
        minus_counts: How many shots gave -1 at each of `ANGLES`, shape (angles, neurons).
        shots: Shots at each angle.
    """
    shares = np.asarray(minus_counts).T / shots
    return np.array([_most_likely(minus) for minus in shares])


def _most_likely(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a, b, c of one neuron for its shares of -1, shape (angles,).

    With the least probabilities of -1 and of +1, p0 and p1,
    P(-1 | theta) = p0 + (1 - p0 - p1) (1 + cos(theta - phase)) / 2: what is physical is a box.
    """
    from scipy.optimize import minimize

    def minus_log_likelihood(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        p0, p1, phase = point
        turned = (1 + np.cos(ANGLES - phase)) / 2
        minus = np.clip(p0 + (1 - p0 - p1) * turned, LEAST, 1 - LEAST)
        value = shares @ np.log(minus) + (1 - shares) @ np.log1p(-minus)
        slope = shares / minus - (1 - shares) / (1 - minus)
        by_phase = (1 - p0 - p1) * np.sin(ANGLES - phase) / 2
        return -value, -np.array([1 - turned, -turned, by_phase]) @ slope

    a, b, c = np.linalg.lstsq(BASIS, shares)[0]
    ends = np.clip([a - np.hypot(b, c), 1 - a - np.hypot(b, c)], 1e-3, 0.5)
    found = minimize(
        minus_log_likelihood,
        [*ends, np.arctan2(c, b)],
        jac=True,
        method="SLSQP",
        bounds=[(0, 1), (0, 1), (None, None)],
        options={"ftol": 1e-15, "maxiter": 500},
    )
    p0, p1, phase = found.x
    amplitude = (1 - p0 - p1) / 2
    return np.array([p0 + amplitude, amplitude * np.cos(phase), amplitude * np.sin(phase)])


def covariances(shares: NDArray[np.float64], shots: int) -> NDArray[np.float64]:
    """Return the covariance of the fitted a, b, c of neurons, shape (neurons, 3, 3).

    The inverse of Fisher's information, with binomial variances at (k + 1) / (n + 2), so that none
    is zero.

    Args:
        shares: Measured shares of -1 at each of `ANGLES`, shape (angles, neurons).
        shots: Shots at each angle.
    """
    smoothed = (shares.T * shots + 1) / (shots + 2)
    precision = shots / (smoothed * (1 - smoothed))  # (neurons, angles)
    information = np.einsum("na,ai,aj->nij", precision, BASIS, BASIS)
    return np.asarray(np.linalg.inv(information))

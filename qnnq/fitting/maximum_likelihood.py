"""Maximum likelihood, and intervals from the profile of the likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import QnnqError
from qnnq.fitting.information import Information, information
from qnnq.fitting.likelihood import Likelihood, Values

SCANNED = 16
"""Places at which the likelihood of one parameter is looked at first; twice for each other."""

DROP = 1.920729
"""Half the 95 % quantile of chi-square with 1 degree of freedom: the drop at an interval's end."""

RELATIVE = 0.02
"""Accuracy of estimates and interval ends, in standard deviations."""

WORST = 1e9
"""Stands for the log-likelihood, up to its sign, of what is impossible."""


@dataclass(frozen=True)
class Interval:
    """A parameter's 95 % profile-likelihood interval; an end may be that of its range."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Fit:
    """The most likely parameters of a noise.

    Attributes:
        likelihood: What was maximized.
        values: The parameters.
        log_likelihood: There.
        intervals: Of each parameter.
        information: Near the maximum.
    """

    likelihood: Likelihood
    values: Values
    log_likelihood: float
    intervals: tuple[Interval, ...]
    information: Information

    @property
    def aic(self) -> float:
        """Akaike's information criterion, up to what all noises have in common."""
        return 2 * len(self.values) - 2 * self.log_likelihood


def maximize(likelihood: Likelihood) -> Fit:
    """Find the most likely parameters and their intervals.

    The likelihood is looked at over the whole range first (a Sobol sequence, denser near 0), then
    climbed from the best places (COBYQA, a derivative-free trust-region method: T. M. Ragonneau,
    PhD thesis, Hong Kong 2022). An interval's end is the furthest value of a parameter at which
    the likelihood, maximized over the others, is within `DROP` of its maximum (M. C. Neale and
    M. B. Miller, Behav. Genet. 27, 113 (1997)).

    Raises:
        QnnqError: If the noise is impossible everywhere.
    """
    bounds = likelihood.bounds
    if not len(bounds):
        values = np.empty(0)
        value = likelihood.log(values)
        return Fit(likelihood, values, value, (), information(likelihood, values, values))
    places = _scanned(bounds)
    found = np.array([likelihood.log(place) for place in places])
    if not np.isfinite(found).any():
        raise QnnqError(f"fit: {likelihood.specification.text} is impossible in its whole range")
    cells = np.ptp(bounds, axis=1) / len(places) ** (1 / len(bounds))
    places = places[np.argsort(-found)]
    apart = np.abs((places - places[0]) / cells).max(axis=1) > 2  # no neighbours of the best
    starts = [places[0], *places[apart][:1]]
    values = max((_climbed(likelihood, start, cells, 0.05) for start in starts), key=likelihood.log)
    deviations = information(likelihood, values, cells / 20).deviations
    scales = np.where(deviations > 0, np.minimum(deviations, cells), cells)
    values = _climbed(likelihood, values, scales, RELATIVE)
    known = information(likelihood, values, np.minimum(scales / 2, cells))
    intervals = tuple(
        Interval(*(_end(likelihood, values, known, number, sign) for sign in (-1, 1)))
        for number in range(len(values))
    )
    return Fit(likelihood, values, likelihood.log(values), intervals, known)


def expected_runs(parameters: int) -> int:
    """Return about how often the forward model is run for a noise with so many parameters."""
    return 1 if not parameters else SCANNED * 2 ** (parameters - 1) + 35 * parameters**2


def _scanned(bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places in a range, denser near 0, shape (places, parameters)."""
    from scipy.stats import qmc

    count = len(bounds)
    units = qmc.Sobol(count, scramble=False).random(SCANNED * 2 ** (count - 1))
    low, high = bounds.T
    dense = low >= 0
    roots = np.sqrt(np.where(dense, bounds.T, 0))
    square = (roots[0] + (roots[1] - roots[0]) * units) ** 2
    return np.asarray(np.where(dense, square, low + (high - low) * units), np.float64)


def _climbed(
    likelihood: Likelihood,
    start: Values,
    scales: Values,
    accuracy: float,
    free: Sequence[int] | None = None,
) -> Values:
    """Return a maximum near a start, to an accuracy in units of the scales.

    Args:
        likelihood: What is maximized.
        start: The parameters to start from.
        scales: How far the first steps go.
        accuracy: In units of the scales.
        free: Which parameters may change; None: all.
    """
    from scipy.optimize import Bounds, minimize

    places = list(range(len(start)) if free is None else free)
    low, high = likelihood.bounds.T

    def moved(x: Values) -> Values:
        result = start.copy()
        result[places] += x * scales[places]
        return np.clip(result, low, high)

    def cost(x: Values) -> float:
        return min(-likelihood.log(moved(x)), WORST)

    options: Any = {"initial_tr_radius": 1.0, "final_tr_radius": accuracy}
    found = minimize(
        cost,
        np.zeros(len(places)),
        method="COBYQA",
        bounds=Bounds(((low - start) / scales)[places], ((high - start) / scales)[places]),
        options=options,
    )
    return moved(found.x)


def _end(
    likelihood: Likelihood, values: Values, known: Information, number: int, sign: int
) -> float:
    """Return the furthest value of a parameter to one side that is likely enough."""
    from scipy.optimize import brentq

    best, limit = likelihood.log(values), np.sqrt(2 * DROP)
    bound = float(likelihood.bounds[number][(sign + 1) // 2])
    deviation = float(known.deviations[number])
    others = [k for k in range(len(values)) if k != number]
    slopes = known.covariance[number] / (known.covariance[number, number] or 1.0)

    def margin(value: float) -> float:
        """Of the signed root of the profile, which is nearly straight."""
        start = np.clip(values + slopes * (value - values[number]), *likelihood.bounds.T)
        start[number] = value
        if others:
            scales = np.maximum(known.deviations / 4, RELATIVE * np.ptp(likelihood.bounds, axis=1))
            start = _climbed(likelihood, start, scales, 0.1, others)
        return float(limit - np.sqrt(2 * min(max(best - likelihood.log(start), 0), WORST)))

    inside, reach = float(values[number]), 1.96
    while inside != bound:
        outside = float(values[number]) + sign * reach * deviation
        if deviation == 0 or (outside - bound) * sign > 0:
            outside = bound
        if margin(outside) < 0:
            return float(brentq(margin, inside, outside, xtol=max(RELATIVE * deviation, 1e-12)))
        inside, reach = outside, 1.5 * reach
    return bound

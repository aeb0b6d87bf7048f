"""A likelihood whose forward model is a polynomial in the noise's parameters, for many fits."""

import copy
import multiprocessing
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from noise_models.free import FreeSpecification
from qnnq.fitting.forward import Forward
from qnnq.fitting.likelihood import Likelihood
from qnnq.fitting.observation import Observation

FLOOR = 1e-5
"""The least probability of a class."""


class LikelihoodSurface(Likelihood):
    """Fits polynomials to the class probabilities at Chebyshev nodes of every parameter's range.

    Fewer coefficients than nodes average the chance of simulated probabilities out.

    Args:
        specification: The noise.
        observations: The counts.
        forward: The model.
        nodes: How many of each parameter.
        degrees: Of the polynomial in each parameter.
    """

    def __init__(
        self,
        specification: FreeSpecification,
        observations: Sequence[Observation],
        forward: Forward,
        nodes: Sequence[int],
        degrees: Sequence[int],
    ) -> None:
        super().__init__(specification, observations, forward)
        low, high = self.bounds.T
        self._middle, self._half = (low + high) / 2, (high - low) / 2
        points = [chebyshev.chebpts1(count) for count in nodes]
        found = [
            super(LikelihoodSurface, self).probabilities(self._middle + self._half * np.array(at))
            for at in product(*points)
        ]
        settings = [np.stack(each) for each in zip(*found, strict=True)]
        self._coefficients = []
        for values in settings:
            table = values.reshape(*nodes, *values.shape[1:])
            for axis, (degree, at) in enumerate(zip(degrees, points, strict=True)):
                inverse = np.linalg.pinv(chebyshev.chebvander(at, degree))
                table = np.moveaxis(np.tensordot(inverse, table, axes=(1, axis)), 0, axis)
            self._coefficients.append(table)

    def of(self, observations: Sequence[Observation]) -> "LikelihoodSurface":
        """Return the likelihood of other counts at the same settings."""
        other = copy.copy(self)
        other.observations = tuple(observations)
        return other

    def only(self, settings: Sequence[int]) -> "LikelihoodSurface":
        """Return the likelihood of some of the settings."""
        other = self.of([self.observations[each] for each in settings])
        other._coefficients = [self._coefficients[each] for each in settings]
        return other

    def probabilities(self, values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return the fitted class probabilities of every setting."""
        places = (np.asarray(values) - self._middle) / self._half
        result = []
        for table in self._coefficients:
            for place in places:
                basis = chebyshev.chebvander(np.array([place]), len(table) - 1)[0]
                table = np.tensordot(basis, table, axes=(0, 0))
            result.append(np.clip(table, FLOOR, 1))
        return result

    def error(self, points: int = 5) -> float:
        """Return the largest error of a probability at random values of the parameters."""
        random = np.random.default_rng(0)
        errors = []
        for _ in range(points):
            values = self._middle + self._half * random.uniform(-1, 1, len(self._half))
            exact = super().probabilities(values)
            assert exact is not None
            pairs = zip(self.probabilities(values), exact, strict=True)
            errors += [float(np.abs(mine - theirs).max()) for mine, theirs in pairs]
        return max(errors)


_WORK: list[Callable[[Any], Any]] = []


def in_processes(work: Callable[[Any], Any], items: Sequence[Any], workers: int) -> list[Any]:
    """Return the results of some work; forked processes have what it needs without being told."""
    _WORK.append(work)
    try:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            return pool.map(_call, items, chunksize=1)
    finally:
        _WORK.pop()


def _call(item: Any) -> Any:
    return _WORK[-1](item)

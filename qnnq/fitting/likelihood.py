"""The likelihood of what a machine showed.

The shots of an image are independent, and so are images. Where the votes of each image are known
they are multinomial with the probabilities of the classes in one shot. Where only the number of
right shots is known, of one image it is binomial; of several it is a sum of binomials with
different probabilities, whose probability is taken from its saddlepoint approximation (H. E.
Daniels, Ann. Math. Stat. 25, 631 (1954)), a few per mille off for tens of shots.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseError, NoiseSpecification
from noise_models.free import FreeSpecification
from qnnq.errors import InputError
from qnnq.fitting.forward import Forward
from qnnq.fitting.observation import Observation

SMALLEST = 1e-9
"""Probability of a class, below which it is not told from 0."""

Values = NDArray[np.float64]  # of the free parameters, (parameters,)


class Likelihood:
    """The likelihood of observations over the free parameters of a noise.

    Attributes:
        specification: The noise.
        observations: The counts.
        simulated: From how many simulated shots an image the model has its probabilities of each
            setting; None: it is exact.
    """

    def __init__(
        self,
        specification: FreeSpecification,
        observations: Sequence[Observation],
        forward: Forward,
        simulated: Sequence[int | None] | None = None,
    ) -> None:
        self.specification = specification
        self.observations = tuple(observations)
        self.simulated = tuple(simulated or [None] * len(self.observations))
        self._forward = forward
        self._known: dict[tuple[float, ...], list[NDArray[np.float64]] | None] = {}

    @property
    def bounds(self) -> NDArray[np.float64]:
        """Where the parameters are looked for, shape (parameters, 2)."""
        ends = [(p.low, p.high) for p in self.specification.parameters]
        return np.array(ends, dtype=np.float64).reshape(-1, 2)

    def probabilities(self, values: Values) -> list[NDArray[np.float64]] | None:
        """Return the class probabilities of every setting; None where the noise is impossible."""
        key = tuple(np.asarray(values, np.float64).tolist())
        if key not in self._known:
            try:
                found = self._forward(self.specification.at(key))
            except NoiseError:
                self._known[key] = None
            else:
                self._known[key] = [np.clip(p, SMALLEST, 1) for p in found]
        return self._known[key]

    def at(self, values: Values) -> list[NDArray[np.float64]]:
        """Return the same where the noise is known to be possible."""
        found = self.probabilities(values)
        assert found is not None
        return found

    def beside(self, values: Values, more: NoiseSpecification) -> list[NDArray[np.float64]] | None:
        """Return the class probabilities with more noise; None where that cannot be simulated."""
        terms = (*self.specification.at(values.tolist()).terms, *more.terms)
        try:
            found = self._forward(NoiseSpecification(terms))
        except (NoiseError, InputError):
            return None
        return [np.clip(p, SMALLEST, 1) for p in found]

    def without_noise(self) -> list[NDArray[np.float64]]:
        """Return the class probabilities of every setting without noise."""
        return self._forward(NoiseSpecification())

    def log(self, values: Values) -> float:
        """Return the log-likelihood; -inf where the noise is impossible."""
        probabilities = self.probabilities(values)
        if probabilities is None:
            return -np.inf
        pairs = zip(self.observations, probabilities, strict=True)
        return float(sum(log_likelihood(*pair) for pair in pairs))


def log_likelihood(observation: Observation, probabilities: NDArray[np.float64]) -> float:
    """Return the log-likelihood of one setting, without what does not depend on the noise.

    Args:
        observation: The counts.
        probabilities: Of the classes in one shot, shape (images, classes).
    """
    if observation.votes is not None:
        return float((observation.votes * np.log(probabilities)).sum())
    right = right_probabilities(observation, probabilities)
    return log_sum_probability(observation.right, observation.shots, right)


def right_probabilities(
    observation: Observation, probabilities: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability that a shot of each image is right, shape (images,)."""
    right: NDArray[np.float64] = probabilities[np.arange(len(probabilities)), observation.labels]
    return np.clip(right, SMALLEST, 1 - SMALLEST)


def log_sum_probability(
    total: int, shots: NDArray[np.integer], probabilities: NDArray[np.float64]
) -> float:
    """Return log P of the sum of independent binomial numbers.

    Args:
        total: The sum.
        shots: Trials of each, shape (numbers,).
        probabilities: Of each, inside (0, 1), shape (numbers,).
    """
    from scipy.optimize import brentq
    from scipy.special import expit, logit
    from scipy.stats import binom

    if len(shots) == 1:
        return float(binom.logpmf(total, shots[0], probabilities[0]))
    if total == 0:
        return float((shots * np.log1p(-probabilities)).sum())
    if total == shots.sum():
        return float((shots * np.log(probabilities)).sum())
    logits = logit(probabilities)
    ends = 1 + abs(logits).max() + np.log(shots.sum())
    t = float(brentq(lambda t: (shots * expit(logits + t)).sum() - total, -2 * ends, 2 * ends))
    q = expit(logits + t)
    generated = (shots * (np.log1p(-probabilities) - np.log1p(-q))).sum()
    return float(generated - t * total - 0.5 * np.log(2 * np.pi * (shots * q * (1 - q)).sum()))

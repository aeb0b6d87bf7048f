"""Whether the most likely noise explains the counts at all: a parametric bootstrap."""

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import IntArray
from qnnq.fitting.estimate import Estimate
from qnnq.fitting.observation import Observation

REPLICATES = 1999
"""Data sets that are drawn from the fitted noise; the least p-value is 1 / 2000."""

SEED = 0

ROUNDING = 0.01
"""Of the deviance, by the accuracy of the estimate: matters where nothing is left to be tested."""


def p_value(found: Estimate) -> float:
    """Return the probability of a fit this bad or worse, if the fitted noise were the true one.

    What is compared are the numbers of shots by setting, true class and class that was named (where
    only right shots are known: right and wrong by setting), added up over images, so that few are
    small. The statistic is the deviance, 2 sum n log(n / expected). Its distribution is that of
    data sets drawn from the fitted noise, to each of which the parameters are fitted anew by one
    step of scoring, within their ranges.
    """
    random = np.random.default_rng(SEED)
    probabilities = found.likelihood.probabilities(found.values)
    assert probabilities is not None
    settings = [
        _Setting(*each)
        for each in zip(
            found.likelihood.observations, probabilities, found.information.derivatives, strict=True
        )
    ]
    scores = np.zeros((REPLICATES, len(found.values)))
    drawn = []
    for setting in settings:
        counts, score = setting.draw(random)
        drawn.append(counts)
        scores += score
    low, high = found.likelihood.bounds.T
    moved = np.clip(found.values + scores @ found.information.covariance, low, high)
    moved -= found.values
    observed = sum(setting.observed_deviance() for setting in settings)
    statistics = sum(
        setting.deviances(counts, moved) for setting, counts in zip(settings, drawn, strict=True)
    )
    return float((1 + np.sum(statistics >= observed - ROUNDING)) / (1 + REPLICATES))


def degrees_of_freedom(found: Estimate) -> int:
    """Return how many of the numbers that `p_value` compares the parameters leave free.

    Of these numbers, those of a group of shots add up to a known sum. Where none is left free,
    nearly any noise with so many parameters fits.
    """
    free = -len(found.values)
    for observation in found.likelihood.observations:
        if observation.votes is None:
            free += 1
        else:
            free += len(np.unique(observation.labels)) * (observation.votes.shape[1] - 1)
    return free


class _Setting:
    """One setting: its images in groups, the answers to them in cells."""

    def __init__(
        self,
        observation: Observation,
        probabilities: NDArray[np.float64],
        slopes: NDArray[np.float64],
    ) -> None:
        self._observation = observation
        self._cells = _cells(observation, probabilities)  # (images, cells)
        self._slopes = _cells(observation, slopes, total=0.0)  # (parameters, images, cells)
        self._cells = self._cells / self._cells.sum(axis=-1, keepdims=True)
        labels = observation.labels
        if observation.votes is None:  # nothing is known of single images
            labels = np.zeros_like(labels)
        self._groups, self._group_of = np.unique(labels, return_inverse=True)
        shots = observation.shots[:, None]
        self._expected = self._grouped(shots * self._cells)
        self._changes = np.zeros((len(self._slopes), *self._expected.shape))
        for change, slope in zip(self._changes, self._slopes, strict=True):
            change += self._grouped(shots * slope)

    def _grouped(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add (images, cells) up over the images of each group: (groups, cells)."""
        result = np.zeros((len(self._groups), values.shape[1]))
        np.add.at(result, self._group_of, values)
        return result

    def draw(self, random: np.random.Generator) -> tuple[IntArray, NDArray[np.float64]]:
        """Return counts (replicates, groups, cells) and their scores (replicates, parameters)."""
        counts = np.zeros((REPLICATES, *self._expected.shape), np.int64)
        scores = np.zeros((REPLICATES, len(self._slopes)))
        for image, (shots, row) in enumerate(
            zip(self._observation.shots, self._cells, strict=True)
        ):
            votes = random.multinomial(shots, row, size=REPLICATES)
            counts[:, self._group_of[image]] += votes
            if self._observation.votes is not None:
                scores += votes @ (self._slopes[:, image] / row).T
        if self._observation.votes is None:
            scores = self._score_of_sum(counts[:, 0, 0])
        return counts, scores

    def _score_of_sum(self, right: IntArray) -> NDArray[np.float64]:
        """Return the scores of numbers of right shots, (replicates, parameters)."""
        share = self._cells[:, 0]
        variance = (self._observation.shots * share * (1 - share)).sum()
        scores: NDArray[np.float64] = np.outer(
            (right - self._expected[0, 0]) / variance, self._changes[:, 0, 0]
        )
        return scores

    def observed_deviance(self) -> float:
        """Return the deviance of the counts from what the fitted noise expects."""
        observation = self._observation
        if observation.votes is not None:
            counts = self._grouped(observation.votes.astype(np.float64))
        else:
            wrong = int(observation.shots.sum()) - observation.right
            counts = np.array([[observation.right, wrong]], np.float64)
        return float(_deviance(counts, self._expected))

    def deviances(self, counts: IntArray, moved: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the deviance of each replicate from what its own parameters expect."""
        changes = np.einsum("rk,kgc->rgc", moved, self._changes)
        expected = np.maximum(self._expected + changes, 1e-6)
        return _deviance(counts, expected)


def _cells(
    observation: Observation, values: NDArray[np.float64], total: float = 1.0
) -> NDArray[np.float64]:
    """Return (..., images, classes) as it is, or as right and wrong, which add up to `total`."""
    if observation.votes is not None:
        return values
    right = values[..., np.arange(values.shape[-2]), observation.labels]
    return np.stack([right, total - right], axis=-1)


def _deviance(
    counts: NDArray[np.float64] | IntArray, expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return 2 sum n log(n / expected) - 2 sum (n - expected) over groups and cells."""
    from scipy.special import xlogy

    each = xlogy(counts, counts / expected) - (counts - expected)
    result: NDArray[np.float64] = 2 * each.sum(axis=(-2, -1))
    return result

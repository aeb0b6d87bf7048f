"""Fisher's information about the parameters, from derivatives of the probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnnq.fitting.likelihood import Likelihood, Values, right_probabilities
from qnnq.fitting.observation import Observation

Derivatives = list[NDArray[np.float64]]
"""For each setting, of the class probabilities, shape (parameters, images, classes)."""


@dataclass(frozen=True, eq=False)
class Information:
    """What the counts can say about the parameters near some values.

    Attributes:
        derivatives: Of the class probabilities by the parameters.
        covariance: Of the parameters, shape (parameters, parameters): the inverse of the
            information, in directions that the counts say something about.
    """

    derivatives: Derivatives
    covariance: NDArray[np.float64]

    @property
    def deviations(self) -> NDArray[np.float64]:
        """The standard deviation of each parameter, shape (parameters,)."""
        return np.sqrt(np.diagonal(self.covariance))


def information(likelihood: Likelihood, values: Values, steps: Values) -> Information:
    """Return the information at values of the parameters, by differences over some steps."""
    bounds = likelihood.bounds
    middle = likelihood.at(values)
    rows: list[list[NDArray[np.float64]]] = []
    for number, step in enumerate(steps):
        ends, found = [], []
        for sign in (-1, 1):
            moved = values.copy()
            moved[number] = np.clip(values[number] + sign * step, *bounds[number])
            probabilities = likelihood.probabilities(moved)
            if probabilities is None:  # impossible on this side
                moved, probabilities = values, middle
            ends.append(moved[number])
            found.append(probabilities)
        width = ends[1] - ends[0] or 1.0
        rows.append([(b - a) / width for a, b in zip(*found, strict=True)])
    derivatives = [
        np.stack([row[setting] for row in rows]) if rows else np.empty((0, *p.shape))
        for setting, p in enumerate(middle)
    ]
    total = sum(
        expected_information(*each)
        for each in zip(likelihood.observations, middle, derivatives, strict=True)
    )
    return Information(derivatives, np.linalg.pinv(np.asarray(total), hermitian=True))


def expected_information(
    observation: Observation, probabilities: NDArray[np.float64], slopes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what one setting says about the parameters, shape (parameters, parameters).

    Args:
        observation: Its counts.
        probabilities: Of the classes, shape (images, classes).
        slopes: Their derivatives, shape (parameters, images, classes).
    """
    if observation.votes is not None:
        weights = observation.shots[:, None] / probabilities
        return np.asarray(np.einsum("ic,kic,lic->kl", weights, slopes, slopes), np.float64)
    _, variance, slope = right_moments(observation, probabilities, slopes)
    return np.outer(slope, slope) / variance


def right_moments(
    observation: Observation, probabilities: NDArray[np.float64], slopes: NDArray[np.float64]
) -> tuple[float, float, NDArray[np.float64]]:
    """Return mean and variance of the right shots, and the mean's derivatives (parameters,)."""
    right = right_probabilities(observation, probabilities)
    places = np.arange(len(right))
    slope = slopes[:, places, observation.labels] @ observation.shots
    variance = (observation.shots * right * (1 - right)).sum()
    return float(observation.shots @ right), float(variance), slope


def predicted_accuracy(
    observation: Observation,
    probabilities: NDArray[np.float64],
    slopes: NDArray[np.float64],
    covariance: NDArray[np.float64],
) -> tuple[float, float]:
    """Return the accuracy of one shot that is predicted, and its standard deviation.

    The deviation holds the errors of the parameters and of counting.
    """
    mean, variance, slope = right_moments(observation, probabilities, slopes)
    shots = int(observation.shots.sum())
    return mean / shots, float(np.sqrt(variance + slope @ covariance @ slope) / shots)

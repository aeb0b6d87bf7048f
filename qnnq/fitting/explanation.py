"""Candidate explanations of the same counts, compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qnnq.errors import InputError
from qnnq.fitting.estimate import Estimate, Interval, estimate
from qnnq.fitting.goodness import degrees_of_freedom, p_value
from qnnq.fitting.information import information, predicted_accuracy
from qnnq.fitting.likelihood import Likelihood

REJECTED = 0.01
"""P-value below which an explanation is rejected."""

TOLD = 6.0
"""Difference of AIC from which on one explanation is told from another: a factor of e^3 = 20."""


@dataclass(frozen=True)
class Prediction:
    """The accuracy of one shot at a setting: measured, and predicted with its 95 % interval.

    Attributes:
        name: The setting.
        shots: Shots of all its images.
        measured: The share that was right.
        value: What is predicted.
        low, high: Its interval, which holds the errors of the parameters and of counting.
        held_out: Whether the setting was left out of the fit.
    """

    name: str
    shots: int
    measured: float
    value: float
    low: float
    high: float
    held_out: bool

    @property
    def holds(self) -> bool:
        """Whether the interval holds what was measured."""
        return self.low <= self.measured <= self.high


@dataclass(frozen=True)
class Explanation:
    """A noise fitted to counts.

    Attributes:
        noise: As it was given.
        fitted: At the most likely parameters.
        parameters: Each parameter's value; by its name.
        intervals: Its 95 % profile-likelihood interval.
        log_likelihood: There.
        aic: Akaike's information criterion.
        p_value: Of the goodness of fit.
        degrees_of_freedom: Of the counts, beyond the parameters: below 1 a good fit says nothing.
        predictions: Of every setting, those that were held out included.
    """

    noise: str
    fitted: str
    parameters: dict[str, float]
    intervals: dict[str, Interval]
    log_likelihood: float
    aic: float
    p_value: float
    degrees_of_freedom: int
    predictions: tuple[Prediction, ...]


def explain(likelihood: Likelihood, held_out: Likelihood | None = None) -> Explanation:
    """Fit a noise to what a machine showed, and predict what it showed at other settings.

    Args:
        likelihood: Of what the noise is fitted to.
        held_out: Of what it is not fitted to.

    Raises:
        QnnqError: If the noise is impossible everywhere.
    """
    found = estimate(likelihood)
    predictions = _predictions(found, likelihood, held_out=False)
    if held_out is not None:
        predictions += _predictions(found, held_out, held_out=True)
    specification = likelihood.specification
    names = [parameter.name for parameter in specification.parameters]
    return Explanation(
        noise=specification.text,
        fitted=str(specification.at([float(f"{value:.4g}") for value in found.values])),
        parameters=dict(zip(names, found.values.tolist(), strict=True)),
        intervals=dict(zip(names, found.intervals, strict=True)),
        log_likelihood=found.log_likelihood,
        aic=found.aic,
        p_value=p_value(found),
        degrees_of_freedom=degrees_of_freedom(found),
        predictions=predictions,
    )


def _predictions(found: Estimate, likelihood: Likelihood, held_out: bool) -> tuple[Prediction, ...]:
    probabilities = likelihood.probabilities(found.values)
    assert probabilities is not None
    known = found.information
    derivatives = known.derivatives
    if held_out:
        steps = np.where(known.deviations > 0, known.deviations / 2, 0.0)
        derivatives = information(likelihood, found.values, steps).derivatives
    rows = []
    for observation, p, slopes in zip(
        likelihood.observations, probabilities, derivatives, strict=True
    ):
        value, deviation = predicted_accuracy(observation, p, slopes, known.covariance)
        low, high = max(0.0, value - 1.96 * deviation), min(1.0, value + 1.96 * deviation)
        shots = int(observation.shots.sum())
        name, measured = observation.name, observation.accuracy
        rows.append(Prediction(name, shots, measured, value, low, high, held_out))
    return tuple(rows)


def weights(explanations: Sequence[Explanation]) -> list[float]:
    """Return Akaike's weights, in the order of the explanations; they add up to 1."""
    least = min(each.aic for each in explanations)
    relative = np.exp([(least - each.aic) / 2 for each in explanations])
    return [float(weight) for weight in relative / relative.sum()]


def verdict(explanations: Sequence[Explanation]) -> str:
    """Return in one sentence what the comparison says."""
    if not explanations:
        raise InputError("fit: expected at least one noise")
    best = min(explanations, key=lambda each: each.aic)
    if best.p_value < REJECTED:
        return (
            f"None of these explains the counts: even the best, {best.noise}, is rejected "
            f"(p = {best.p_value:.2g})."
        )
    others = [
        each.noise
        for each in explanations
        if each is not best and each.aic - best.aic < TOLD and each.p_value >= REJECTED
    ]
    if others:
        return (
            f"It cannot be told: {best.noise} is best, but {' and '.join(others)} "
            f"{'is' if len(others) == 1 else 'are'} within {TOLD:g} of its AIC and not rejected."
        )
    if best.degrees_of_freedom < 1:
        return (
            f"It cannot be told: {best.noise} has as many parameters as the counts have numbers "
            "to be explained, so that it fits whatever they are; expected more settings."
        )
    if len(explanations) == 1:
        return f"{best.noise} explains the counts (p = {best.p_value:.2g})."
    return (
        f"{best.noise} explains the counts (p = {best.p_value:.2g}), and none of the others does "
        f"within {TOLD:g} of its AIC."
    )

"""Candidate explanations of the same counts, compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qnnq.errors import InputError
from qnnq.fitting.goodness import Goodness, Score, degrees_of_freedom, goodness
from qnnq.fitting.information import information, predicted_accuracy
from qnnq.fitting.likelihood import Likelihood, Values
from qnnq.fitting.maximum_likelihood import Fit, Interval, maximize
from qnnq.fitting.mechanisms import Unfitted
from qnnq.fitting.rivals import Rival, rivals
from qnnq.fitting.separation import separations

REJECTED = 0.01
"""P-value below which an explanation is rejected."""

EXPLAINS = 0.025
"""P-value from which on one is said to explain the counts: a true one is, 39 times in 40."""

TOLD = 6.0
"""Difference of AIC from which on one explanation is told from another: a factor of e^3 = 20."""

NAMED = 3
"""Rivals that a verdict names."""


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


@dataclass(frozen=True, kw_only=True)
class Explanation(Goodness):
    """A noise fitted to counts, and how well it fits.

    Attributes:
        noise: As it was given.
        fitted: At the most likely parameters.
        parameters: Each parameter's value; by its name.
        intervals: Its 95 % profile-likelihood interval.
        log_likelihood: There.
        aic: Akaike's information criterion.
        degrees_of_freedom: Of the counts, beyond the parameters: below 1 a good fit says nothing.
        rivals: What the counts say of every mechanism that was not fitted, those first that the
            noise cannot be told from.
        undetermined: Parameters that change nothing.
        unseen: Mechanisms that these circuits cannot show.
        predictions: Of every setting, those that were held out included.
    """

    noise: str
    fitted: str
    parameters: dict[str, float]
    intervals: dict[str, Interval]
    log_likelihood: float
    aic: float
    degrees_of_freedom: int
    rivals: tuple[Rival, ...]
    undetermined: tuple[str, ...]
    unseen: tuple[str, ...]
    predictions: tuple[Prediction, ...]


def explain(
    likelihood: Likelihood,
    held_out: Likelihood | None = None,
    unfitted: Callable[[Likelihood, Values], Unfitted] | None = None,
    elsewhere: Callable[[], Likelihood] | None = None,
) -> Explanation:
    """Fit a noise to what a machine showed, and predict what it showed at other settings.

    Args:
        likelihood: Of what the noise is fitted to.
        held_out: Of what it is not fitted to.
        unfitted: Gives the mechanisms that were not fitted, at values of the parameters.
        elsewhere: Gives the noise at settings that might be measured next; asked for where the
            noise explains the counts.

    Raises:
        QnnqError: If the noise is impossible everywhere.
    """
    found = maximize(likelihood)
    others = Unfitted(()) if unfitted is None else unfitted(likelihood, found.values)
    fit, scores = goodness(found, others.directions)
    predictions = _predictions(found, likelihood, held_out=False)
    if held_out is not None:
        predictions += _predictions(found, held_out, held_out=True)
    specification = likelihood.specification
    names = [parameter.name for parameter in specification.parameters]
    return Explanation(
        **vars(fit),
        noise=specification.text,
        fitted=str(specification.at([float(f"{value:.4g}") for value in found.values])),
        parameters=dict(zip(names, found.values.tolist(), strict=True)),
        intervals=dict(zip(names, found.intervals, strict=True)),
        log_likelihood=found.log_likelihood,
        aic=found.aic,
        degrees_of_freedom=degrees_of_freedom(found),
        rivals=_told(
            found,
            rivals(found, scores),
            elsewhere if fit.p_value >= EXPLAINS else None,  # what is rejected has no rivals
        ),
        undetermined=tuple(
            name
            for name, deviation in zip(names, found.information.deviations, strict=True)
            if deviation == 0
        ),
        unseen=others.unseen,
        predictions=predictions,
    )


def _told(
    found: Fit,
    rows: Sequence[tuple[Rival, Score]],
    elsewhere: Callable[[], Likelihood] | None,
) -> tuple[Rival, ...]:
    """Return rivals with the settings that would tell them apart."""
    rival = [(each, score.direction) for each, score in rows if each.is_rival]
    rest = [each for each, _ in rows if not each.is_rival]
    if elsewhere is None or not rival:
        return tuple(each for each, _ in rows)
    said = separations(found, [direction for _, direction in rival], elsewhere())
    told = [replace(each, told_by=words) for (each, _), words in zip(rival, said, strict=True)]
    return (*told, *rest)


def _predictions(found: Fit, likelihood: Likelihood, held_out: bool) -> tuple[Prediction, ...]:
    probabilities = likelihood.at(found.values)
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
    """Return in one or two sentences what the comparison says."""
    if not explanations:
        raise InputError("fit: expected at least one noise")
    best = min(explanations, key=lambda each: each.aic)
    if best.p_value < REJECTED:
        return (
            f"None of these explains the counts: even the best, {best.noise}, is rejected "
            f"(p = {best.p_value:.2g}).{_why(best)}"
        )
    if best.degrees_of_freedom < 1:
        return (
            f"It cannot be told: {best.noise} has as many parameters as the counts have numbers "
            "to be explained, so that it fits whatever they are; expected more settings."
        )
    if best.undetermined:
        return (
            f"It cannot be told: {best.noise} is best, but the counts are the same whatever "
            f"{_listed(best.undetermined)} is: these circuits cannot show it; expected other qubits"
            " or settings."
        )
    if best.p_value < EXPLAINS:
        return (
            f"It cannot be told: {best.noise} is best, but counts this far from it are rare "
            f"(p = {best.p_value:.2g}; expected {EXPLAINS:g} or more).{_why(best)}"
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
    alone = (
        "."
        if len(explanations) == 1
        else f", and none of the others does within {TOLD:g} of its AIC."
    )
    found = f"{best.noise} explains the counts (p = {best.p_value:.2g}){alone}"
    instead = [rival.instead for rival in best.rivals if rival.is_rival]
    if not instead:
        return found
    names = instead[:NAMED]
    if instead[NAMED:]:
        names.append(f"{len(instead) - NAMED} more, each with its size, in the list of mechanisms")
    return f"{found} It cannot be told from {_listed(names)}."


def _listed(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _why(best: Explanation) -> str:
    """Return what the counts contradict, if that can be said."""
    said = []
    missing = min(best.rivals, key=lambda rival: rival.p_value, default=None)
    if missing is not None and missing.found is not None and (best.by_mechanism or 1) < EXPLAINS:
        said.append(f"What is missing looks most like {missing.found}.")
    scatter = best.overdispersion
    if scatter is not None and scatter.value > scatter.high:
        said.append(
            f"The votes of single images scatter {scatter.value:.2g} times as much as independent "
            f"shots ({scatter.low:.2g} to {scatter.high:.2g}): no noise of independent shots does "
            "that."
        )
    return "".join(f" {each}" for each in said)

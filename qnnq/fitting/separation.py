"""Which setting would tell a fitted noise from a mechanism that was not fitted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.fitting.forward import InstrumentForward
from qnnq.fitting.information import expected_information, information
from qnnq.fitting.likelihood import Likelihood, Values
from qnnq.fitting.maximum_likelihood import Fit
from qnnq.fitting.mechanisms import Direction, changes_of
from qnnq.fitting.observation import Observation
from qnnq.fitting.rivals import LIMIT, RIVAL, cost_of, lost_accuracy
from qnnq.runs.request import RunRequest

TRIED = (("sx", 0), ("sx", 5), ("sx", 20), ("sx", 50), ("sx", 100), ("cz", 10))
"""Inserted pairs of the settings that are looked at."""

SIMULATED = 20
"""Shots of the model for each shot: what a setting would say need not be known to a per cent."""

TIMES = 2.0 ** np.arange(-2, 7)
"""Shots that are added, in units of the mean shots of an image."""

TWO_SIDED = 1.959964
"""The 97.5 % quantile of the normal distribution: half an interval of 95 %."""


def settings(
    observations: Sequence[Observation], device: str
) -> tuple[list[Observation], InstrumentForward]:
    """Return settings that might be measured next, and their model.

    They are of the network, the images and the qubits of the first observation, its mean shots
    each, with other inserted pairs; those that cannot be compiled are left out.

    Args:
        observations: What was measured.
        device: On what.
    """
    first = observations[0]
    shots = np.full(len(first.images), max(1, round(float(first.shots.mean()))), np.int64)
    found = []
    for gate, pairs in TRIED:
        request: RunRequest = replace(first.request, pairs=pairs, pair_gate=gate)  # type: ignore[arg-type]
        votes = None if first.votes is None else np.zeros_like(first.votes)
        each = replace(first, request=request, shots=shots, right=0, votes=votes)
        try:
            InstrumentForward([each], device, 1)
        except InputError:
            continue
        found.append(each)
    return found, InstrumentForward(found, device, SIMULATED)


def separations(found: Fit, rivals: Sequence[Direction], elsewhere: Likelihood) -> list[str | None]:
    """Return for each rival the setting that tells it from the fit by the fewest shots.

    Args:
        found: The fit.
        rivals: What it cannot be told from.
        elsewhere: The same noise at other settings.

    Returns:
        In words, with the shots an image; None: no setting does, by `TIMES` as many shots.
    """
    steps = np.where(found.information.deviations > 0, found.information.deviations / 2, 0.0)
    there = information(elsewhere, found.values, steps).derivatives
    said: list[str | None] = []
    for rival in rivals:
        here = sum(
            _informations(
                found.likelihood, found.values, found.information.derivatives, rival.changes
            )
        )
        changes = changes_of(elsewhere, found.values, rival.mechanism, rival.size)
        if changes is None:
            said.append(None)
            continue
        added = _informations(elsewhere, found.values, there, changes)
        cost = abs(cost_of(found, rival)) / max(lost_accuracy(found), 1e-9)
        wanted = [
            next((float(k) for k in TIMES if _told(here + k * each, cost)), np.inf)
            for each in added
        ]
        best = int(np.argmin(wanted))
        observation = elsewhere.observations[best]
        shots = (
            int(np.ceil(wanted[best] * observation.shots.max())) if np.isfinite(wanted[best]) else 0
        )
        said.append(f"{shots} shots an image of {observation.name}" if shots else None)
    return said


def _informations(
    likelihood: Likelihood,
    values: Values,
    derivatives: Sequence[FloatArray],
    changes: Sequence[FloatArray],
) -> list[FloatArray]:
    """Return what each setting says about the parameters and, last, a mechanism."""
    probabilities = likelihood.at(values)
    return [
        expected_information(
            observation, p + abs(change) / 2, np.concatenate([slopes, change[None]])
        )
        for observation, p, slopes, change in zip(
            likelihood.observations, probabilities, derivatives, changes, strict=True
        )
    ]


def _told(known: FloatArray, cost: float) -> bool:
    """Whether a mechanism that is not there is no rival, as `qnnq.fitting.rivals` has it."""
    own = np.linalg.pinv(known[:-1, :-1], hermitian=True)
    moves = own @ known[:-1, -1]
    left = known[-1, -1] - known[-1, :-1] @ moves
    if left <= 1e-9 * known[-1, -1] or left <= 0:
        return False
    reach = LIMIT / np.sqrt(left)
    inside = bool((abs(moves) * reach <= TWO_SIDED * np.sqrt(np.diagonal(own))).all())
    return inside and bool(cost * reach < RIVAL)

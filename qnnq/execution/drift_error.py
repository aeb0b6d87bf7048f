"""How much the accuracy of a task varies because its noise drifts."""

from collections.abc import Callable

import numpy as np

from qnnq.execution.engines.base import Engine
from qnnq.execution.shot_loop import Votes
from qnnq.statistics import Accuracy

DAYS = 40
"""Repetitions that are drawn; the standard deviation is then known to a ninth of itself."""


def drift_deviations(
    engine: Callable[[int], Engine],
    run: Callable[[Engine], Votes],
    accuracies: Callable[[Votes], dict[str, Accuracy]],
    seed: int,
) -> dict[str, float]:
    """Return the standard deviation of each accuracy over repetitions at independent times.

    Each has the same random numbers, so that what differs is due to the drift.

    Args:
        engine: Returns an engine whose drift has a seed.
        run: Runs the shots of the run on an engine.
        accuracies: Returns the accuracies of votes.
        seed: Seed of the task.
    """
    seeds = np.random.SeedSequence(seed, spawn_key=(DAYS, DAYS)).generate_state(DAYS)
    values: dict[str, list[float]] = {}
    for day in seeds.tolist():
        for name, accuracy in accuracies(run(engine(day))).items():
            values.setdefault(name, []).append(accuracy.value)
    return {name: float(np.std(found, ddof=1)) for name, found in values.items()}

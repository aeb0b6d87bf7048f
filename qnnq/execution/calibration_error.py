"""What the error of a measured response does to the accuracy that is predicted from it."""

from collections.abc import Callable

import numpy as np

from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.measured_deployment import MeasuredDeployment
from qnnq.execution.shot_loop import Votes
from qnnq.statistics import Accuracy

REPETITIONS = 40
"""Calibrations that are drawn; the standard deviation is then known to a ninth of itself."""


def calibration_deviations(
    deployment: MeasuredDeployment,
    compensate: bool,
    run: Callable[[Engine], Votes],
    accuracies: Callable[[Votes], dict[str, Accuracy]],
    seed: int,
) -> dict[str, float]:
    """Return the standard deviation of each accuracy over repeated calibrations.

    A parametric bootstrap: the network is run on responses drawn within the errors of the measured
    one, with the same random numbers each time, so that what differs is due to the response.

    Args:
        deployment: The network on the measured response.
        compensate: Whether angles are corrected, with the response as it was measured.
        run: Runs the shots of the run on an engine.
        accuracies: Returns the accuracies of votes.
        seed: Seed of the draws.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(REPETITIONS,)))
    values: dict[str, list[float]] = {}
    for _ in range(REPETITIONS):
        engine: Engine = InstrumentEngine(deployment.redrawn(random))
        if compensate:
            engine = deployment.compensated(engine)
        for name, accuracy in accuracies(run(engine)).items():
            values.setdefault(name, []).append(accuracy.value)
    return {name: float(np.std(found, ddof=1)) for name, found in values.items()}

"""What the error of a measured response does to the accuracy that is predicted from it."""

import math
from collections.abc import Callable

import numpy as np

from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.measured_deployment import MeasuredDeployment
from qnnq.execution.shot_loop import Votes
from qnnq.statistics import Accuracy

REPETITIONS = 40
"""Calibrations that are drawn; their deviation is then known to a ninth of itself."""


def calibration_deviations(
    deployment: MeasuredDeployment,
    compensate: bool,
    run: Callable[[Engine], Votes],
    accuracies: Callable[[Votes], dict[str, Accuracy]],
    measured: Votes,
    seed: int,
) -> dict[str, float]:
    """Return how far each accuracy deviates over repeated calibrations (root mean square).

    A parametric bootstrap: the network is run on responses drawn within the errors of the measured
    one, with the same random numbers each time, so that what differs is due to the response. The
    deviation is that from the measured response's accuracy, as the measured one deviates from the
    true one: shots that change sides make it larger than the deviation between repetitions.

    Args:
        deployment: The network on the measured response.
        compensate: Whether angles are corrected, with the response as it was measured.
        run: Runs the shots of the run on an engine.
        accuracies: Returns the accuracies of votes.
        measured: The votes on the measured response, with the same random numbers.
        seed: Seed of the draws.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(REPETITIONS,)))
    centre = accuracies(measured)
    squares = dict.fromkeys(centre, 0.0)
    for _ in range(REPETITIONS):
        engine: Engine = InstrumentEngine(deployment.redrawn(random))
        if compensate:
            engine = deployment.compensated(engine)
        for name, accuracy in accuracies(run(engine)).items():
            squares[name] += (accuracy.value - centre[name].value) ** 2
    return {name: math.sqrt(square / REPETITIONS) for name, square in squares.items()}

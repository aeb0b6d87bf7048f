"""Why another run of the same task might differ: errors of a calibration, noise that drifts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qnnq.execution.modes.base import Mode
from qnnq.execution.shot_loop import Votes
from qnnq.statistics import Accuracy

REPETITIONS = 40
"""Repetitions that are drawn; their deviation is then known to a ninth of itself."""


@dataclass(frozen=True)
class Variation:
    """Repetitions of a run that differ in one thing and have the same random numbers otherwise.

    Attributes:
        name: `calibration`, whose errors make each repetition another one, or `drift`, by which
            each is at an independent time.
        modes: Returns the repetitions.
    """

    name: Literal["calibration", "drift"]
    modes: Callable[[], Iterable[Mode]]

    def deviations(
        self,
        run: Callable[[Mode], Votes],
        accuracies: Callable[[Votes], dict[str, Accuracy]],
        measured: Votes,
    ) -> dict[str, float]:
        """Return how far each accuracy deviates over the repetitions.

        Of a drift that is the standard deviation. Of a calibration, a parametric bootstrap, it is
        the root mean square about the measured response's accuracy, as the measured one deviates
        from the true one: shots that change sides make it larger than the deviation between
        repetitions.

        Args:
            run: Runs the shots of the run in a mode.
            accuracies: Returns the accuracies of votes.
            measured: The votes of the run itself, with the same random numbers.
        """
        values: dict[str, list[float]] = {}
        for mode in self.modes():
            for name, accuracy in accuracies(run(mode)).items():
                values.setdefault(name, []).append(accuracy.value)
        if self.name == "drift":
            return {name: float(np.std(found, ddof=1)) for name, found in values.items()}
        centre = accuracies(measured)
        return {
            name: float(np.sqrt(np.mean((np.array(found) - centre[name].value) ** 2)))
            for name, found in values.items()
        }

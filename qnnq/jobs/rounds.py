"""Rounds of shots, until the accuracy of a shot is known well enough."""

import math
from collections.abc import Callable

import numpy as np

from qnnq.arrays import IntArray
from qnnq.errors import InputError
from qnnq.execution.shot_loop import Votes
from qnnq.jobs.engine import RuntimeEngine
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.runs import Run
from qnnq.jobs.service import Service
from qnnq.statistics.intervals import effective_wilson
from qnnq.statistics.votes import single_shot, single_shot_fractions

DEFAULT_ROUNDS = 100
"""Most rounds where no other limit is given, as in sweeps."""
CHANCE = 0.001
"""That images which are all alike are taken for different ones."""


def most_rounds(shots: int, target_width: float | None, max_shots: int | None) -> int:
    """Return how many rounds a run takes at most.

    Raises:
        InputError: If the numbers make no stopping rule.
    """
    if target_width is None:
        if max_shots is not None:
            raise InputError(f"`max_shots` {max_shots}: expected `target_width` beside it")
        return 1
    if not 0 < target_width < 1:
        raise InputError(f"`target_width` {target_width:g}: expected a width between 0 and 1")
    if max_shots is None:
        return DEFAULT_ROUNDS
    if max_shots < shots:
        raise InputError(f"`max_shots` {max_shots}: expected at least `shots`, {shots} a round")
    return max_shots // shots


def rounds_of(request: HardwareRequest) -> int:
    """Return how many rounds a request takes at most; see `most_rounds`."""
    return most_rounds(request.shots, request.target_width, request.max_shots)


def measure_rounds(
    run: Run, engine: RuntimeEngine, service: Service, say: Callable[[str], None]
) -> None:
    """Measure rounds of shots; rounds that are in the ledger are not measured again.

    Without a target there is one. With one they go on until the interval of the accuracy of a shot
    is as narrow as that, as many shots were taken as are allowed, more shots of the same images
    cannot make it so narrow, or another round might cost more than is left of the budget.

    Raises:
        Pending: If jobs are not finished, or what they cost is not known.
    """
    shots, target = run.request["shots"], run.request["target_width"]
    labels = run.ledger.data()["labels"]
    votes: Votes | None = None
    for number in range(most_rounds(shots, target, run.request["max_shots"])):
        if number and not engine.affords_round(service):
            say(
                f"`budget` {run.budget.seconds:g}: another round of {shots} shots might cost more "
                f"than is left; to take it: qnnq resume {run.ledger.folder} --budget AMOUNT"
            )
            return
        engine.shot_round = number
        found, _ = run.votes(engine, engine.in_passes)
        votes = found if votes is None else votes + found
        if target is None:
            return
        accuracy = single_shot(votes.counts, labels)
        width = accuracy.high - accuracy.low
        say(
            f"{(number + 1) * shots} shots an image: a shot is right in {accuracy.value:.2%}, "
            f"interval {accuracy.low:.2%} to {accuracy.high:.2%}"
        )
        if width <= target:
            return
        least = least_width(votes.counts, labels)
        if least > target:
            say(
                f"`target_width` {target:g}: more shots of these {len(labels)} images would leave "
                f"it {least:.4f} wide; only more images make it narrower"
            )
            return


def least_width(counts: IntArray, labels: IntArray) -> float:
    """Return how narrow the interval could become with any number of shots of the same images.

    The images are a sample too. The fractions of right shots vary from image to image by the
    variance between images, which stays, and by p(1 - p) / shots, which goes. The first is taken as
    small as the chi-squared distribution allows for, so that chance does not end a run early.

    Args:
        counts: Votes, shape (images, classes).
        labels: The right classes, shape (images,).
    """
    from scipy.special import chdtri

    images, shots = len(labels), int(counts[0].sum())
    if images == 1 or shots == 1:
        return 0.0
    fractions = single_shot_fractions(counts, labels)
    mean, total = fractions.mean(), fractions.var(ddof=1)
    of_shots = np.mean(fractions * (1 - fractions)) / (shots - 1)
    least = total * (images - 1) / chdtri(images - 1, CHANCE)
    kept = math.sqrt(max(0.0, least - of_shots) / total) if total else 0.0
    if not kept:
        return 0.0
    low, high = effective_wilson(mean + kept * (fractions - mean), math.inf)
    return high - low

"""Judging a measured response: what it predicts of images, against what the device then shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qnnq.data.load import load_data
from qnnq.data.selection import parse_images
from qnnq.deployments.variations import REPETITIONS
from qnnq.errors import InputError
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.measured_response import MeasuredResponse
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.jobs.compensation import site_coefficients, slot_responses
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.planning import Plan
from qnnq.networks.network import Network
from qnnq.statistics import Accuracy, single_shot_fractions
from transpile import CompiledLayer

SIMULATED = 400
"""Shots of each image that a prediction is made of."""

BLOCKS = 10
"""Parts of the images whose predictions are judged one by one."""


SEED_STEP = 1 << 24
"""Between the seeds of a calibration and of its check: Aer's random numbers repeat near a seed."""


@dataclass(frozen=True)
class TwinPrediction:
    """What a response predicts of some images.

    Attributes:
        right: How often a shot is right, shape (images,).
        redrawn: The same by responses that other calibrations of the same length might have found,
            shape (calibrations, images).
    """

    right: NDArray[np.float64]
    redrawn: NDArray[np.float64]

    def accuracy(self, shots: int, images: NDArray[np.intp] | slice = slice(None)) -> Accuracy:
        """Return the accuracy of one shot that will be measured, and its 95 % interval.

        The interval holds the errors of the calibration, of the shots that will be measured, and of
        those that were simulated.

        Args:
            shots: Shots of each image that will be measured.
            images: Which images.
        """
        right = self.right[images]
        value = float(right.mean())
        calibration = np.mean((self.redrawn[:, images].mean(axis=1) - value) ** 2)
        # Half a shot of each kind, so that a few images that are always right leave an error.
        share = (right * SIMULATED + 0.5) / (SIMULATED + 1)
        counting = (share * (1 - share)).sum() * (1 / shots + 1 / SIMULATED) / len(right) ** 2
        half = 1.959964 * float(np.sqrt(calibration + counting))
        return Accuracy(value, max(0.0, value - half), min(1.0, value + half))


@dataclass(frozen=True)
class Judgement:
    """A prediction beside the measurement.

    Attributes:
        images: How many images.
        predicted: The accuracy of one shot, with its interval.
        measured: The share of the shots that was right.
    """

    images: int
    predicted: Accuracy
    measured: float

    @property
    def inside(self) -> bool:
        """Whether the interval holds what was measured."""
        return self.predicted.low <= self.measured <= self.predicted.high


def checking_request(
    request: HardwareRequest,
    device: str,
    kinds: Sequence[Sequence[str]],
    network: Network,
    images: str,
    shots: int,
) -> HardwareRequest:
    """Return the request of the run that a response is judged by, on the sites that it measured.

    Args:
        request: That of the calibration.
        device: The device that is, or was, calibrated.
        kinds: For each entanglement angle, the sites of its slots.
        network: The network.
        images: Which images.
        shots: Shots of each.

    Raises:
        InputError: If the layers of the network need several lists of sites, or for bad images.
    """
    if len(kinds) > 1:
        raise InputError("--check: expected a network whose layers have one entanglement angle")
    widest = max(network.widths)
    chosen = len(parse_images(images, len(load_data(request.data).labels)))
    copies = max(1, min(len(kinds[0]) // widest, chosen))
    return replace(
        request,
        device=device,
        images=images,
        shots=shots,
        seed=request.seed + SEED_STEP,
        qubits=",".join(kinds[0][: copies * widest]),
        copies=copies,
    )


def predict(plan: Plan, response: MeasuredResponse, seed: int) -> TwinPrediction:
    """Return what a response predicts of the images of a planned run."""
    layers = [layer for layer in plan.circuits if isinstance(layer, CompiledLayer)]
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(REPETITIONS,)))
    labels = plan.arrays["labels"]

    def right(measured: MeasuredResponse) -> NDArray[np.float64]:
        coefficients = site_coefficients(measured, layers, "the response")
        engine = InstrumentEngine(slot_responses(layers, coefficients))
        votes = run_shots(
            plan.network,
            plan.arrays["images"],
            np.arange(len(labels)),  # copies go by the place in the selection, as in the run
            Stepwise(engine, plan.network.entanglements),
            SIMULATED,
            seed,
        )
        return single_shot_fractions(votes.counts, labels)

    redrawn = [right(response.drawn(random)) for _ in range(REPETITIONS)]
    return TwinPrediction(right(response), np.stack(redrawn))


def judge(
    prediction: TwinPrediction, counts: NDArray[np.int64], labels: NDArray[np.int64]
) -> tuple[Judgement, tuple[Judgement, ...]]:
    """Return the judgement of all images together, and those of `BLOCKS` parts of them.

    Args:
        prediction: Of the images.
        counts: What was measured: shots that chose each class, shape (images, classes).
        labels: The images' classes, shape (images,).
    """
    fractions = single_shot_fractions(counts, labels)
    shots = int(counts[0].sum())
    blocks = np.array_split(np.arange(len(labels)), min(BLOCKS, len(labels)))

    def judged(images: NDArray[np.intp]) -> Judgement:
        predicted = prediction.accuracy(shots, images)
        return Judgement(len(images), predicted, float(fractions[images].mean()))

    return judged(np.arange(len(labels))), tuple(map(judged, blocks))

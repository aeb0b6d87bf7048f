"""What a run is going to show if its device is as its calibration data say, and whether it did."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseError, NoiseSpecification
from qnnq.arrays import FloatArray
from qnnq.deployments.compilation import layer_channels, scheduled
from qnnq.devices.device import Device
from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.engines.response import layer_response
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.jobs.compensation import compensating
from qnnq.networks.network import Network
from qnnq.statistics import Accuracy, majority_votes, single_shot_fractions
from transpile import CompiledLayer

MOST_IMAGES = 1000
"""Of the run's, that are simulated, at equal distances."""
SIMULATED_SHOTS, LEAST_RUNS, MOST_RUNS = 200, 4, 20
"""Shots of each image, in as many whole runs as these numbers allow."""
NORMAL_QUANTILE = 1.959964


@dataclass(frozen=True)
class Prediction:
    """What a run is going to show.

    Attributes:
        single_shot: The share of its shots that will be right.
        majority: The share of its images that the majority of their shots will name.
        calibration: The time of the calibration data that say so, ISO 8601, None if not known.

    The intervals hold 95 % of the runs on such a device. That the device is another one by now,
    or that its calibration was not exact, is not in them: it is what a disagreement tells.
    """

    single_shot: Accuracy
    majority: Accuracy
    calibration: str | None

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """Return what `dataclasses.asdict` made of one."""
        accuracies = {name: Accuracy(**found[name]) for name in ("single_shot", "majority")}
        return cls(**accuracies, calibration=found["calibration"])


def calibrated_mode(
    network: Network,
    device: Device,
    layers: Sequence[CompiledLayer],
    responses: Sequence[NDArray[np.float64]] = (),
) -> Mode | None:
    """Return how layers answer by a device's calibration data, None where these do not suffice.

    Args:
        network: The network.
        device: The device.
        layers: Its layers, as they are placed; their waits are added.
        responses: What the angles are corrected with; none: they are not.
    """
    specification = NoiseSpecification.parse(device.name, device_names=[device.name])
    layers = [scheduled(device, layer) for layer in layers]
    try:
        channels = [layer_channels(device, specification, layer) for layer in layers]
    except NoiseError:
        return None
    engine: Engine = InstrumentEngine(
        [layer_response(*pair) for pair in zip(layers, channels, strict=True)]
    )
    if responses:
        engine = compensating(engine, layers, responses)
    return Stepwise(engine, network.entanglements)


def predict_run(
    network: Network,
    mode: Mode,
    images: NDArray[np.uint8] | FloatArray,
    labels: NDArray[np.int64],
    shots: int,
    calibration: str | None,
) -> Prediction:
    """Simulate a run several times, on `MOST_IMAGES` of its images at most.

    Args:
        network: The network.
        mode: How it is deployed, and where it is measured.
        images: Those of the run, shape (images, inputs).
        labels: Their classes, shape (images,).
        shots: Shots of each.
        calibration: The time of the calibration data, which the mode was made of.
    """
    count = min(len(labels), MOST_IMAGES)
    # at random: evenly spaced ones could all be of one class
    places = np.sort(np.random.default_rng(0).choice(len(labels), count, replace=False))
    runs = min(MOST_RUNS, max(LEAST_RUNS, math.ceil(SIMULATED_SHOTS / shots)))
    counts = np.stack(
        [
            run_shots(network, images[places], places, mode, shots, seed).counts
            for seed in range(runs)
        ]
    )
    chosen = labels[places]
    fractions = np.array([single_shot_fractions(each, chosen) for each in counts])
    majority = np.array([majority_votes(each) == chosen for each in counts], dtype=float)
    return Prediction(
        single_shot=_expected(fractions, len(labels), 0.25 / shots),
        majority=_expected(majority, len(labels), 0.25),
        calibration=calibration,
    )


def _expected(right: NDArray[np.float64], images: int, least: float) -> Accuracy:
    """Return the share that one more run will find right, and its 95 % interval.

    The variance of a run's mean over its images is the images' mean variance from run to run over
    their number. That of the simulation is its share of one run's, and, where it has fewer images,
    that of choosing these.

    Args:
        right: The share that was right, shape (runs, images simulated).
        images: Images of the run.
        least: A variance that one image has at least: without it, images that are always right
            would leave no error.
    """
    runs, count = right.shape
    share = right.mean(axis=0)
    each = right.var(axis=0, ddof=1).mean() + least / count
    variance = each / images + each / (runs * count)
    if count < images:
        variance += share.var(ddof=1) / count * (1 - count / images)
    value, half = float(share.mean()), NORMAL_QUANTILE * math.sqrt(variance)
    return Accuracy(value, max(0.0, value - half), min(1.0, value + half))


def comparison(
    predicted: Prediction, simulated: Prediction | None, measured: dict[str, Accuracy]
) -> dict[str, Any]:
    """Return what was expected beside what was measured, and whether they agree.

    Args:
        predicted: Before the run was paid.
        simulated: With the calibration of the day on which it ended, None where that is not known.
        measured: By name, `single_shot` and perhaps `majority`.
    """
    last = simulated or predicted

    def agrees(prediction: Prediction) -> bool:
        return all(
            (expected := getattr(prediction, name)).low <= found.value <= expected.high
            for name, found in measured.items()
        )

    return {
        "predicted": asdict(predicted),
        "simulated": None if simulated is None else asdict(simulated),
        "agrees_with_predicted": agrees(predicted),
        "agrees": agrees(last),
    }


def age(calibration: str | None, at: datetime | None = None) -> str:
    """Return how old calibration data are, such as `5 h` or `12 days`.

    Args:
        calibration: Their time, ISO 8601, None if not known.
        at: The time that counts, None for now.
    """
    if calibration is None:
        return "of unknown age"
    time = datetime.fromisoformat(calibration)
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    hours = ((at or datetime.now(UTC)) - time).total_seconds() / 3600
    if hours < 48:
        return f"{max(hours, 0):.0f} h old"
    return f"{hours / 24:,.0f} days old"

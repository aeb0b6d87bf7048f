"""Whether an import makes sense: the network's accuracy with its physics, and with another."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qnnq.data.dataset import Dataset
from qnnq.data.files import read_array
from qnnq.errors import InputError
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.inputs import data_for, taken_by
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.execution.unsampled import unsampled_logits
from qnnq.networks.imports import PRECISION
from qnnq.networks.network import Network
from qnnq.statistics import Accuracy, accuracies, share_right

STRETCHES = (0.0, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
SHOTS = 15
MOST_IMAGES = 2000


@dataclass(frozen=True)
class ImportCheck:
    """Accuracies without noise, on `images` images.

    Attributes:
        unsampled: Of the same weights with phi(z) in place of each measured outcome.
        one_shot: As imported.
        majority: As imported, the majority of `SHOTS` shots.
        majorities: The same with each of `STRETCHES` in place of the imported stretch.
        images: How many images.
    """

    unsampled: Accuracy
    one_shot: Accuracy
    majority: Accuracy
    majorities: dict[float, Accuracy]
    images: int

    @property
    def best_stretch(self) -> float:
        """The stretch with the highest majority."""
        return max(self.majorities, key=lambda stretch: self.majorities[stretch].value)


def check_import(network: Network, data: Dataset) -> ImportCheck:
    """Measure a network on the first images of a data set; raises `InputError` if it is no fit."""
    data = taken_by(network, data, data.name, "the network")
    data = Dataset(data.images[:MOST_IMAGES], data.labels[:MOST_IMAGES], data.name)
    found = _sampled(network, data)
    activations = set(network.activations)
    stretches = [] if "linear" in activations else STRETCHES
    return ImportCheck(
        share_right(unsampled_logits(network, data.images).argmax(axis=1) == data.labels),
        found["single_shot"],
        found["majority"],
        {s: _sampled(replace(network, stretch=s), data)["majority"] for s in stretches},
        len(data.labels),
    )


HALF_TOLERANCE = {"float16": 1e-2, "bfloat16": 5e-2}
"""Of the largest logit: what the rounding of sums in such precision adds up to."""
TOLERANCE = 1e-5


@dataclass(frozen=True)
class LogitsCheck:
    """How far the logits of an import are from those of the classical network.

    Attributes:
        images: How many images.
        deviation: The largest difference, as a share of the largest logit.
        tolerance: What was allowed.
        precision: That of the imported weights where it was less than that of float32.
    """

    images: int
    deviation: float
    tolerance: float
    precision: str | None


def check_logits(network: Network, data: str) -> LogitsCheck:
    """Compare the network, phi(z) in place of outcomes, with the logits that a file has.

    Args:
        network: As imported.
        data: An .npz with `images` or `features`, and `logits` (images, classes) of them.

    Raises:
        InputError: If the file is bad, or they differ by more than 1e-5 of the largest (weights of
            half precision: by more than their sums are rounded).
    """
    taken = data_for(network, data, "the network", labelled=False)
    found, expected = unsampled_logits(network, taken.images), read_array(Path(data), "logits")
    if expected.shape != found.shape or not np.isfinite(expected).all():
        raise InputError(
            f"{data}: logits: expected finite numbers of shape {found.shape}, got {expected.shape}"
        )
    precision = network.information.get(PRECISION)
    tolerance = HALF_TOLERANCE.get(precision or "", TOLERANCE)
    differences = np.abs(found - expected).max(axis=1) / max(np.abs(expected).max(), 1e-300)
    if differences.max() > tolerance:
        worst = int(differences.argmax())
        right = int((differences <= tolerance).sum())
        raise InputError(
            f"{data}: expected the network's logits to {tolerance:g} of the largest, got "
            f"{differences[worst]:.2g} at image {worst} ({right} of {len(found)} are right): the "
            "activation, the stretch, the layers' order or the scaling is another one"
        )
    return LogitsCheck(len(found), float(differences.max()), tolerance, precision)


def _sampled(network: Network, data: Dataset) -> dict[str, Accuracy]:
    mode = Stepwise(IdealEngine(network.entanglements), network.entanglements)
    votes = run_shots(network, data.images, np.arange(len(data.images)), mode, SHOTS, 0)
    return accuracies(votes.counts, votes.softmax_sums, data.labels, SHOTS)

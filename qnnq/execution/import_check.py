"""Whether an import makes sense: the network's accuracy with its physics, and with another."""

from dataclasses import dataclass, replace

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.data.dataset import Dataset
from qnnq.errors import InputError
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.activation import phi
from qnnq.networks.network import Network
from qnnq.statistics import Accuracy, accuracies, share_right

STRETCHES = (0.0, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
SHOTS = 15
MOST_IMAGES = 2000


@dataclass(frozen=True)
class ImportCheck:
    """Accuracies without noise, on `images` images.

    Attributes:
        classical: Of the same weights with phi(z) in place of each measured outcome.
        one_shot: As imported.
        majority: As imported, the majority of `SHOTS` shots.
        majorities: The same with each of `STRETCHES` in place of the imported stretch.
        images: How many images.
    """

    classical: Accuracy
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
    if data.images.shape[1] != network.inputs:
        raise InputError(
            f"{data.name}: expected images of {network.inputs} pixels (what the network takes), "
            f"got {data.images.shape[1]}"
        )
    data = Dataset(data.images[:MOST_IMAGES], data.labels[:MOST_IMAGES], data.name)
    if data.labels.max() >= network.classes:
        raise InputError(f"{data.name}: expected labels 0 to {network.classes - 1}")
    found = _sampled(network, data)
    activations = set(network.activations)
    stretches = [] if "linear" in activations else STRETCHES
    return ImportCheck(
        share_right(_logits(network, data).argmax(axis=1) == data.labels),
        found["single_shot"],
        found["majority"],
        {s: _sampled(replace(network, stretch=s), data)["majority"] for s in stretches},
        len(data.labels),
    )


def _sampled(network: Network, data: Dataset) -> dict[str, Accuracy]:
    mode = Stepwise(IdealEngine(network.entanglements), network.entanglements)
    votes = run_shots(network, data.images, np.arange(len(data.images)), mode, SHOTS, 0)
    return accuracies(votes.counts, votes.softmax_sums, data.labels, SHOTS)


def _logits(network: Network, data: Dataset) -> FloatArray:
    whole = data.images.dtype == np.uint8
    values: FloatArray = data.images / 255 if whole else data.images.astype(np.float64)
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        values = values @ weight.T + (0 if bias is None else bias)
        if layer < network.hidden:
            values = phi(values, network.activations[layer], network.stretches[layer])
    return values

"""Data as a network takes it: features scaled by what the network stores, and all of it checked."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.data.dataset import Dataset
from qnnq.data.forms import dataset_of_arrays
from qnnq.data.load import DATA_NAMES, load_data
from qnnq.errors import InputError, located
from qnnq.networks.network import Network
from qnnq.networks.scaling import Scaling


def data_for(network: Network, data: Any, model: Any, labelled: bool = True) -> Dataset:
    """Load data and return it as a network takes it; see `taken_by`.

    Args:
        network: The network.
        data: A data set's name, or a file; a Dataset; or arrays, as `dataset_of_arrays` takes them.
        model: What the network is called, for messages; or the network.
        labelled: Whether data without labels are refused.
    """
    called = model if isinstance(model, str) else "the network"
    if isinstance(data, str):
        return taken_by(network, load_data(data, labelled=labelled), data, called)
    if not isinstance(data, Dataset):
        scaled = Scaling.of_network(network) is not None
        data = dataset_of_arrays(data, "features" if scaled else "pixels", labelled)
    return taken_by(network, data, data.name, called)


def taken_by(network: Network, dataset: Dataset, data: str, model: str) -> Dataset:
    """Return data as pixels of the number and with the classes that a network knows.

    Raises:
        InputError: If they are other ones, or the network takes features and these are pixels.
    """
    if network.receives or dataset.states is not None:
        _check_states(network, dataset, data, model)
    dataset = as_pixels(network, dataset, data, model)
    if dataset.images.shape[1] != network.inputs:
        raise InputError(
            f"{data}: expected images of {network.inputs} pixels (what {model} takes), got "
            f"{dataset.images.shape[1]}"
            + ("; `data` FILE takes your own" if data in DATA_NAMES else "")
        )
    if dataset.labels.max(initial=0) >= network.classes:
        index = int(np.argmax(dataset.labels >= network.classes))
        raise InputError(
            f"{data}: expected labels 0 to {network.classes - 1} (what {model} tells apart), got "
            f"{dataset.labels[index]} at image {index}"
        )
    return dataset


def _check_states(network: Network, dataset: Dataset, data: str, model: str) -> None:
    if dataset.states is None:
        raise InputError(f"{data}: expected quantum states, which {model} receives, got pixels")
    if not network.receives:
        raise InputError(
            f"{data}: expected images of {network.inputs} pixels (what {model} takes), got states"
        )
    states = dataset.states
    if states.qubits * states.copies != network.widths[0]:
        raise InputError(
            f"{data}: expected states of {network.widths[0]} qubits a shot (the neurons of the "
            f"first layer of {model}), got {states.qubits} x {states.copies}"
        )


def as_pixels(network: Network, dataset: Dataset, data: str, model: str) -> Dataset:
    """Return features as the pixels that a network takes for them, and pixels as they are.

    Features in [0, 1] are what a network takes that stores no scaling.

    Raises:
        InputError: If the network takes features and these are pixels, or the reverse.
    """
    scaled = Scaling.of_network(network) is not None
    if dataset.kind == "features":
        if not scaled and not ((dataset.images >= 0) & (dataset.images <= 1)).all():
            raise InputError(
                f"{data}: expected pixels, got features; {model} stores no scaling of them, which "
                "qnnq import --features and qnnq train give to a network"
            )
        return _scaled(network, dataset, data)
    if scaled:
        raise InputError(
            f"{data}: expected features (what {model} takes, as it stores their scaling), got "
            "pixels; call the array `features` if that is what it has"
        )
    return dataset


@dataclass(frozen=True)
class TrainingData:
    """Data as it is trained with: pixels as they are, features standardised.

    Attributes:
        data: To train with.
        test: To test with.
        scaling: Of features, as the network is to store it; None for pixels.
        standard: From pixels, which `scaling` makes of features, to what is trained with.
    """

    data: Dataset
    test: Dataset
    scaling: Scaling | None = None
    standard: Scaling | None = None

    def deployed(self, network: Network) -> Network:
        """Return the network of features for one that was trained with standardised ones.

        It computes the same of the pixels that it makes of features by the scaling that it stores.
        """
        if self.scaling is None or self.standard is None:
            return network
        return self.scaling.stored_in(self.standard.taken_up_by(network))

    def as_deployed(self, test: Dataset) -> Dataset:
        """Return the test data as the network takes them that is trained with these."""
        return test if self.scaling is None else _with(self.scaling, test, test.name)


def for_training(data: Dataset, test: Dataset, clip: bool = False) -> TrainingData:
    """Return data as it is trained with; the means and deviations are those of `data`.

    Raises:
        InputError: If one has pixels and the other features, or for features out of range.
    """
    if data.kind != test.kind:
        raise InputError(
            f"{test.name}: expected {data.kind} as in {data.name}, got {test.kind}; "
            "`test_data` FILE takes your own"
        )
    if data.kind != "features":
        if clip:
            raise InputError(f"{data.name}: expected features with `clip`, got {data.kind}")
        return TrainingData(data, test)
    scaling = Scaling.of_features(data.images.astype(np.float64), clip, data.columns)
    pixels = [_with(scaling, each, each.name) for each in (data, test)]
    mean, deviation = pixels[0].images.mean(axis=0), pixels[0].images.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    standard = [
        Dataset((each.images - mean) / deviation, each.labels, each.name, "features")
        for each in pixels
    ]
    back = Scaling(-mean / deviation, (1 - mean) / deviation)
    return TrainingData(standard[0], standard[1], scaling, back)


@lru_cache(maxsize=2)
def _scaled(network: Network, dataset: Dataset, data: str) -> Dataset:
    """Scale each data set once for a network; both stay the same objects while they are loaded."""
    return _with(Scaling.of_network(network), dataset, data)


def _with(scaling: Scaling | None, dataset: Dataset, data: str) -> Dataset:
    pixels: FloatArray = dataset.images.astype(np.float64)
    try:
        pixels = pixels if scaling is None else scaling.pixels(pixels, dataset.columns)
    except InputError as error:
        raise located(data, error) from error
    return Dataset(pixels, dataset.labels, dataset.name, labelled=dataset.labelled)

"""The forms in which arrays of pictures, features and labels are kept, brought into one."""

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset, Kind
from qnnq.data.states.dataset import States
from qnnq.errors import InputError

_DIM = 128
"""uint8 pictures that stay below are likelier of another range than dark."""


def dataset_of(
    values: NDArray[Any],
    labels: NDArray[Any] | None,
    name: str,
    kind: Kind | None = None,
    columns: tuple[str, ...] | None = None,
) -> Dataset:
    """Return the data set of arrays as people keep them.

    Args:
        values: Pictures (n, pixels), (n, h, w), (n, 1, h, w) or (n, h, w, 1): whole numbers of 0 to
            255, truth values, or floats in [0, 1]; or features (n, features).
        labels: Shape (n,) or (n, 1), or one-hot (n, classes); None: there are none.
        name: What the data is called.
        kind: None takes pictures where the values can be pixels, else features.
        columns: What the features are called.

    Raises:
        InputError: If they are anything else.
    """
    if kind is None:
        kind = "pixels" if _may_be_pixels(values) else "features"
    images = _flat(values) if kind == "pixels" else values
    images = _pixels(images) if kind == "pixels" else _features(images)
    classes = np.full(len(images), -1) if labels is None else _classes(labels)
    data = Dataset(images, classes, name, kind, columns, labels is not None)
    _warn_of_another_range(data)
    return data


def dataset_of_arrays(arrays: Any, kind: Kind, labelled: bool = True) -> Dataset:
    """Return the data set of an array, or of two: (images, labels), as `dataset_of` takes them.

    Args:
        arrays: Images or features, alone or with labels; or States.
        kind: What they are.
        labelled: Whether data without labels are refused.

    Raises:
        InputError: If they are no such arrays.
    """
    if isinstance(arrays, States):
        return Dataset.of_states(arrays)
    pair = arrays if isinstance(arrays, tuple) else (arrays, None)
    if len(pair) != 2:
        raise InputError(f"data: expected (images, labels), got {len(pair)} arrays")
    images, labels = np.asarray(pair[0]), pair[1]
    if labels is None and labelled:
        raise InputError("data: expected (images, labels), got images alone")
    if images.ndim < 2:
        raise InputError(
            f"data: expected a name, a file, a Dataset or arrays, got {type(arrays).__name__} of "
            f"shape {images.shape}"
        )
    return dataset_of(images, None if labels is None else np.asarray(labels), "the data", kind)


def _may_be_pixels(values: NDArray[Any]) -> bool:
    if values.dtype.kind != "f":
        return True
    return values.ndim > 2 or bool(((values >= 0) & (values <= 1)).all())


def _flat(images: NDArray[Any]) -> NDArray[Any]:
    """Return pictures row by row, (n, pixels); what is none is left as it is."""
    shape = images.shape
    if len(shape) == 4 and 1 not in (shape[1], shape[3]):
        raise InputError(
            f"images: expected one number a pixel, got shape {shape}; pictures with colours have "
            "to be flattened in the order that the network was trained with"
        )
    if len(shape) not in (3, 4):
        return images
    return images.reshape(shape[0], math.prod(shape[1:]))


def _pixels(images: NDArray[Any]) -> NDArray[Any]:
    if images.dtype.kind == "b":
        return images.astype(np.float32)
    if images.dtype.kind not in "iu" or images.dtype == np.uint8:
        return images
    bad = np.argwhere((images < 0) | (images > 255))
    if len(bad):
        found = images[tuple(bad[0])]
        raise InputError(f"images: expected pixels 0 to 255, got {found} in image {bad[0][0]}")
    return images.astype(np.uint8)


def _features(features: NDArray[Any]) -> NDArray[Any]:
    return features.astype(np.float64) if features.dtype.kind in "biuf" else features


def _classes(labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels of shape (n,); what are none is left as it is."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "biuf":
        return labels
    if labels.ndim == 2 and labels.shape[1] > 1:
        if not (((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise InputError(
                f"labels: expected one class an image: shape (n,), or one-hot, a single 1 in each "
                f"row, got others of shape {labels.shape}"
            )
        classes: NDArray[Any] = labels.argmax(axis=1)
        return classes
    whole = labels.dtype.kind == "f" and bool((labels == np.floor(labels)).all())
    if labels.dtype.kind == "b" or (whole and (np.abs(labels) < 2**53).all()):
        return labels.astype(np.int64)
    return labels


def _warn_of_another_range(data: Dataset) -> None:
    if data.images.dtype != np.uint8:
        return
    most = int(data.images.max())
    if 0 < most < _DIM:
        warnings.warn(
            f"{data.name}: whole pixels are divided by 255, and the largest is {most}; if {most} "
            f"is full brightness, save images / {most} as floats",
            stacklevel=2,
        )

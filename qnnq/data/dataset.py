"""Labelled images, or features of any range."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.data.states.dataset import States
from qnnq.errors import InputError

_MOST_CLASSES = 1_000_000

Kind = Literal["pixels", "features", "states"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images or rows of features, read-only.

    Attributes:
        images: Shape (n, pixels), uint8 or floating point in [0, 1]; of features, shape
            (n, features), finite floating point numbers; of states, shape (n, 0).
        labels: Shape (n,), whole numbers >= 0; -1 throughout where there are none.
        name: What the data is called.
        kind: `pixels`, or `features`, which a network takes that stores their scaling, or `states`,
            which a network takes that receives them.
        columns: What the features are called, where that is known.
        labelled: Whether there are labels.
        states: The states, where these are the data.

    Raises:
        InputError: If anything is otherwise, naming the array and the image.
    """

    images: NDArray[np.uint8] | FloatArray
    labels: NDArray[np.int64]
    name: str
    kind: Kind = "pixels"
    columns: tuple[str, ...] | None = None
    labelled: bool = True
    states: States | None = None

    def __post_init__(self) -> None:
        if self.kind == "pixels":
            _check_images(self.images)
        elif self.kind == "features":
            _check_features(self.images)
        if self.labelled:
            _check_labels(self.labels, len(self.images))
        for field, dtype in (("images", self.images.dtype), ("labels", np.int64)):
            view = np.ascontiguousarray(getattr(self, field), dtype=dtype).view()
            view.flags.writeable = False
            object.__setattr__(self, field, view)

    @classmethod
    def of_states(cls, states: States) -> Self:
        """Return quantum states as data."""
        nothing = np.empty((len(states.states), 0))
        return cls(nothing, states.labels, states.name, "states", states=states)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of images and labels; the name is not part of it."""
        if self.states is not None:
            return self.states.digest
        digest = hashlib.sha256(b"features" if self.kind == "features" else b"")
        for array in (self.images, self.labels):
            digest.update(f"{array.dtype.str} {array.shape}".encode())
            digest.update(array.data)
        return digest.hexdigest()


def _check_images(images: NDArray[Any]) -> None:
    if images.ndim != 2 or 0 in images.shape:
        raise InputError(f"images: expected an array (images, pixels), got shape {images.shape}")
    if images.dtype == np.uint8:
        return
    if images.dtype.kind != "f" or images.dtype.itemsize > 8:
        raise InputError(f"images: expected uint8 or float16, 32 or 64, got {images.dtype}")
    bad = np.argwhere(~((images >= 0) & (images <= 1)))  # also true of nan
    if len(bad):
        image, pixel = bad[0]
        found = images[image, pixel]
        raise InputError(
            f"images: expected pixels in [0, 1], got {found} in image {image} (pixels up to 255: "
            "save them as uint8; no pixels: call them features, and see qnnq import --features)"
        )


def _check_features(features: NDArray[Any]) -> None:
    if features.ndim != 2 or 0 in features.shape or features.dtype.kind != "f":
        found = f"{features.dtype} of shape {features.shape}"
        raise InputError(f"features: expected numbers (rows, features), got {found}")
    bad = np.argwhere(~np.isfinite(features))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"features: expected finite numbers, got {features[row, column]} in row {row}, "
            f"column {column}"
        )


def _check_labels(labels: NDArray[Any], count: int) -> None:
    if labels.shape != (count,):
        raise InputError(f"labels: expected shape ({count},), one an image, got {labels.shape}")
    if not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"labels: expected whole numbers, got {labels.dtype}")
    bad = np.flatnonzero((labels < 0) | (labels >= _MOST_CLASSES))
    if len(bad):
        raise InputError(
            f"labels: expected numbers from 0 to {_MOST_CLASSES - 1}, "
            f"got {labels[bad[0]]} for image {bad[0]}"
        )

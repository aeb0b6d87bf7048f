"""Labelled images."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.errors import InputError

_MOST_CLASSES = 1_000_000


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images, read-only.

    Attributes:
        images: Shape (n, pixels), uint8 or floating point in [0, 1].
        labels: Shape (n,), whole numbers >= 0.
        name: What the data is called.

    Raises:
        InputError: If anything is otherwise, naming the array and the image.
    """

    images: NDArray[np.uint8] | FloatArray
    labels: NDArray[np.int64]
    name: str

    def __post_init__(self) -> None:
        _check_images(self.images)
        _check_labels(self.labels, len(self.images))
        for field, dtype in (("images", self.images.dtype), ("labels", np.int64)):
            view = np.ascontiguousarray(getattr(self, field), dtype=dtype).view()
            view.flags.writeable = False
            object.__setattr__(self, field, view)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of images and labels; the name is not part of it."""
        digest = hashlib.sha256()
        for array in (self.images, self.labels):
            digest.update(f"{array.dtype.str} {array.shape}".encode())
            digest.update(array.data)
        return digest.hexdigest()


def _check_images(images: NDArray[Any]) -> None:
    if images.ndim != 2 or 0 in images.shape:
        flat = "; flatten pictures: images.reshape(len(images), -1)" if images.ndim > 2 else ""
        raise InputError(
            f"images: expected an array (images, pixels), got shape {images.shape}{flat}"
        )
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
            "save them as uint8; features that are no pixels: qnnq import --features, qnnq scale)"
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

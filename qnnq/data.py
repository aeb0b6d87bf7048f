"""Data sets of labelled images: bundled ones by name, others by path."""

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.activation import FloatArray
from qnnq.errors import InputError
from qnnq.naming import nearest

BUNDLED_FOLDER = Path(__file__).parent / "bundled" / "data"
BUNDLED_DATA = ("mnist5k", "mnist-test")
DATA_NAMES = (*BUNDLED_DATA, "mnist-train")
_MOST_CLASSES = 1_000_000


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images, read-only.

    `images` is (n, pixels), uint8 or floating point in [0, 1]; `labels` is (n,), whole numbers
    >= 0. Raises InputError, naming the array and the image, if anything is otherwise.
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


def load_data(name_or_path: str) -> Dataset:
    """Load a data set: `mnist5k`, `mnist-test`, `mnist-train`, or an .npz or IDX file.

    An IDX file of images has its labels beside it under MNIST's naming (or the other way round).
    `mnist-train` is downloaded once into the user's cache. Raises InputError for an unknown name or
    a bad file, QnnqError if the download fails.
    """
    from qnnq.data_files import read_data

    if name_or_path in BUNDLED_DATA:
        return _bundled_data(name_or_path)
    if name_or_path == "mnist-train":
        from qnnq.mnist_download import fetch_training_images

        return read_data(fetch_training_images(), name_or_path)
    if not os.path.exists(name_or_path):
        raise InputError(
            f"{name_or_path}: no such file, nor a known data set ({', '.join(DATA_NAMES)})"
            f"{nearest(name_or_path, DATA_NAMES)}"
        )
    return read_data(Path(name_or_path), Path(name_or_path).name)


@lru_cache(maxsize=len(BUNDLED_DATA))
def _bundled_data(name: str) -> Dataset:
    from qnnq.data_files import read_data

    return read_data(BUNDLED_FOLDER / f"{name}-images-idx3-ubyte.gz", name)


def parse_images(text: str, count: int) -> NDArray[np.int64]:
    """Return the image indices that `all`, `0:200`, `6929` or `1,5,9:12` selects of `count` images.

    The order is kept. Raises InputError for anything empty, out of range or selected twice.
    """
    if text.strip() == "all":
        return np.arange(count, dtype=np.int64)
    parts = [_parse_part(part.strip(), text, count) for part in text.split(",")]
    images = np.concatenate(parts)
    values, counts = np.unique(images, return_counts=True)
    if counts.max() > 1:
        raise InputError(f"images {text!r}: expected each once, got {values[counts > 1][0]} twice")
    return images


def _parse_part(part: str, text: str, count: int) -> NDArray[np.int64]:
    if not re.fullmatch(r"[0-9]{1,18}(:[0-9]{1,18})?", part):
        raise InputError(
            f"images {text!r}: expected such as all, 0:200, 6929 or 1,5,9, got {part!r}"
        )
    numbers = [int(number) for number in part.split(":")]
    first, stop = numbers[0], numbers[-1] + (len(numbers) == 1)
    if first >= stop:
        raise InputError(f"images {text!r}: expected START:STOP with START < STOP, got {part}")
    if stop > count:
        raise InputError(f"images {text!r}: expected indices 0 to {count - 1}, got {stop - 1}")
    return np.arange(first, stop, dtype=np.int64)


def _check_images(images: NDArray[Any]) -> None:
    if images.ndim != 2 or 0 in images.shape:
        raise InputError(f"images: expected an array (images, pixels), got shape {images.shape}")
    if images.dtype == np.uint8:
        return
    if not np.issubdtype(images.dtype, np.floating):
        raise InputError(f"images: expected uint8 or floating point, got {images.dtype}")
    bad = np.argwhere(~((images >= 0) & (images <= 1)))  # also true of nan
    if len(bad):
        image, pixel = bad[0]
        found = images[image, pixel]
        raise InputError(f"images: expected pixels in [0, 1], got {found} in image {image}")


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

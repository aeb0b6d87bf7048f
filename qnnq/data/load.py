"""Data sets by name: bundled ones, MNIST's training images, or a file's path."""

import os
from functools import lru_cache
from pathlib import Path

from qnnq.data.dataset import Dataset
from qnnq.data.files import read_data
from qnnq.errors import InputError
from qnnq.wording import nearest

BUNDLED_FOLDER = Path(__file__).parent.parent / "bundled" / "data"
BUNDLED_DATA = ("mnist5k", "mnist-test")
DATA_NAMES = (*BUNDLED_DATA, "mnist-train")


def load_data(name_or_path: str) -> Dataset:
    """Load a data set: `mnist5k`, `mnist-test`, `mnist-train`, or an .npz or IDX file.

    An IDX file of images has its labels beside it under MNIST's naming (or the other way round).
    `mnist-train` is downloaded once into the user's cache.

    Raises:
        InputError: For an unknown name or a bad file.
        QnnqError: If the download fails.
    """
    if name_or_path in BUNDLED_DATA:
        return _bundled_data(name_or_path)
    if name_or_path == "mnist-train":
        from qnnq.data.mnist import fetch_training_images

        return read_data(fetch_training_images(), name_or_path)
    if not os.path.exists(name_or_path):
        raise InputError(
            f"{name_or_path}: no such file, nor a known data set ({', '.join(DATA_NAMES)})"
            f"{nearest(name_or_path, DATA_NAMES)}"
        )
    return read_data(Path(name_or_path), Path(name_or_path).name)


@lru_cache(maxsize=len(BUNDLED_DATA))
def _bundled_data(name: str) -> Dataset:
    return read_data(BUNDLED_FOLDER / f"{name}-images-idx3-ubyte.gz", name)

"""Data sets by name: bundled ones, MNIST's training images, or a file's path."""

import os
from functools import lru_cache
from pathlib import Path

from qnnq.data.dataset import Dataset
from qnnq.data.files import data_files, read_data
from qnnq.errors import InputError
from qnnq.storage.files import FileVersion, file_versions
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
    path = Path(name_or_path)
    try:
        return _read_once(path, file_versions(*data_files(path)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


@lru_cache(maxsize=2)
def _read_once(path: Path, versions: tuple[FileVersion, ...]) -> Dataset:
    """Read a file again only where it has changed; large ones are held in memory, so only two."""
    return read_data(path, path.name)


@lru_cache(maxsize=len(BUNDLED_DATA))
def _bundled_data(name: str) -> Dataset:
    return read_data(BUNDLED_FOLDER / f"{name}-images-idx3-ubyte.gz", name)

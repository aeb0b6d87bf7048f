"""Data sets by name: bundled ones, MNIST's training images, or a file's path."""

import os
import re
from functools import lru_cache
from pathlib import Path

from qnnq.data.dataset import Dataset
from qnnq.data.files import data_files, read_data
from qnnq.data.npz import PARTS, Part, parts_of
from qnnq.data.states.words import is_states, states_of
from qnnq.errors import InputError
from qnnq.storage.files import FileVersion, file_versions, reading
from qnnq.wording import nearest

BUNDLED_FOLDER = Path(__file__).parent.parent / "bundled" / "data"
BUNDLED_DATA = ("mnist5k", "mnist-test")
DATA_NAMES = (*BUNDLED_DATA, "mnist-train")


def load_data(name_or_path: str | Path, prefer: Part = "test", labelled: bool = True) -> Dataset:
    """Load a data set: `mnist5k`, `mnist-test`, `mnist-train`, or a file.

    An .npz file has `images` or `features` and `labels`, the keys of Keras (`x_test`, `y_test`) or
    of MedMNIST (`test_images`, `test_labels`); `FILE:train` and `FILE:test` choose a part. Of a
    pair of .npy files and of IDX files either may be given. The first line of a CSV file names the
    columns, one of them `label`. `mnist-train` is downloaded once into the user's cache.

    Quantum states are a file, .json or .qpy, or a family such as `tfim(qubits=4, states=100)`.

    Args:
        name_or_path: The name, or the file.
        prefer: The part of a file with parts, where the name says none.
        labelled: Whether data without labels are refused.

    Raises:
        InputError: For an unknown name or a bad file.
        QnnqError: If the download fails.
    """
    if not isinstance(name_or_path, str | Path):
        found = type(name_or_path).__name__
        raise InputError(f"`data`: expected a name or a file, got {found}")
    name_or_path = str(name_or_path)
    if name_or_path in BUNDLED_DATA:
        return _bundled_data(name_or_path)
    if is_states(name_or_path):
        file = [Path(name_or_path)] if os.path.isfile(name_or_path) else []
        return _states(name_or_path, file_versions(*file))
    if name_or_path == "mnist-train":
        from qnnq.data.mnist import fetch_training_images

        return read_data(fetch_training_images(), name_or_path)
    path, part = split_part(name_or_path)
    if not path.exists():
        raise InputError(
            f"{name_or_path}: no such file, nor a known data set ({', '.join(DATA_NAMES)})"
            f"{nearest(name_or_path, DATA_NAMES)}"
        )
    with reading(path):
        data = _read_once(path, part, prefer, file_versions(*data_files(path)))
    if labelled and not data.labelled:
        raise InputError(
            f"{name_or_path}: expected labels beside {data.kind}, found none; only qnnq run takes "
            "data without (--predictions FILE)"
        )
    return data


def test_part(name_or_path: str) -> str | None:
    """Return the test part of a file to train with, `FILE:test`, if it has one."""
    path, _ = split_part(name_or_path)
    return f"{path}:test" if path.is_file() and "test" in parts_of(path) else None


def split_part(name_or_path: str) -> tuple[Path, Part | None]:
    """Return the path and the part of `FILE` or `FILE:train`."""
    match = re.fullmatch(rf"(.+):({'|'.join(PARTS)})", name_or_path)
    if match is None or os.path.exists(name_or_path):
        return Path(name_or_path), None
    return Path(match[1]), next(part for part in PARTS if part == match[2])


@lru_cache(maxsize=2)
def _read_once(
    path: Path, part: Part | None, prefer: Part, versions: tuple[FileVersion, ...]
) -> Dataset:
    """Read a file again only where it has changed; large ones are held in memory, so only two."""
    name = path.name if part is None else f"{path.name}:{part}"
    return read_data(path, name, part, prefer)


@lru_cache(maxsize=2)
def _states(words: str, versions: tuple[FileVersion, ...]) -> Dataset:
    return Dataset.of_states(states_of(words))


@lru_cache(maxsize=len(BUNDLED_DATA))
def _bundled_data(name: str) -> Dataset:
    return read_data(BUNDLED_FOLDER / f"{name}-images-idx3-ubyte.gz", name)

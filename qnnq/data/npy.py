"""A pair of .npy files: of images or features, and of labels under a name that goes with it."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset, Kind
from qnnq.data.forms import dataset_of
from qnnq.data.npz import KEYS
from qnnq.errors import InputError

_WORDS = (*KEYS, ("data", "labels", None))


def npy_pair(path: Path) -> tuple[Path, Path | None, Kind | None]:
    """Return the files of values and of labels (None: there is none), and what the values are.

    `x_test.npy` goes with `y_test.npy`, `images.npy` and `features.npy` with `labels.npy`.
    """
    kind: Kind | None = None
    for values, labels, of_values in _WORDS:
        if _has(path, values):
            kind = of_values if kind is None else kind
            if (beside := _renamed(path, values, labels)).is_file():
                return path, beside, of_values
        if _has(path, labels) and (beside := _renamed(path, labels, values)).is_file():
            return beside, path, of_values
    return path, None, kind


def read_npy(values: bytes, labels: bytes | None, name: str, kind: Kind | None) -> Dataset:
    """Read a data set from the contents of such files; raises `InputError` if they are bad."""
    return dataset_of(_array(values), None if labels is None else _array(labels), name, kind)


def _array(content: bytes) -> NDArray[Any]:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # numpy has no common class for what a bad file raises
        raise InputError(f"expected a plain array; numpy cannot load it: {error}") from error
    if not isinstance(array, np.ndarray):
        raise InputError("expected a plain array")
    return array


def _has(path: Path, word: str) -> bool:
    return re.search(_word(word), path.stem) is not None


def _renamed(path: Path, word: str, other: str) -> Path:
    return path.with_name(re.sub(_word(word), other, path.stem, count=1) + path.suffix)


def _word(word: str) -> str:
    return rf"(?<![A-Za-z]){word}(?![A-Za-z])"

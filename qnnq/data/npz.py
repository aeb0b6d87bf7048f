"""The arrays of an .npz file: one data set, or parts for training and testing (Keras, MedMNIST)."""

import io
import zipfile
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset, Kind
from qnnq.data.forms import dataset_of
from qnnq.errors import InputError
from qnnq.limits import MOST_ARRAY_BYTES

Part = Literal["train", "test", "val"]
PARTS: tuple[Part, ...] = get_args(Part)

# (values, labels, what the values are; None: to be seen from them)
_Keys = tuple[str, str, Kind | None]
KEYS: tuple[_Keys, ...] = (
    ("images", "labels", "pixels"),
    ("features", "labels", "features"),
    ("x", "y", None),
    ("X", "y", None),
    ("data", "target", None),
)
# keras.datasets (x_train), medmnist.com (train_images)
_OF_PART: tuple[_Keys, ...] = (
    ("x_{}", "y_{}", None),
    ("X_{}", "y_{}", None),
    ("{}_images", "{}_labels", "pixels"),
    ("{}_features", "{}_labels", "features"),
)
_EXPECTED = (
    "expected an .npz file with plain arrays images (or features) and labels, x_test and y_test, "
    "or test_images and test_labels"
)


def read_npz(content: bytes, name: str, part: Part | None, prefer: Part) -> Dataset:
    """Read a data set; it may have no labels.

    Args:
        content: Of the file.
        name: What the data is called.
        part: Of a file with parts, the one that is wanted; None: `prefer`.
        prefer: See `part`.

    Raises:
        InputError: If the file is bad, or has no such part.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_ARRAY_BYTES:
            most = f"{MOST_ARRAY_BYTES:,} bytes of arrays"
            raise InputError(f"expected at most {most}, found {size:,}")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            values, labels, kind = _chosen(list(file), part, prefer)
            arrays = {key: file[key] for key in (values, labels) if key in file}
    except InputError:
        raise
    except Exception as error:  # numpy has no common class for what a bad file raises
        raise InputError(f"{_EXPECTED}; numpy cannot load it: {error}") from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise InputError(f"{_EXPECTED}, got {', '.join(arrays)} of another kind")
    found: NDArray[Any] | None = arrays.get(labels)
    return dataset_of(arrays[values], found, name, kind)


def parts_of(path: Path) -> tuple[Part, ...]:
    """Return the parts that an .npz file has; none where it is another file."""
    if not zipfile.is_zipfile(path):
        return ()
    with zipfile.ZipFile(path) as archive:
        keys = [name.removesuffix(".npy") for name in archive.namelist()]
    return tuple(part for part in PARTS if _keys_of(part, keys))


def _chosen(keys: list[str], part: Part | None, prefer: Part) -> _Keys:
    whole = [each for each in KEYS if each[0] in keys]
    parts = {each: found for each in PARTS if (found := _keys_of(each, keys))}
    if whole and part is None:
        if parts:
            others = " and ".join(found[0][0].format(each) for each, found in parts.items())
            named = " or ".join(f"FILE:{each}" for each in parts)
            raise InputError(
                f"expected one data set or parts of one, got both {whole[0][0]} and {others}; "
                f"{named} takes a part"
            )
        return _only(whole)
    wanted = part or prefer
    if wanted in parts:
        return _only(parts[wanted])
    if parts:
        names = ", ".join(f"FILE:{each}" for each in parts)
        raise InputError(f"expected a part {wanted!r}, found others, which are called {names}")
    expected = _EXPECTED if part is None else f"expected arrays x_{part} and y_{part}"
    raise InputError(f"{expected}, got {', '.join(keys) or 'none'}")


def _keys_of(part: str, keys: list[str]) -> list[_Keys]:
    named = [(values.format(part), labels.format(part), kind) for values, labels, kind in _OF_PART]
    return [each for each in named if each[0] in keys]


def _only(found: list[_Keys]) -> _Keys:
    if len(found) > 1:
        names = " and ".join(values for values, _, _ in found)
        raise InputError(f"expected images or features, got both {names}")
    return found[0]

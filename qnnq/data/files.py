"""Reading data sets from files: .npz and IDX, gzipped or not."""

import gzip
import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.data.dataset import Dataset
from qnnq.errors import InputError
from qnnq.limits import MOST_ARRAY_BYTES
from qnnq.storage.files import write_atomically

_GZIP, _ZIP = b"\x1f\x8b", b"PK"
# IDX (yann.lecun.com/exdb/mnist): two zero bytes, the type 8 (unsigned byte), the number of axes,
# each axis's length as a big-endian 32-bit number, then the values.
_IDX_IMAGES, _IDX_LABELS = b"\0\0\x08\x03", b"\0\0\x08\x01"
_NAMES = (
    ("images-idx3", "labels-idx1"),
    ("images.idx3", "labels.idx1"),
)
"""How MNIST's mirrors name the file of images and the one of labels beside it."""


def read_data(path: Path, name: str) -> Dataset:
    """Read a data set; raise InputError, one line that begins with the path, if it is bad."""
    try:
        content = _content(path)
        if content.startswith(_ZIP):
            return _read_npz(content, name)
        if content[:4] not in (_IDX_IMAGES, _IDX_LABELS):
            raise InputError("expected an .npz or IDX file (of images or of labels)")
        other = _file_beside(path, given_images=content[:4] == _IDX_IMAGES)
        arrays = {}
        for file, text in ((path, content), (other, _content(other))):
            array = _parse_idx(text, file)
            arrays["labels" if array.ndim == 1 else "images"] = array
        if len(arrays) < 2:
            raise InputError(f"expected images and labels, got {next(iter(arrays))} twice")
        images = arrays["images"]
        flat = images.reshape(len(images), math.prod(images.shape[1:]))
        return Dataset(flat, arrays["labels"].astype(np.int64), name)
    except InputError as error:
        message = str(error)
        raise InputError(message if str(path) in message else f"{path}: {message}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def data_files(path: Path) -> list[Path]:
    """Return the files that `read_data` reads: an IDX file has another one beside it."""
    given_images = any(images in path.name for images, _ in _NAMES)
    try:
        return [path, _file_beside(path, given_images)]
    except InputError:
        return [path]


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        if file.read(len(_GZIP)) != _GZIP:
            file.seek(0)
            return _limited(file.read(MOST_ARRAY_BYTES + 1), path)
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _limited(unzipped.read(MOST_ARRAY_BYTES + 1), path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{path}: not a whole gzip file: {error}") from error


def _limited(content: bytes, path: Path) -> bytes:
    if len(content) > MOST_ARRAY_BYTES:
        raise InputError(f"{path}: expected at most {MOST_ARRAY_BYTES} bytes, found more")
    return content


def _parse_idx(content: bytes, path: Path) -> NDArray[np.uint8]:
    if content[:4] not in (_IDX_IMAGES, _IDX_LABELS):
        raise InputError(f"{path}: expected an IDX file of images or of labels")
    axes = content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise InputError(f"{path}: expected an IDX header of {start} bytes, got {len(content)}")
    shape = tuple(int(length) for length in np.frombuffer(content[4:start], ">u4"))
    expected = start + math.prod(shape)
    if len(content) != expected:
        raise InputError(f"{path}: expected {expected} bytes for IDX {shape}, got {len(content)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _file_beside(path: Path, given_images: bool) -> Path:
    for images, labels in _NAMES:
        here, there = (images, labels) if given_images else (labels, images)
        if here in path.name:
            beside = path.with_name(path.name.replace(here, there))
            for file in (beside, beside.with_suffix(""), Path(f"{beside}.gz")):
                if file.is_file():
                    return file
            raise InputError(f"expected {beside.name} beside it, found no such file")
    kind = "images-idx3" if given_images else "labels-idx1"
    raise InputError(f"expected a name such as train-{kind}-ubyte.gz, to find the other file by")


def read_features(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read the arrays `features`, (n, features), any finite numbers, and `labels` of an .npz file.

    Raises `InputError`, one line that begins with the path, if the file is bad.
    """
    try:
        arrays = _npz_arrays(_content(path), ("features", "labels"))
        features = arrays["features"]
        if features.ndim != 2 or 0 in features.shape or features.dtype.kind not in "fiu":
            found = f"{features.dtype} of shape {features.shape}"
            raise InputError(f"features: expected numbers (n, features), got {found}")
        bad = np.argwhere(~np.isfinite(features))
        if len(bad):
            row, column = bad[0]
            raise InputError(f"features: expected finite numbers, got {features[row, column]}")
        # As a data set with blank images, for the checks of the labels.
        labels = Dataset(np.zeros((len(features), 1), np.uint8), arrays["labels"], path.name).labels
        return features.astype(np.float64), labels
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def write_data(path: str | Path, images: NDArray[Any], labels: NDArray[Any]) -> Dataset:
    """Write and return a data set of images, (n, pixels), and labels, (n,); raises as `Dataset`."""
    data = Dataset(images, labels, Path(path).name)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=data.images, labels=data.labels)
    write_atomically(path, buffer.getvalue())
    return data


def _read_npz(content: bytes, name: str) -> Dataset:
    arrays = _npz_arrays(content, ("images", "labels"))
    return Dataset(arrays["images"], arrays["labels"], name)


def _npz_arrays(content: bytes, names: tuple[str, str]) -> dict[str, NDArray[Any]]:
    expected = f"expected an .npz file with plain arrays {' and '.join(names)}"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_ARRAY_BYTES:
            raise InputError(f"expected at most {MOST_ARRAY_BYTES} bytes of arrays, found {size}")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in names if key in file}
            found = ", ".join(file) or "none"
    except InputError:
        raise
    except Exception as error:  # numpy has no common class for what a bad file raises
        raise InputError(f"{expected}; numpy cannot load it: {error}") from error
    if len(arrays) < 2 or not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise InputError(f"{expected}, got {found}")
    return arrays

"""Reading data sets from files: .npz, .npy, CSV and IDX, gzipped or not."""

import gzip
import io
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray
from qnnq.data.dataset import Dataset
from qnnq.data.forms import dataset_of
from qnnq.data.npy import npy_pair, read_npy
from qnnq.data.npz import Part, read_npz
from qnnq.data.table import SUFFIXES, read_table
from qnnq.errors import InputError
from qnnq.limits import MOST_ARRAY_BYTES
from qnnq.storage.files import reading, refuse_pointer

_GZIP, _ZIP, _NPY = b"\x1f\x8b", b"PK", b"\x93NUMPY"
# IDX (yann.lecun.com/exdb/mnist): two zero bytes, the type 8 (unsigned byte), the number of axes,
# each axis's length as a big-endian 32-bit number, then the values.
_IDX_IMAGES, _IDX_LABELS = b"\0\0\x08\x03", b"\0\0\x08\x01"
_NAMES = (
    ("images-idx3", "labels-idx1"),
    ("images.idx3", "labels.idx1"),
)
"""How MNIST's mirrors name the file of images and the one of labels beside it."""


def read_data(path: Path, name: str, part: Part | None = None, prefer: Part = "test") -> Dataset:
    """Read a data set, which may have no labels.

    Args:
        path: The file; one of images may have its labels in another one beside it.
        name: What the data is called.
        part: Of a file with parts, the one that is wanted; None: `prefer`.
        prefer: See `part`.

    Raises:
        InputError: One line that begins with the path, if the file is bad.
    """
    with reading(path):
        content = _content(path)
        if content.startswith(_ZIP):
            return read_npz(content, name, part, prefer)
        if part is not None:
            raise InputError(f"expected an .npz file with a part {part!r}, found another file")
        if content.startswith(_NPY):
            values, labels, kind = npy_pair(path)
            beside = None if labels is None else _content(labels)
            return read_npy(_content(values), beside, name, kind)
        if content[:4] in (_IDX_IMAGES, _IDX_LABELS):
            return _read_idx(content, path, name)
        if path.name.removesuffix(".gz").endswith(SUFFIXES):
            return read_table(content, name)
        raise InputError("expected an .npz, .npy, CSV or IDX file (of images or of labels)")


def read_array(path: Path, key: str) -> FloatArray:
    """Return the numbers that an .npz file has under a key; raises `InputError` as `read_data`."""
    with reading(path):
        content = _content(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            array: FloatArray = file[key].astype(np.float64)
    except Exception as error:  # numpy has no common class for what a bad file raises
        raise InputError(f"{path}: expected an .npz file with an array `{key}`: {error}") from error
    return array


def data_files(path: Path) -> list[Path]:
    """Return the files that `read_data` reads: an IDX or .npy file may have another beside it."""
    if path.suffix == ".npy":
        values, labels, _ = npy_pair(path)
        return [values] if labels is None else [values, labels]
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
    refuse_pointer(path, content)
    if len(content) > MOST_ARRAY_BYTES:
        raise InputError(f"{path}: expected at most {MOST_ARRAY_BYTES:,} bytes, found more")
    return content


def _read_idx(content: bytes, path: Path, name: str) -> Dataset:
    other = _file_beside(path, given_images=content[:4] == _IDX_IMAGES)
    arrays = {}
    for file, text in ((path, content), (other, _content(other))):
        array = _parse_idx(text, file)
        arrays["labels" if array.ndim == 1 else "images"] = array
    if len(arrays) < 2:
        raise InputError(f"expected images and labels, got {next(iter(arrays))} twice")
    return dataset_of(arrays["images"], arrays["labels"], name, "pixels")


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

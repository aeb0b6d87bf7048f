"""Rows of a results file as text and bytes, each with a checksum."""

import hashlib
import io
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.limits import MOST_ARRAY_BYTES


def canonical(value: object) -> str:
    """Return the JSON text that equal values have in common."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def checksum(*values: str | bytes | int | float) -> str:
    """Return a 64-bit checksum (hexadecimal) of the values of a row, their types included."""
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        content = value if isinstance(value, bytes) else repr(value).encode("utf-8", "replace")
        digest.update(f"{type(value).__name__} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()


def packed(array: NDArray[Any]) -> bytes:
    """Compress an array, counts and indices in the smallest integer type that holds them."""
    if array.dtype.kind in "iu" and array.size and array.min() >= 0:
        array = array.astype(np.min_scalar_type(array.max()))
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return zlib.compress(buffer.getvalue(), level=3)


def unpacked(blob: bytes) -> NDArray[Any]:
    """Return what `packed` was given; raises ValueError, EOFError or zlib.error for other bytes."""
    content = zlib.decompressobj().decompress(blob, MOST_ARRAY_BYTES)
    array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return array

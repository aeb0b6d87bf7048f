"""A result as the row of a results file, and back."""

import json
import math
import struct
import sys
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qnnq.limits import MOST_ARRAY_BYTES
from qnnq.results.exact_result import ExactResult
from qnnq.results.result import RunResult
from qnnq.results.rows import canonical, checksum
from qnnq.results.schema import content_of, stored_seed
from qnnq.results.task import Task

_HEADER = struct.Struct("<QI3s")
"""Images, classes, and the types of indices, labels and counts as numpy's letters."""
_SUMS = np.dtype("<f4")
_RAW, _COMPRESSED = b"r", b"z"
_LEAST_COMPRESSED = 256

Arrays = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


class Row(NamedTuple):
    """A row of `results`, its checksum last, and the texts that it refers to."""

    values: tuple[Any, ...]
    content: str
    provenance: str


def encode(result: RunResult) -> Row:
    """Return the row of a result."""
    task = result.task
    # Equal texts are one object, which a message between processes then holds once.
    content = sys.intern(canonical(content_of(task.to_json())))
    provenance = sys.intern(
        canonical(
            {
                "versions": result.versions,
                "calibration": result.calibration,
                "out_of_reach": result.out_of_reach,
            }
        )
    )
    sums = result.probabilities if isinstance(result, ExactResult) else result.softmax_sums
    values = (
        bytes.fromhex(result.task_id),
        checksum(content),
        task.images,
        stored_seed(task.seed or 0),
        task.shots or 0,
        float(result.seconds),
        checksum(provenance),
        arrays_to_bytes(result.images, result.labels, result.counts, sums),
    )
    return Row((*values, checksum(*values)), content, provenance)


def decode(row: Row) -> RunResult:
    """Return the result of a row; raises ValueError, InputError or zlib.error for no such row."""
    task_id, _, images, seed, shots, seconds, _, arrays, _ = row.values
    selection = {} if images is None else {"images": images}
    drawn = {"seed": int(seed), "shots": shots} if shots else {}
    task = Task.from_json({**json.loads(row.content), **selection, **drawn})
    images, labels, counts, sums = arrays_from_bytes(arrays)
    more = {"seconds": seconds, **json.loads(row.provenance)}
    if task.engine == "exact":
        return ExactResult.of(task_id.hex(), task, images, labels, sums, **more)
    return RunResult(task_id.hex(), task, images, labels, counts, sums, **more)


def arrays_to_bytes(
    images: NDArray[np.integer],
    labels: NDArray[np.integer],
    counts: NDArray[np.integer],
    softmax_sums: NDArray[np.floating],
) -> bytes:
    """Return arrays as bytes: whole numbers >= 0 in their smallest type, sums in 32 bits.

    A result without shots has counts of 0, and class probabilities in place of the sums.
    """
    small = [
        array.astype(np.min_scalar_type(array.max(initial=0)).newbyteorder("<"))
        for array in (images, labels, counts)
    ]
    types = "".join(array.dtype.char for array in small).encode()
    content = _HEADER.pack(len(images), counts.shape[1], types)
    content += b"".join(array.tobytes() for array in (*small, softmax_sums.astype(_SUMS)))
    if len(content) < _LEAST_COMPRESSED:
        return _RAW + content
    return _COMPRESSED + zlib.compress(content, level=3)


def arrays_from_bytes(content: bytes) -> Arrays:
    """Return the indices, labels, counts and sums that `arrays_to_bytes` was given.

    Raises:
        ValueError, zlib.error, struct.error: For other bytes.
    """
    body = content[1:]
    if content[:1] == _COMPRESSED:
        body = zlib.decompressobj().decompress(body, MOST_ARRAY_BYTES)
    count, classes, types = _HEADER.unpack_from(body)
    shapes = ((count,), (count,), (count, classes), (count, classes))
    dtypes = [*(np.dtype(chr(letter)).newbyteorder("<") for letter in types), _SUMS]
    arrays, start = [], _HEADER.size
    for shape, dtype in zip(shapes, dtypes, strict=True):
        arrays.append(np.frombuffer(body, dtype, math.prod(shape), start).reshape(shape))
        start += arrays[-1].nbytes
    images, labels, counts, sums = arrays
    whole = (array.astype(np.int64) for array in (images, labels, counts))
    return (*whole, sums.astype(np.float64))  # type: ignore[return-value]

"""Selections of images: as users write them, and canonically."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError

ImagesLike = str | int | range | slice | Sequence[int] | NDArray[np.integer]
"""What selects images."""


def images_text(images: ImagesLike) -> str:
    """Return a selection as a user writes it: `range(9)` is `0:9`.

    Raises:
        InputError: If it is no selection of indices, or has none.
    """
    if isinstance(images, str):
        return images
    if isinstance(images, slice) and images.stop is not None:
        images = range(images.start or 0, images.stop, images.step or 1)
    found = np.atleast_1d(np.asarray(images))
    if found.ndim != 1 or not found.size or found.dtype.kind not in "iu" or found.min() < 0:
        raise InputError(f"images {images!r:.80}: expected indices >= 0, such as range(9)")
    return image_ranges(found.astype(np.int64))


def rows_of(values: NDArray[Any], images: NDArray[np.int64]) -> NDArray[Any]:
    """Return the rows of some images, without a copy where they follow one another."""
    if len(images) and (np.diff(images) == 1).all():
        return values[images[0] : images[-1] + 1]
    return values[images]


def parse_images(text: str, count: int) -> NDArray[np.int64]:
    """Return the image indices that `all`, `0:200`, `6929` or `1,5,9:12` selects of `count` images.

    The order is kept.

    Raises:
        InputError: For anything empty, out of range or selected twice.
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
        raise InputError(
            f"images {text!r}: expected indices 0 to {count - 1}, got {stop - 1}; all takes all"
        )
    return np.arange(first, stop, dtype=np.int64)


def image_ranges(images: NDArray[np.int64]) -> str:
    """Return image indices as text such as `0:200,300,302:305`, the same for equal selections."""
    runs = np.split(images, np.flatnonzero(np.diff(images) != 1) + 1)
    return ",".join(
        f"{run[0]}:{run[-1] + 1}" if len(run) > 1 else f"{run[0]}" for run in runs if len(run)
    )

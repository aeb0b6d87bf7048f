"""Equal rows of angles merged into one with more shots."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class MergedRows:
    """Distinct rows that are all wanted equally often.

    Attributes:
        shots: How often each row is wanted.
        angles: The distinct rows, shape (rows, columns), radians.
        places: Which original rows the shots of each row belong to, shape (rows, shots).
    """

    shots: int
    angles: NDArray[np.floating]
    places: NDArray[np.int64]


def merge_rows(angles: NDArray[np.floating]) -> list[MergedRows]:
    """Group equal rows, by how often they occur: all rows of a group share their shots.

    Args:
        angles: Shape (rows, columns).
    """
    distinct, inverse, counts = np.unique(angles, axis=0, return_inverse=True, return_counts=True)
    by_row = np.argsort(inverse.ravel(), kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    groups = []
    for shots in np.unique(counts):
        rows = np.flatnonzero(counts == shots)
        places = by_row[starts[rows][:, None] + np.arange(shots)]
        groups.append(MergedRows(int(shots), distinct[rows], places))
    return groups

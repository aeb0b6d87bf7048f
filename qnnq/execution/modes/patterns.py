"""The outcomes of a narrow layer as whole numbers: neuron j is bit j, 1 for the outcome -1."""

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import IntArray, OutcomeArray

WIDEST = 18
"""Neurons of a layer whose patterns are listed."""

_NUMBERS = 1 << 16
"""Of a table, worked on at a time: what the nearest caches hold."""


def outcomes_of(patterns: IntArray, width: int) -> OutcomeArray:
    """Return the outcomes of patterns, (patterns, width)."""
    packed = patterns.astype("<u4").view(np.uint8).reshape(-1, 4)
    bits = np.unpackbits(packed, axis=1, count=width, bitorder="little").view(np.int8)
    return np.int8(1) - 2 * bits


def pattern_of(outcomes: OutcomeArray) -> IntArray:
    """Return the pattern of each row of outcomes, shape (...), for (..., width)."""
    *rows, width = outcomes.shape
    bytes_per_row = 2 if width <= 16 else 4
    padded = outcomes
    if width < 8 * bytes_per_row:
        padded = np.zeros((*rows, 8 * bytes_per_row), dtype=np.int8)
        padded[..., :width] = outcomes
    packed = np.packbits((padded < 0).reshape(-1), bitorder="little")  # faster than row by row
    return packed.view(f"<u{bytes_per_row}").reshape(rows).astype(np.intp)


class Rows:
    """Rows of a table that are made when they are first asked for, by any thread.

    Of the patterns that could arrive few do, so those that did lie one after the other.

    Args:
        count: How many could be asked for.
        none: No row, (0, width).
        make: Returns some rows, (rows, width).
    """

    def __init__(
        self, count: int, none: NDArray[Any], make: Callable[[IntArray], NDArray[Any]]
    ) -> None:
        self._place = np.full(count, -1, dtype=np.int32)
        self._made = none
        self._rows = 0
        self._make = make
        self._lock = Lock()

    def __getitem__(self, rows: IntArray) -> NDArray[Any]:
        """Return rows, shape (*rows.shape, width)."""
        places, made = self.found(rows)
        return np.take(made, places, axis=0)

    def found(self, rows: IntArray) -> tuple[NDArray[np.int32], NDArray[Any]]:
        """Return where rows are among those that were made, and these, with room for more."""
        places = np.take(self._place, rows)
        if (places < 0).any():
            with self._lock:
                self._add(rows)
            places = np.take(self._place, rows)
        return places, self._made

    def _add(self, rows: IntArray) -> None:
        asked = np.zeros(len(self._place), dtype=bool)
        asked[rows.reshape(-1)] = True
        missing = np.flatnonzero(asked & (self._place < 0))
        stop = self._rows + len(missing)
        if stop > len(self._made):
            made = np.empty((max(stop, 2 * self._rows), self._made.shape[1]), self._made.dtype)
            made[: self._rows] = self._made[: self._rows]
            self._made = made
        size = max(1, _NUMBERS // self._made.shape[1])
        for start in range(0, len(missing), size):
            some = missing[start : start + size]
            first = self._rows + start
            self._made[first : first + len(some)] = self._make(some)
        self._place[missing] = np.arange(self._rows, stop)  # after there are such rows
        self._rows = stop

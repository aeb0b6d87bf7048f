"""The outcomes of a narrow layer as whole numbers: neuron j is bit j, 1 for the outcome -1."""

import numpy as np

from qnnq.arrays import IntArray, OutcomeArray

WIDEST = 18
"""Neurons of a layer whose patterns are listed."""


def all_patterns(width: int) -> OutcomeArray:
    """Return the outcomes of every pattern, in order, (2^width, width)."""
    return outcomes_of(np.arange(1 << width), width)


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

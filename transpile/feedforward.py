"""Angles of a layer as sums of fixed rotations that outcomes of the layer before switch on.

A machine's controller does no arithmetic during a circuit: it can only run a branch or not. What
the branches switch on are rotations about one axis, so their order does not matter.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from transpile.errors import TranspileError

MAX_TABLE_WIDTH = 10
"""Neurons whose every pattern of outcomes may have a branch: 1,024 branches one after the other
take about 0.1 ms, as long as a superconducting qubit lives."""


@dataclass(frozen=True, eq=False)
class Branch:
    """A rotation of each neuron that happens where bits of the layer before have a value.

    Attributes:
        bits: Neurons of the layer before.
        value: The sum of 2**k times bit k of `bits` (0 for outcome +1, 1 for -1) for which it
            happens.
        angles: Shape (width,), radians.
    """

    bits: tuple[int, ...]
    value: int
    angles: NDArray[np.float64]

    @property
    def ones(self) -> tuple[int, ...]:
        """The neurons of the layer before whose bit is 1 wherever the branch is taken."""
        return tuple(bit for k, bit in enumerate(self.bits) if self.value >> k & 1)

    def taken(self, bits: ArrayLike) -> NDArray[np.bool_]:
        """Whether bits (..., width of the layer before) take the branch, (...)."""
        wanted = [self.value >> k & 1 for k in range(len(self.bits))]
        taken: NDArray[np.bool_] = np.all(np.asarray(bits)[..., list(self.bits)] == wanted, axis=-1)
        return taken


@dataclass(frozen=True, eq=False)
class Feedforward:
    """theta = base + the angles of all branches that are taken; base: (width,), radians."""

    base: NDArray[np.float64]
    branches: tuple[Branch, ...]

    def angles(self, bits: ArrayLike) -> NDArray[np.float64]:
        """The angles theta (..., width) for bits (..., width of the layer before)."""
        total = np.broadcast_to(self.base, (*np.shape(bits)[:-1], len(self.base))).copy()
        for branch in self.branches:
            total += branch.taken(bits)[..., None] * branch.angles
        return total


def linear_feedforward(weight: ArrayLike, bias: ArrayLike | None, stretch: float) -> Feedforward:
    """One branch a neuron of the layer before, for the activation phi(z) = z / stretch.

    theta_i = (pi/2) (r_last,i - (sum_j W_ij r_j + b_i) / stretch) with r = 1 - 2 bit; r_last,i is
    r_i, or +1 where the layer before has no neuron i. So bit j adds pi (W_ij / stretch - [i = j])
    to what the angle is with all bits 0.

    Args:
        weight: Shape (width, width of the layer before).
        bias: Shape (width,), or None.
        stretch: Of the activation.

    Raises:
        TranspileError: For another shape or a stretch that is not positive.
    """
    matrix = np.asarray(weight, dtype=float)
    if matrix.ndim != 2 or matrix.size == 0:
        raise TranspileError(f"weight: expected two dimensions, got shape {matrix.shape}")
    width = len(matrix)
    offset = np.zeros(width) if bias is None else np.asarray(bias, dtype=float)
    if offset.shape != (width,):
        raise TranspileError(f"bias: expected shape ({width},), got {offset.shape}")
    if not (stretch > 0 and math.isfinite(stretch)):
        raise TranspileError(f"stretch: expected a number > 0 for linear, got {stretch}")
    base = np.pi / 2 * (1 - (matrix.sum(axis=1) + offset) / stretch)
    columns = np.pi * (matrix / stretch - np.eye(*matrix.shape))
    branches = tuple(Branch((bit,), 1, column) for bit, column in enumerate(columns.T))
    return Feedforward(base, branches)


def table_feedforward(
    angles: Callable[[NDArray[np.float64]], NDArray[np.float64]], width_before: int
) -> Feedforward:
    """One branch for every pattern of outcomes of the layer before, for any activation.

    Args:
        angles: Gives theta (patterns, width) in radians for outcomes +1/-1 (patterns,
            width_before).
        width_before: Width of the layer before.

    Raises:
        TranspileError: Where these are too many branches.
    """
    if width_before > MAX_TABLE_WIDTH:
        raise TranspileError(
            f"feed-forward: {width_before} neurons need {2**width_before - 1} branches, at most "
            f"{2**MAX_TABLE_WIDTH - 1} are built; activation linear needs {width_before}"
        )
    values = np.arange(2**width_before)
    outcomes = 1.0 - 2.0 * (values[:, None] >> np.arange(width_before) & 1).astype(np.float64)
    theta = angles(outcomes)
    bits = tuple(range(width_before))
    branches = [Branch(bits, value, theta[value] - theta[0]) for value in range(1, len(values))]
    return Feedforward(theta[0], tuple(branches))

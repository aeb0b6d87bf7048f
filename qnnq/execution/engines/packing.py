"""Where angles go on the chip and their outcomes come back from; equal rows become one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, IntArray, OutcomeArray
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from transpile import CompiledLayer, NetworkCircuit


@dataclass(frozen=True)
class PackedAngles:
    """One row of angles for each execution of a layer's circuit.

    Attributes:
        angles: Shape (executions, slots), radians. Slots that nobody uses are 0.
        origins: What tells rows apart, as `Angles.origins`; shape (executions, columns).
        rows: For every image, shot and neuron, the execution it is part of;
            shape (images, shots, width).
        slots: Likewise the slot, shape (images, 1, width).
        bits: Outcomes that an execution records.

    Of a whole network `rows` is (images, shots, 1), and `slots` (1, 1, outcomes of all layers).
    """

    angles: FloatArray
    origins: FloatArray
    rows: IntArray
    slots: IntArray
    bits: int

    def outcomes(self, bits: NDArray[np.integer]) -> OutcomeArray:
        """Return outcomes (images, shots, width) of recorded bits (executions, bits)."""
        return (1 - 2 * bits[self.rows, self.slots]).astype(np.int8)


def pack(layer: CompiledLayer | NetworkCircuit, angles: Angles, draws: Draws) -> PackedAngles:
    """Lay images side by side on the copies of a layer, and a wide layer on several executions.

    Args:
        layer: The compiled layer, or the circuit of a whole network: an execution of it is a shot
            of one image, and the outcomes of all its layers come back. One of a layer that receives
            states is a shot too, as each may be of another preparation.
        angles: Of the layer's neurons.
        draws: The images and the number of shots.
    """
    width = angles.shape[-1]
    if isinstance(layer, NetworkCircuit) or width > layer.shape.width:
        return _pack_whole(layer, angles, draws)
    copy = draws.copies(layer.shape.copies)
    group = _earlier_equal(copy)  # images of one copy follow one another
    groups = int(group.max(initial=-1)) + 1
    part = np.arange(width) // layer.slots
    slots = layer.slot_of[copy][:, None, :]  # (images, 1, width)
    shot = np.arange(draws.shots)[None, :, None]
    # executions are ordered by (group of images, shot, part of the layer)
    rows = (group[:, None, None] * draws.shots + shot) * layer.parts + part
    places = rows, np.broadcast_to(slots, rows.shape)
    packed = np.zeros((groups * draws.shots * layer.parts, layer.slots), angles.values.dtype)
    packed[places] = angles.settled()
    numbers = angles.origins()
    origins = np.zeros((*packed.shape, numbers.shape[-1]), dtype=numbers.dtype)
    origins[places] = numbers
    return PackedAngles(packed, origins.reshape(len(packed), -1), rows, slots, layer.slots)


def _pack_whole(
    network: CompiledLayer | NetworkCircuit, angles: Angles, draws: Draws
) -> PackedAngles:
    shape = (len(angles), draws.shots, angles.shape[-1])
    rows = np.arange(len(angles) * draws.shots).reshape(-1, draws.shots, 1)
    bits = network.circuit.num_clbits
    packed = np.broadcast_to(angles.values, shape).reshape(-1, shape[-1])
    return PackedAngles(packed, packed, rows, np.arange(bits)[None, None, :], bits)


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


def merge_rows(angles: NDArray[np.floating], origins: NDArray[np.floating]) -> list[MergedRows]:
    """Group equal rows, by how often they occur: all rows of a group share their shots.

    Args:
        angles: Shape (rows, columns).
        origins: What tells rows apart and puts them in order, (rows, columns).
    """
    _, first, inverse, counts = np.unique(
        origins, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    distinct = angles[first]
    by_row = np.argsort(inverse.ravel(), kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    groups = []
    for shots in np.unique(counts):
        rows = np.flatnonzero(counts == shots)
        places = by_row[starts[rows][:, None] + np.arange(shots)]
        groups.append(MergedRows(int(shots), distinct[rows], places))
    return groups


def _earlier_equal(values: IntArray) -> IntArray:
    """Return how many earlier values equal each of the values, shape (values,)."""
    order = np.argsort(values, kind="stable")
    ranks = np.arange(len(values))
    first = np.searchsorted(values[order], values[order])
    found = np.empty_like(values)
    found[order] = ranks - first
    return found

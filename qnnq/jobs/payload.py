"""The size of a job's request: angles and circuit as the client encodes them, zlib and base64."""

import math
import zlib
from collections.abc import Sequence

import numpy as np
from qiskit.circuit import QuantumCircuit

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.engines.packing import pack
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.network import Network
from qnnq.storage.blobs import circuit_to
from transpile import CompiledLayer

BASE64 = 4 / 3
MOST_BYTES_PER_ANGLE = 8 * BASE64
"""A float64 that cannot be compressed."""
MARGIN = 1.2
"""What is measured of a part of the angles holds for the others up to this."""
REQUEST_BYTES = 3000
"""Everything in a request that is neither circuit nor angles (client 0.51)."""
TWIRLING_BYTES, TWIRLING_BYTES_PER_SLOT = 8000, 500
"""The recipe that randomizes a measurement, which goes along (client 0.51)."""
_CHUNK, _CHUNKS = 1 << 16, 16
_IMAGES, _SHOTS = 50, 10


def circuit_bytes(circuit: QuantumCircuit, twirled: bool) -> int:
    """Return an upper bound of what a request takes without its angles."""
    size = REQUEST_BYTES + math.ceil(len(zlib.compress(circuit_to(circuit))) * BASE64)
    if twirled:
        size += TWIRLING_BYTES + TWIRLING_BYTES_PER_SLOT * circuit.num_clbits
    return size


def angle_bytes(angles: FloatArray) -> float:
    """Return what an angle takes at most, measured on parts of the rows that will be sent.

    Angles of layers after the first are of few values, and those of sign networks of two.
    """
    flat = angles.ravel()
    starts = range(0, max(flat.size, 1), _CHUNK)
    chosen = starts[:: max(1, len(starts) // _CHUNKS)]
    # A last part of a few angles says nothing of the others.
    whole = [start for start in chosen if start == 0 or start + 99 < flat.size]
    parts = [flat[start : start + _CHUNK].astype("<f8") for start in whole]
    worst = max(len(zlib.compress(part.tobytes())) / max(part.size, 1) for part in parts)
    return min(MARGIN * BASE64 * worst, MOST_BYTES_PER_ANGLE)


def expected_angle_bytes(
    network: Network, layers: Sequence[CompiledLayer], images: FloatArray
) -> tuple[float, ...]:
    """Return what an angle of each layer is going to take, by the first images without noise.

    Args:
        network: The network.
        layers: Its layers, as they are placed.
        images: Pixels, shape (images, inputs).
    """
    recorder = _Recorder(network, layers)
    few = images[:_IMAGES]
    mode = Stepwise(recorder, network.entanglements)
    run_shots(network, few, np.arange(len(few)), mode, _SHOTS, seed=0)
    return tuple(recorder.bytes)


class _Recorder:
    """Measures as the ideal engine, and notes what the angles would take that it is given.

    It has no closed form, so that every layer comes by.
    """

    images_per_call = _IMAGES

    def __init__(self, network: Network, layers: Sequence[CompiledLayer]) -> None:
        self._engine = IdealEngine(network.entanglements)
        self._layers = layers
        self.bytes: list[float] = []

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        rows = pack(self._layers[layer], angles, draws).angles
        self.bytes.append(angle_bytes(np.unique(rows, axis=0)))
        return self._engine.measure(layer, angles, draws)

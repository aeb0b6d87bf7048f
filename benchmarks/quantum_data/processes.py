"""Random processes as arrays, many at a time, and what they make of Bell pairs and of |0>."""

import numpy as np

from qnnq.data.states.pure import DEPTH, haar_angles


def processes(
    rng: np.random.Generator,
    count: int,
    qubits: int,
    real: bool,
    columns: int,
    depth: int = DEPTH,
) -> np.ndarray:
    """Return the first columns of U, (count, 2^n, columns); qubit 0 is the most significant bit.

    The brickwork of `qnnq.data.states.pure.process_circuit`: rotations, RY or Haar-random ones of
    SU(2), then CZ of neighbours.
    """
    shape = (count, depth, qubits)
    angles = np.array([haar_angles(rng) for _ in np.ndindex(shape)]).reshape(*shape, 3)
    if real:
        angles = angles[..., 1:2] * np.array([1, 0, 0])
    gates = rotations(*np.moveaxis(angles, -1, 0))
    states = np.tile(np.eye(2**qubits, columns, dtype=complex), (count, 1, 1))
    for layer in range(depth):
        for qubit in range(qubits):
            split = states.reshape(count, 2**qubit, 2, -1)
            states = np.einsum("cij,cajb->caib", gates[:, layer, qubit], split)
        states = states.reshape(count, *(2,) * qubits, columns)
        for qubit in range(layer % 2, qubits - 1, 2):
            states[(slice(None), *(slice(None),) * qubit, 1, 1)] *= -1
    return states.reshape(count, 2**qubits, columns)


def rotations(theta: np.ndarray, phi: np.ndarray, lam: np.ndarray) -> np.ndarray:
    """Return U(theta, phi, lambda), (..., 2, 2)."""
    c, s = np.cos(theta / 2), np.sin(theta / 2)
    rows = [[c, -np.exp(1j * lam) * s], [np.exp(1j * phi) * s, np.exp(1j * (phi + lam)) * c]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def bell_law(unitaries: np.ndarray) -> np.ndarray:
    """Return the law of X^x Z^z, [circuit, x, z], numbers of n bits: |tr(.. U U^T)|^2/4^n."""
    size = unitaries.shape[1]
    both = unitaries @ unitaries.swapaxes(1, 2)
    index = np.arange(size)
    values = both[:, index[:, None] ^ index, index]  # [circuit, x, j]
    return np.abs(walsh(values) / size) ** 2


def walsh(values: np.ndarray) -> np.ndarray:
    """Return sum over j of (-1)^(j z) values[..., j], [..., z]."""
    size = values.shape[-1]
    for place in range(size.bit_length() - 1):
        a, b = np.moveaxis(values.reshape(*values.shape[:-1], -1, 2, 2**place), -2, 0)
        values = np.stack([a + b, a - b], axis=-2).reshape(*values.shape[:-1], size)
    return values


def y_law(columns: np.ndarray) -> np.ndarray:
    """Return the probabilities of U|0> in the Y basis, (circuits, 2^n), from (circuits, 2^n, 1)."""
    count, size = columns.shape[:2]
    to_y = np.array([[1, -1j], [1, 1j]]) / np.sqrt(2)
    states = columns
    for qubit in range(size.bit_length() - 1):
        states = np.einsum("ij,cajb->caib", to_y, states.reshape(count, 2**qubit, 2, -1))
    return np.abs(states.reshape(count, size)) ** 2


def drawn(rng: np.random.Generator, laws: np.ndarray, shots: int) -> np.ndarray:
    """Draw outcomes of laws (circuits, outcomes), (circuits, shots)."""
    found = []
    for law in laws:
        upto = np.cumsum(law)
        found.append(np.searchsorted(upto, rng.random(shots) * upto[-1], side="right"))
    return np.stack(found)


def bits_of(numbers: np.ndarray, size: int) -> np.ndarray:
    """Return the bits of numbers below a power of 2, (..., n), the most significant one first."""
    return numbers[..., None] >> np.arange(size.bit_length() - 1)[::-1] & 1

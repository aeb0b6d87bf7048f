"""States that hide a Pauli: (1 + s 0.95 P)/2^n with a random Pauli P and a random sign s.

They are separable: each preparation is a product of eigenstates, of P's letter on its support and
of Z elsewhere, whose signs multiply to s with chance 0.975 and to -s else, and are fair otherwise.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qnnq.data.states.dataset import State
from qnnq.data.states.paulis import (
    Paulis,
    pauli_number,
    pauli_text,
    random_partners,
    random_paulis,
)
from qnnq.statistics.copies import CONTRAST

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

ANGLE = np.array([[0.0, np.pi], [np.pi / 2, -np.pi / 2], [np.pi / 2, -np.pi / 2], [0.0, np.pi]])
"""Radians: RY(ANGLE[letter, bit]), then RZ(PHASE[letter]), makes of |0> the eigenstate of a letter
with the eigenvalue (-1)^bit; the identity's is Z's."""

PHASE = np.array([0.0, 0.0, np.pi / 2, 0.0])
"""Radians."""


def draw_bits(rng: np.random.Generator, pauli: Paulis, sign: int, shots: int) -> NDArray[np.int64]:
    """Draw which eigenstates a state is prepared as, (shots, n): 0 for +1, 1 for -1.

    Args:
        rng: Random numbers.
        pauli: P, (n,).
        sign: s.
        shots: Preparations.
    """
    bits = rng.integers(0, 2, (shots, len(pauli)))
    support = np.flatnonzero(pauli)
    negative = (sign < 0) ^ (rng.random(shots) < (1 - CONTRAST) / 2)
    bits[:, support[0]] ^= (bits[:, support].sum(axis=1) + negative) % 2
    return bits


def eigenstate_circuit(pauli: Paulis, bits: NDArray[np.int64]) -> "QuantumCircuit":
    """Return the preparation of a product of eigenstates of a Pauli's letters, both (n,)."""
    from qiskit.circuit import QuantumCircuit

    circuit = QuantumCircuit(len(pauli))
    for qubit, (letter, bit) in enumerate(zip(pauli, bits, strict=True)):
        if ANGLE[letter, bit]:
            circuit.ry(ANGLE[letter, bit], qubit)
        if PHASE[letter]:
            circuit.rz(PHASE[letter], qubit)
    return circuit


def hidden_paulis(rng: np.random.Generator, qubits: int, count: int, draws: int) -> list[State]:
    """Return states whose label is the number of P."""
    paulis = random_paulis(rng, count, qubits)
    labels = pauli_number(paulis)
    return [_state(rng, pauli, label, (), draws) for pauli, label in zip(paulis, labels.tolist())]


def told_paulis(rng: np.random.Generator, qubits: int, count: int, draws: int) -> list[State]:
    """Return states with two anticommuting Paulis that are told after the last measurement.

    The label is 0 where the first of the two is hidden, and 1 for the second.
    """
    first = random_paulis(rng, count, qubits)
    second = random_partners(rng, first)
    found = []
    for each in zip(first, second):
        label = int(rng.integers(2))
        told = (pauli_text(each[0]), pauli_text(each[1]))
        found.append(_state(rng, each[label], label, told, draws))
    return found


def _state(
    rng: np.random.Generator, pauli: Paulis, label: int, told: tuple[str, ...], draws: int
) -> State:
    bits = draw_bits(rng, pauli, 1 - 2 * int(rng.integers(2)), draws)
    return State(tuple(eigenstate_circuit(pauli, row) for row in bits), label, told)

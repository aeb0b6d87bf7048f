"""Families of pure states: products and entangled ones, processes, phases of chains."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qnnq.data.states.dataset import State

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

Vector = NDArray[np.complex128]

DEPTH = 4
"""Layers of the brickwork of a process."""

STRONGEST_FIELD = 2.0
"""Fields of chains are uniform between 0 and this; the phases meet at 1."""


def products_or_entangled(
    rng: np.random.Generator, qubits: int, count: int, draws: int
) -> list[State]:
    """Return products of Haar-random qubits (label 0) and Haar-random states (label 1)."""
    labels = rng.integers(0, 2, count).tolist()
    return [
        State((_prepared(_haar(rng, qubits) if label else _product(rng, qubits)),), label)
        for label in labels
    ]


def processes(rng: np.random.Generator, qubits: int, count: int, draws: int) -> list[State]:
    """Return n Bell pairs after the same random process U on both registers of n qubits.

    Label 1: U is real, so that it undoes itself between the registers (U U^T = 1); label 0: it is
    not. U is a brickwork on a chain, in each layer a rotation of every qubit, RY or of SU(2), and
    CZ gates. Source: H.-Y. Huang et al., Science 376, 1182 (2022), the second experiment.
    """
    labels = rng.integers(0, 2, count).tolist()
    return [State((process_circuit(rng, qubits, bool(label)),), label) for label in labels]


def process_circuit(rng: np.random.Generator, qubits: int, real: bool) -> "QuantumCircuit":
    """Return the preparation of a process's Bell pairs: 2 n qubits, twins n apart."""
    from qiskit.circuit import QuantumCircuit

    circuit = QuantumCircuit(2 * qubits)
    for qubit in range(qubits):
        circuit.h(qubit)
        circuit.cx(qubit, qubits + qubit)
    for layer in range(DEPTH):
        for qubit in range(qubits):
            angles = haar_angles(rng)
            for register in (0, qubits):
                if real:
                    circuit.ry(angles[1], register + qubit)
                else:
                    circuit.u(*angles, register + qubit)
        for qubit in range(layer % 2, qubits - 1, 2):
            for register in (0, qubits):
                circuit.cz(register + qubit, register + qubit + 1)
    return circuit


def haar_angles(rng: np.random.Generator) -> tuple[float, float, float]:
    """Return theta, phi and lambda of U(theta, phi, lambda), Haar-random; phi is uniform."""
    theta = 2 * float(np.arcsin(np.sqrt(rng.random())))
    phi, lam = rng.uniform(0, 2 * np.pi, 2).tolist()
    return theta, phi, lam


def ising_grounds(rng: np.random.Generator, qubits: int, count: int, draws: int) -> list[State]:
    """Return ground states of the ring -sum Z Z - h sum X; the label is 1 where h > 1."""
    return _grounds(rng, qubits, count, "ZZ")


def cluster_grounds(rng: np.random.Generator, qubits: int, count: int, draws: int) -> list[State]:
    """Return ground states of the ring -sum Z X Z - h sum X; the label is 1 where h > 1."""
    return _grounds(rng, qubits, count, "ZXZ")


def _grounds(rng: np.random.Generator, qubits: int, count: int, order: str) -> list[State]:
    neighbours = [[(i + k) % qubits for k in range(len(order))] for i in range(qubits)]
    coupling = _ring(qubits, [(order, each) for each in neighbours])
    field = _ring(qubits, [("X", [i]) for i in range(qubits)])
    found = []
    for h in rng.uniform(0, STRONGEST_FIELD, count).tolist():
        _, vectors = np.linalg.eigh(coupling + h * field)
        found.append(State((_prepared(vectors[:, 0].astype(complex)),), int(h > 1)))
    return found


def _ring(qubits: int, terms: list[tuple[str, list[int]]]) -> NDArray[np.float64]:
    """Return minus the sum of Paulis, given by letters and qubits, as a real matrix."""
    from qiskit.quantum_info import SparsePauliOp

    operator = SparsePauliOp.from_sparse_list([(*term, -1.0) for term in terms], qubits)
    return np.asarray(operator.to_matrix().real)


def _haar(rng: np.random.Generator, qubits: int) -> Vector:
    real, imaginary = rng.normal(size=(2, 2**qubits))
    vector = real + 1j * imaginary
    return np.asarray(vector / np.linalg.norm(vector))


def _product(rng: np.random.Generator, qubits: int) -> Vector:
    vector: Vector = np.ones(1, dtype=complex)
    for _ in range(qubits):
        vector = np.asarray(np.kron(_haar(rng, 1), vector), dtype=complex)
    return vector


def _prepared(vector: Vector) -> "QuantumCircuit":
    """Return a circuit of U and CX that prepares a state vector."""
    from qiskit.circuit import QuantumCircuit
    from qiskit.transpiler import generate_preset_pass_manager

    circuit = QuantumCircuit(len(vector).bit_length() - 1)
    circuit.prepare_state(vector)
    manager = generate_preset_pass_manager(1, basis_gates=["u", "cx"], seed_transpiler=0)
    return manager.run(circuit)

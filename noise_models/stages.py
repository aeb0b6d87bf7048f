"""Noise channels on one or two qubits as sequences of simple stages.

A gate's error is a tuple of stages that act one after the other:

- `Mixture`: with some probability each, a product of one-qubit operations from `OPERATIONS`
  (identity, Paulis, resets). Mixtures are closed under composition, so a whole run of
  depolarizing, dephasing and reset errors is one array of probabilities.
- `Kraus`: any Kraus operators on some of the gate's qubits.

Matrices are little-endian and superoperators column-stacking, as in Qiskit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

ComplexArray = NDArray[np.complex128]

OPERATIONS = ("id", "x", "y", "z", "reset", "reset x")
# FOLLOWED[a, b]: the operation that is a, then b (up to a phase).
FOLLOWED = np.array(
    [
        [0, 1, 2, 3, 4, 5],
        [1, 0, 3, 2, 4, 5],
        [2, 3, 0, 1, 4, 5],
        [3, 2, 1, 0, 4, 5],
        [4, 5, 5, 4, 4, 5],
        [5, 4, 4, 5, 4, 5],
    ]
)


@dataclass(frozen=True)
class Mixture:
    """Random products of `OPERATIONS`.

    Attributes:
        probabilities: Shape (6,) * qubits, the first axis is the gate's first qubit.
    """

    probabilities: NDArray[np.float64]

    def then(self, other: "Mixture") -> "Mixture":
        """Return the mixture that is this one followed by `other`."""
        qubits = self.probabilities.ndim
        result = np.zeros_like(self.probabilities)
        for first in np.argwhere(self.probabilities):
            followed = np.ix_(*(FOLLOWED[operation] for operation in first))
            np.add.at(result, followed, self.probabilities[tuple(first)] * other.probabilities)
        return Mixture(result.reshape((6,) * qubits))


@dataclass(frozen=True)
class Kraus:
    """Kraus operators.

    Attributes:
        operators: Shape (operators, d, d).
        qubits: Their positions in the gate's qubits, least significant first.
    """

    operators: ComplexArray
    qubits: tuple[int, ...]


Stage = Mixture | Kraus
Stages = tuple[Stage, ...]


def mixture(qubits: int, position: int, probabilities: dict[str, float]) -> Mixture:
    """Return a mixture on the qubit at one position of `qubits`; the rest is the identity."""
    one = np.zeros(6)
    for name, probability in probabilities.items():
        one[OPERATIONS.index(name)] = probability
    one[0] = 1 - one.sum()
    return _product([one if index == position else np.eye(6)[0] for index in range(qubits)])


def pauli_mixture(paulis: Sequence[str], probability: float) -> Mixture:
    """Return the mixture in which a product of `OPERATIONS`, one a qubit, acts sometimes."""
    probabilities = np.zeros((6,) * len(paulis))
    probabilities[(0,) * len(paulis)] = 1 - probability
    probabilities[tuple(OPERATIONS.index(pauli) for pauli in paulis)] += probability
    return Mixture(probabilities)


def depolarizing(qubits: int, probability: float) -> Mixture:
    """Return rho -> (1 - p) rho + p I / d, with 0 <= p <= d^2 / (d^2 - 1)."""
    paulis = np.array([1.0, 1, 1, 1, 0, 0])
    everything = _product([paulis] * qubits).probabilities * (probability / 4**qubits)
    # At the greatest probability rounding must not leave a negative one.
    everything[(0,) * qubits] = max(0.0, 1 - probability * (1 - 4.0**-qubits))
    return Mixture(everything)


def _product(factors: Sequence[NDArray[np.float64]]) -> Mixture:
    return Mixture(reduce(np.multiply.outer, factors))


def merged(stages: Stages) -> Stages:
    """Return the same channel with neighbouring mixtures joined."""
    result: list[Stage] = []
    for stage in stages:
        last = result[-1] if result else None
        if isinstance(stage, Mixture) and isinstance(last, Mixture):
            result[-1] = last.then(stage)
        else:
            result.append(stage)
    return tuple(result)


def superoperator(stages: Stages, qubits: int) -> ComplexArray:
    """Return the channel's superoperator, shape (4**qubits, 4**qubits)."""
    result = np.eye(4**qubits, dtype=complex)
    for stage in stages:
        if isinstance(stage, Mixture):
            factor = _mixture_superoperator(stage)
        else:
            embedded = [_embedded(k, stage.qubits, qubits) for k in stage.operators]
            factor = np.sum([_conjugation(k) for k in embedded], axis=0)
        result = factor @ result
    return result


def kraus_operators(superop: ComplexArray) -> ComplexArray:
    """Return Kraus operators of a superoperator, shape (operators, d, d), from its Choi matrix.

    They are the columns of the Choi matrix's Cholesky factor, which is unique. Eigenvectors are not
    where eigenvalues are equal, as those of relaxing qubits with Pauli errors are: processors would
    differ in them, and so would the random numbers that choose among the operators.
    """
    d = round(superop.shape[0] ** 0.5)
    # superop[(c, r), (c', r')] -> choi[(c', r), (c, r')] as a Hermitian matrix over (in, out).
    choi = superop.reshape(d, d, d, d).transpose(3, 1, 2, 0).reshape(d * d, d * d)
    return np.array(positive_columns(choi)).reshape(-1, d, d).transpose(0, 2, 1)


def positive_columns(matrix: ComplexArray) -> list[ComplexArray]:
    """Return vectors v whose v v^dagger sum to a positive semidefinite matrix: its Cholesky factor.

    Shape (n, n) -> up to n of (n,).
    """
    rest = matrix
    columns: list[ComplexArray] = []
    for index in range(len(matrix)):
        pivot = rest[index, index].real
        if pivot > 1e-14:
            columns.append(rest[:, index] / np.sqrt(pivot))
            rest = rest - np.outer(columns[-1], columns[-1].conj())
    return columns


def average_infidelity(superop: ComplexArray) -> float:
    """Return 1 - (average gate fidelity) of a superoperator with the identity."""
    d: float = superop.shape[0] ** 0.5
    process_fidelity = float(np.trace(superop).real) / d**2
    return (1 - process_fidelity) * d / (d + 1)


def _conjugation(operator: ComplexArray) -> ComplexArray:
    return np.asarray(np.kron(operator.conj(), operator), dtype=complex)


def _embedded(operator: ComplexArray, positions: tuple[int, ...], qubits: int) -> ComplexArray:
    if len(positions) == qubits:
        if positions == tuple(range(qubits)):
            return operator
        return operator.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
    rest = np.eye(2)
    whole = np.kron(operator, rest) if positions == (1,) else np.kron(rest, operator)
    return np.asarray(whole, dtype=complex)


def _one_qubit_superoperators() -> ComplexArray:
    x = np.array([[0, 1], [1, 0]], dtype=complex)
    z = np.diag([1, -1]).astype(complex)
    unitaries = [np.eye(2, dtype=complex), x, 1j * x @ z, z]
    # Column-stacked: the populations are entries 0 and 3.
    resets = np.zeros((2, 4, 4), dtype=complex)
    resets[0, 0, [0, 3]] = 1
    resets[1, 3, [0, 3]] = 1
    return np.array([*map(_conjugation, unitaries), *resets])


_SUPEROPERATORS = _one_qubit_superoperators()


def _mixture_superoperator(stage: Mixture) -> ComplexArray:
    if stage.probabilities.ndim == 1:
        return np.tensordot(stage.probabilities, _SUPEROPERATORS, 1)
    # (operation, column, row, column', row') of each qubit -> (columns, rows), (columns', rows').
    one = _SUPEROPERATORS.reshape(6, 2, 2, 2, 2)
    second = np.tensordot(stage.probabilities, one, 1)
    pairs: ComplexArray = np.einsum("iarbs,icudv->acrubdsv", second, one)
    return pairs.reshape(16, 16)

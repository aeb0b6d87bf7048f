"""Superoperators of noise, each from its definition in the literature; NumPy and SciPy alone.

A superoperator S takes the columns of rho, stacked: vec(A rho B) = (B^T x A) vec(rho). The first
qubit of a pair is the least significant.
"""

import math
from functools import cache, reduce

import numpy as np
from scipy.linalg import expm, fractional_matrix_power

I2 = np.eye(2, dtype=complex)
X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
BOTH_ONE = np.diag([0, 0, 0, 1]).astype(complex)
PAULIS = {"I": I2, "X": X, "Y": Y, "Z": Z}
LOWER = np.array([[0, 1], [0, 0]], dtype=complex)  # |0><1|


def kraus(*operators):
    return sum(np.kron(operator.conj(), operator) for operator in operators)


def identity(qubits):
    return np.eye(4**qubits, dtype=complex)


def generator(*jumps, hamiltonian=None):
    """The Lindblad generator of jump operators (their rates within) and a Hamiltonian (hbar = 1).

    Nielsen and Chuang, Quantum Computation and Quantum Information (2010), eq. 8.134.
    """
    d = len(jumps[0] if jumps else hamiltonian)
    whole = np.zeros((d * d, d * d), dtype=complex)
    for jump in jumps:
        decay = jump.conj().T @ jump
        whole += np.kron(jump.conj(), jump)
        whole -= (np.kron(np.eye(d), decay) + np.kron(decay.T, np.eye(d))) / 2
    if hamiltonian is not None:
        whole -= 1j * (np.kron(np.eye(d), hamiltonian) - np.kron(hamiltonian.T, np.eye(d)))
    return whole


def relaxation_jumps(t1, t2, population=0.0):
    """Jumps down and up, and pure dephasing of the rate 1/T2 - 1/(2 T1) (the same, eq. 7.144)."""
    dephasing = max(0.0, 1 / t2 - 1 / (2 * t1))
    return (
        math.sqrt((1 - population) / t1) * LOWER,
        math.sqrt(population / t1) * LOWER.T,
        math.sqrt(dephasing / 2) * Z,
    )


def relaxation(t1, t2, seconds, population=0.0):
    return expm(seconds * generator(*relaxation_jumps(t1, t2, population)))


def depolarizing(qubits, probability):
    """rho -> (1 - p) rho + p Tr(rho) I / d (the same, eq. 8.106)."""
    d = 2**qubits
    mixed = np.eye(d).ravel()
    return (1 - probability) * identity(qubits) + probability / d * np.outer(mixed, mixed)


def amplitude_damping(probability):
    """The same, eq. 8.108."""
    return kraus(np.diag([1, math.sqrt(1 - probability)]), math.sqrt(probability) * LOWER)


def phase_damping(probability):
    """The same, eq. 8.127: coherences times sqrt(1 - probability)."""
    return kraus(np.diag([1, math.sqrt(1 - probability)]), np.diag([0, math.sqrt(probability)]))


def rotation(axis, angle):
    """exp(-i angle axis / 2)."""
    return expm(-0.5j * angle * axis)


def pauli_lindblad(rates):
    """exp(sum_j r_j (P_j rho P_j - rho)), first letter: first qubit.

    Van den Berg, Minev, Kandala, Temme, Nature Physics 19, 1116 (2023), eq. 2.
    """
    whole = np.zeros((16, 16), dtype=complex)
    for letters, rate in rates.items():
        pauli = np.kron(PAULIS[letters[1]], PAULIS[letters[0]])
        whole += rate * (np.kron(pauli.conj(), pauli) - identity(2))
    return expm(whole)


def average_infidelity(superoperator):
    """1 - F with F = (d F_process + 1) / (d + 1): Nielsen, Phys. Lett. A 303, 249 (2002)."""
    d = math.isqrt(len(superoperator))
    process = np.trace(superoperator).real / d**2
    return 1 - (d * process + 1) / (d + 1)


def misread(p01, p10, strength=1.0):
    """The confusion matrix [prepared, reported], its power where the error acts `strength` times.

    Bravyi et al., Phys. Rev. A 103, 042605 (2021).
    """
    matrix = np.array([[1 - p01, p01], [p10, 1 - p10]])
    return np.real(fractional_matrix_power(matrix, strength))


def power(contraction, strength):
    """The probability of what contracts by 1 - p and acts `strength` times."""
    return 1 - contraction**strength


# Gates, and how far they turn: U(extra), where U(0) is the gate.

TURNED = {
    "sx": lambda extra: rotation(X, math.pi / 2 + extra),
    "x": lambda extra: rotation(X, math.pi + extra),
    "rx": lambda extra, angle=0.0: rotation(X, angle + extra),
    "cz": lambda extra: expm(1j * (math.pi + extra) * BOTH_ONE),
    "rzz": lambda extra, angle=0.0: rotation(np.kron(Z, Z), angle + extra),
    # the second qubit turns about X where the first is 1
    "cx": lambda extra: expm(1j * (math.pi + extra) * np.kron((I2 - X) / 2, (I2 - Z) / 2)),
    # X on the first qubit after exp(-i pi/4 Z_first X_second)
    "ecr": lambda extra: np.kron(I2, X) @ rotation(np.kron(X, Z), math.pi / 2 + extra),
}


def unitary(name, params=()):
    return _unitary(name, *map(float, params))


@cache
def _unitary(name, *params):
    return rotation(Z, *params) if name == "rz" else TURNED[name](0.0, *params)


def overrotated(name, angle):
    """What follows a gate that turns `angle` too far."""
    return TURNED[name](angle) @ TURNED[name](0.0).conj().T


def beside(channels):
    """One-qubit superoperators side by side, the first on the first qubit."""

    def product(first, second):
        one, two = first.reshape(2, 2, 2, 2), second.reshape(2, 2, 2, 2)  # (column, row) out, in
        return np.einsum("abcd,efgh->eafbgchd", one, two).reshape(16, 16)

    return reduce(product, channels)

"""Density matrices by hand, with branches: independent of the project's channels."""

import math

import numpy as np

X = np.array([[0, 1], [1, 0]], dtype=complex)


def ry(angle):
    c, s = math.cos(angle / 2), math.sin(angle / 2)
    return np.array([[c, -s], [s, c]], dtype=complex)


def relaxation(t1, t2, duration, population=0.0):
    """The solution of the Bloch equations as a function of a 2x2 matrix."""
    e1, e2 = math.exp(-duration / t1), math.exp(-duration / t2)

    def act(rho):
        total = rho[0, 0] + rho[1, 1]
        excited = population * total + e1 * (rho[1, 1] - population * total)
        return np.array([[total - excited, e2 * rho[0, 1]], [e2 * rho[1, 0], excited]])

    return act


class Branches:
    """Qubits in |0>; one unnormalized density matrix for each record of bits (qubit 0 first)."""

    def __init__(self, qubits):
        rho = np.zeros((2,) * (2 * qubits), dtype=complex)
        rho[(0,) * (2 * qubits)] = 1
        self.qubits = qubits
        self.branches = {(): rho}

    def apply(self, qubit, act, record=None):
        """Let a function of 2x2 matrices act on one qubit; `record`: only in that branch."""
        for bits, rho in self.branches.items():
            if record is None or record(bits):
                self.branches[bits] = self._acted(rho, qubit, act)

    def gate(self, qubit, unitary, record=None):
        self.apply(qubit, lambda rho: unitary @ rho @ unitary.conj().T, record)

    def unitary(self, qubits, matrix):
        """A gate on several qubits; the first is the least significant."""
        count = len(qubits)
        axes = list(reversed(qubits))
        for bits, rho in self.branches.items():
            for factor, shift in ((matrix, 0), (matrix.conj(), self.qubits)):
                moved = np.moveaxis(rho, [a + shift for a in axes], range(count))
                flat = factor @ moved.reshape(2**count, -1)
                rho = np.moveaxis(
                    flat.reshape(moved.shape), range(count), [a + shift for a in axes]
                )
            self.branches[bits] = rho

    def measure(self, qubit, readout=None):
        """Project, then record with the readout matrix [prepared, measured]."""
        readout = np.eye(2) if readout is None else readout
        found = {}
        for bits, rho in self.branches.items():
            for outcome in (0, 1):
                projector = np.diag([1.0 - outcome, float(outcome)])
                projected = self._acted(rho, qubit, lambda r, p=projector: p @ r @ p)
                for reported in (0, 1):
                    key = (*bits, reported)
                    found[key] = found.get(key, 0) + readout[outcome, reported] * projected
        self.branches = found

    def probabilities(self):
        size = 2**self.qubits
        return {b: np.trace(r.reshape(size, size)).real for b, r in self.branches.items()}

    def _acted(self, rho, qubit, act):
        moved = np.moveaxis(rho, (qubit, self.qubits + qubit), (0, 1))
        flat = moved.reshape(2, 2, -1)
        result = np.stack([act(flat[:, :, k]) for k in range(flat.shape[2])], axis=-1)
        return np.moveaxis(result.reshape(moved.shape), (0, 1), (qubit, self.qubits + qubit))

"""Probabilities of everything that a circuit records, by following all histories of its bits.

Independent of the package and of Aer: density matrices of the groups of qubits that two-qubit gates
join, one for each history, in array arithmetic.
"""

import math
from collections.abc import Callable

import numpy as np
from qiskit.circuit import ClassicalRegister, QuantumCircuit
from qiskit.quantum_info import Operator

Channel = Callable[[str, tuple[int, ...], object], list[np.ndarray] | None]


class Histories:
    """Follows a circuit.

    channel: for an instruction's name, physical qubits and operation the Kraus operators that act
    after it, or None. For `measure` they act on the measured qubit after the outcome is taken.
    readout: for a qubit the matrix [true, reported].
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        channel: Channel = lambda name, qubits, operation: None,
        readout: Callable[[int], np.ndarray] = lambda qubit: np.eye(2),
    ) -> None:
        self.channel, self.readout = channel, readout
        self.circuit = circuit
        self.groups = _groups(circuit)
        self.bits = np.zeros((1, circuit.num_clbits), dtype=int)
        self.states = []  # of each group: (histories, 2**n, 2**n), unnormalised
        for group in self.groups:
            state = np.zeros((1, 2 ** len(group), 2 ** len(group)), dtype=complex)
            state[0, 0, 0] = 1
            self.states.append(state)
        self._run(circuit, list(range(circuit.num_qubits)), None)

    def probabilities(self) -> np.ndarray:
        """(2,) * number of bits, in the order of circuit.clbits."""
        joint = np.ones(len(self.bits))
        for state in self.states:
            joint = joint * np.trace(state, axis1=1, axis2=2).real
        table = np.zeros((2,) * self.circuit.num_clbits)
        np.add.at(table, tuple(self.bits.T), joint)
        return table

    def _run(self, circuit, physical, where):
        for instruction in circuit.data:
            operation = instruction.operation
            qubits = tuple(physical[circuit.find_bit(q).index] for q in instruction.qubits)
            if operation.name == "measure":
                self._measure(qubits[0], circuit.find_bit(instruction.clbits[0]).index)
                self._apply(self.channel("measure", qubits, operation), qubits, where)
            elif operation.name == "if_else":
                taken = self._condition(operation.condition)
                for body, chosen in zip(operation.blocks, (taken, ~taken)):
                    self._run(body, list(qubits), chosen)
            elif operation.name == "reset":
                self._apply([np.array([[1, 0], [0, 0]]), np.array([[0, 1], [0, 0]])], qubits, where)
                self._apply(self.channel("reset", qubits, operation), qubits, where)
            elif operation.name != "barrier":
                if operation.name != "delay":
                    self._apply([Operator(operation).data], qubits, where)
                self._apply(self.channel(operation.name, qubits, operation), qubits, where)

    def _condition(self, condition):
        target, value = condition
        bits = list(target) if isinstance(target, ClassicalRegister) else [target]
        indices = [self.circuit.find_bit(bit).index for bit in bits]
        return self.bits[:, indices] @ (1 << np.arange(len(bits))) == value

    def _apply(self, kraus, qubits, where):
        if kraus is None:
            return
        place = next(k for k, group in enumerate(self.groups) if qubits[0] in group)
        group, state = self.groups[place], self.states[place]
        full = [_on(matrix, [group.index(q) for q in qubits], len(group)) for matrix in kraus]
        after = sum(matrix @ state @ matrix.conj().T for matrix in full)
        if where is not None:
            after = np.where(where[:, None, None], after, state)
        self.states[place] = after

    def _measure(self, qubit, bit):
        place = next(k for k, group in enumerate(self.groups) if qubit in group)
        group = self.groups[place]
        projectors = [_on(np.diag(d), [group.index(qubit)], len(group)) for d in ((1, 0), (0, 1))]
        projected = [p @ self.states[place] @ p for p in projectors]
        matrix = self.readout(qubit)
        branches = [sum(matrix[x, m] * projected[x] for x in (0, 1)) for m in (0, 1)]
        self.states = [np.concatenate([state, state]) for state in self.states]
        self.states[place] = np.concatenate(branches)
        old = self.bits
        self.bits = np.concatenate([old, old])
        self.bits[len(old) :, bit] = 1
        alive = math.prod(np.trace(s, axis1=1, axis2=2).real for s in self.states) > 1e-15
        self.bits = self.bits[alive]
        self.states = [state[alive] for state in self.states]


def _on(matrix, places, size):
    """The matrix on these qubits of `size`; qubit 0 is the least significant."""
    identity = np.eye(2**size).reshape((2,) * (2 * size))
    axes = [size - 1 - place for place in places][::-1]
    tensor = np.asarray(matrix, dtype=complex).reshape((2,) * (2 * len(places)))
    moved = np.tensordot(tensor, identity, axes=(range(len(places), 2 * len(places)), axes))
    return np.moveaxis(moved, range(len(places)), axes).reshape(2**size, 2**size)


def _groups(circuit):
    """Sorted qubits of each group that gates on two qubits join."""
    parent: dict[int, int] = {}

    def root(qubit):
        while parent.setdefault(qubit, qubit) != qubit:
            qubit = parent[qubit]
        return qubit

    def visit(part, physical):
        for instruction in part.data:
            qubits = [physical[part.find_bit(q).index] for q in instruction.qubits]
            for block in getattr(instruction.operation, "blocks", ()):
                visit(block, qubits)
            if instruction.operation.name not in ("if_else", "barrier"):
                for qubit in qubits:
                    parent[root(qubit)] = root(qubits[0])

    visit(circuit, list(range(circuit.num_qubits)))
    groups: dict[int, list[int]] = {}
    for qubit in sorted(parent):
        groups.setdefault(root(qubit), []).append(qubit)
    return list(groups.values())

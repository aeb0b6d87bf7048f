"""Labelled quantum states, each given by the circuits that prepare it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError, require

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

MOST_LABEL = 1 << 32


@dataclass(frozen=True, eq=False)
class State:
    """One state.

    Attributes:
        circuits: Equally likely preparations of qubits in their ground states; every copy takes one
            at random. A pure state has one.
        label: A whole number >= 0.
        told: What an answer may use, such as the Paulis in question, once all is measured.
    """

    circuits: tuple["QuantumCircuit", ...]
    label: int
    told: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class States:
    """Labelled states of equally many qubits.

    Attributes:
        states: At least one.
        name: What the data is called.
        copies: Copies that a shot takes, 1 or 2, each prepared by itself. Of two, qubit i of the
            first and qubit i of the second are twins.

    Raises:
        InputError: For circuits that are no preparations, naming the state and what it contains;
            for labels and copies out of range.
    """

    states: tuple[State, ...]
    name: str
    copies: Literal[1, 2]

    def __post_init__(self) -> None:
        require(self.copies in (1, 2), "copies a shot", "1 or 2", self.copies)
        require(len(self.states) > 0, "states", "at least one", "none")
        qubits = None
        for number, state in enumerate(self.states):
            where = f"state {number}"
            good = type(state.label) is int and 0 <= state.label < MOST_LABEL
            require(good, f"{where}: label", "a whole number >= 0", repr(state.label))
            require(len(state.circuits) > 0, where, "a preparation circuit", "none")
            for circuit in state.circuits:
                check_preparation(circuit, where)
                qubits = circuit.num_qubits if qubits is None else qubits
                require(circuit.num_qubits == qubits, where, f"{qubits} qubits", circuit.num_qubits)

    @property
    def qubits(self) -> int:
        """Qubits of one copy."""
        return int(self.states[0].circuits[0].num_qubits)

    @property
    def pairs(self) -> int:
        """Pairs of twins: qubits i of two copies, or i and n + i of one copy of 2 n qubits."""
        return self.qubits * self.copies // 2

    @property
    def labels(self) -> NDArray[np.int64]:
        """The labels, (states,)."""
        return np.array([state.label for state in self.states])

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of preparations, labels and copies; the name is no part of it."""
        digest = hashlib.sha256(f"{self.copies}".encode())
        for state in self.states:
            digest.update(json.dumps([state.label, state.told, len(state.circuits)]).encode())
            for circuit in state.circuits:
                digest.update(_canonical(circuit).encode())
        return digest.hexdigest()


def check_preparation(circuit: "QuantumCircuit", where: str) -> None:
    """Raise InputError unless a circuit prepares a state: gates with fixed angles alone."""
    from qiskit.circuit import Barrier, Gate

    require(circuit.num_qubits > 0, where, "at least one qubit", "none")
    for item in circuit.data:
        if not isinstance(item.operation, Gate | Barrier):
            raise InputError(f"{where}: expected a circuit of gates, got {item.operation.name}")
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters)[:3])
        raise InputError(f"{where}: expected fixed angles, got the parameters {names}")
    for item in circuit.data:
        numbers = [each for each in item.operation.params if isinstance(each, int | float)]
        if not np.isfinite(numbers).all():
            raise InputError(f"{where}: expected finite angles, got {item.operation.name}{numbers}")


def _canonical(circuit: "QuantumCircuit") -> str:
    lines = [str(circuit.num_qubits)]
    for item in circuit.data:
        qubits = [circuit.find_bit(qubit).index for qubit in item.qubits]
        angles = [
            value.tolist() if isinstance(value, np.ndarray) else value
            for value in item.operation.params
        ]
        lines.append(f"{item.operation.name} {angles} {qubits}")
    return "\n".join(lines)

"""Circuits for Aer, which knows fewer gates than devices have."""

import math

import numpy as np
from qiskit.circuit import QuantumCircuit
from qiskit.circuit.library import RZGate, UnitaryGate

_UNKNOWN = ("gpi", "gpi2", "ms", "iswap")


def simulable(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit with gates that Aer does not know as unitaries, labelled by their names.

    By its label a unitary has the noise that Aer's model has for the gate. A GPI is X behind an
    RZ, which is exact. Other gates whose phases are not known yet stand between RZ, and their noise
    on an identity behind them.
    """
    if not circuit.count_ops().keys() & set(_UNKNOWN):
        return circuit
    result = circuit.copy_empty_like()
    for item in circuit.data:
        gate = item.operation
        if gate.name not in _UNKNOWN:
            result.append(item)
            continue
        if gate.name == "gpi":
            result.append(RZGate(-4 * math.pi * gate.params[0]), item.qubits)
            matrix = np.array([[0, 1], [1, 0]])
        elif gate.is_parameterized():
            phases = gate.params[: gate.num_qubits]
            plain = type(gate)(*[0.0] * gate.num_qubits, *gate.params[gate.num_qubits :])
            for phase, qubit in zip(phases, item.qubits, strict=True):
                result.append(RZGate(-2 * math.pi * phase), [qubit])
            result.append(UnitaryGate(plain.to_matrix()), item.qubits)
            for phase, qubit in zip(phases, item.qubits, strict=True):
                result.append(RZGate(2 * math.pi * phase), [qubit])
            matrix = np.eye(2**gate.num_qubits)
        else:
            matrix = gate.to_matrix()
        result.append(UnitaryGate(matrix, label=gate.name), item.qubits)
    return result

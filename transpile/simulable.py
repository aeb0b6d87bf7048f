"""Circuits for Aer, which knows fewer gates than devices have."""

import math

from qiskit.circuit import ParameterExpression, QuantumCircuit
from qiskit.circuit.library import RZGate, UnitaryGate

_UNKNOWN = ("gpi", "gpi2", "ms", "iswap")


def simulable(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit with gates that Aer does not know as unitaries, labelled by their names.

    By its label a unitary has the noise that Aer's model has for the gate. A phase that is not
    known yet is an RZ before the gate and one back behind it, which is exact.
    """
    if not circuit.count_ops().keys() & set(_UNKNOWN):
        return circuit
    result = circuit.copy_empty_like()
    for item in circuit.data:
        gate = item.operation
        if gate.name not in _UNKNOWN:
            result.append(item)
            continue
        frames = [
            (2 * math.pi * phase, qubit)
            for phase, qubit in zip(gate.params, item.qubits, strict=False)
            if isinstance(phase, ParameterExpression)
        ]
        if frames:
            fixed = [0.0 if isinstance(each, ParameterExpression) else each for each in gate.params]
            gate = type(gate)(*fixed)
        for turn, qubit in frames:
            result.append(RZGate(-turn), (qubit,))
        result.append(UnitaryGate(gate.to_matrix(), label=gate.name), item.qubits)
        for turn, qubit in frames:
            result.append(RZGate(turn), (qubit,))
    return result

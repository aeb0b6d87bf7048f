"""Channels as Aer's `QuantumError`, in the form that Aer samples fastest."""

from functools import lru_cache

import numpy as np
from qiskit.circuit import Instruction, QuantumCircuit
from qiskit.circuit.library import IGate, Reset, UnitaryGate, XGate, YGate, ZGate
from qiskit_aer.noise import QuantumError

from noise_models.stages import Kraus, Mixture, Stages, kraus_operators, merged, superoperator

_GATES = {0: [], 1: [XGate()], 2: [YGate()], 3: [ZGate()], 4: [Reset()], 5: [Reset(), XGate()]}


def quantum_error(stages: Stages, qubits: int) -> QuantumError:
    """Return the channel as a `QuantumError`.

    A channel with one mixture at most becomes a random choice of circuits of one-qubit operations
    (a Kraus operator on one qubit at most); any other becomes the Kraus operators of the whole.
    """
    stages = merged(stages)
    if sum(isinstance(stage, Mixture) for stage in stages) > 1:
        whole = kraus_operators(superoperator(stages, qubits))
        stages = (Kraus(whole, tuple(range(qubits))),)
    position = next((i for i, stage in enumerate(stages) if isinstance(stage, Mixture)), None)
    if position is None:
        circuit = QuantumCircuit(qubits)
        _append(circuit, stages)
        return QuantumError([(circuit, 1.0)])
    chosen = stages[position]
    assert isinstance(chosen, Mixture)
    terms = []
    # The identity comes last: Aer's test for an ideal error then ends at the first circuit.
    for index in reversed(np.argwhere(chosen.probabilities > 0).tolist()):
        circuit = _choice(tuple(index))
        if len(stages) > 1:
            before = QuantumCircuit(qubits)
            _append(before, stages[:position])
            circuit = before.compose(circuit)
            _append(circuit, stages[position + 1 :])
        terms.append((circuit, float(chosen.probabilities[tuple(index)])))
    return QuantumError(terms)


@lru_cache(maxsize=64)
def _choice(operations: tuple[int, ...]) -> QuantumCircuit:
    circuit = QuantumCircuit(len(operations))
    for qubit, operation in enumerate(operations):
        for gate in _GATES[operation]:
            circuit.append(gate, [qubit])
    if not circuit.data:
        circuit.append(IGate(), [0])
    return circuit


def _append(circuit: QuantumCircuit, stages: Stages) -> None:
    for stage in stages:
        assert isinstance(stage, Kraus)
        operators = list(stage.operators)
        if len(operators) == 1:
            circuit.append(UnitaryGate(operators[0]), stage.qubits)
        else:
            circuit.append(Instruction("kraus", len(stage.qubits), 0, operators), stage.qubits)

"""Channels as Aer's `QuantumError`, in the form that Aer samples fastest; errors of waits."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from qiskit.circuit import Delay, Instruction, Measure, Operation, QuantumCircuit
from qiskit.circuit.library import IGate, Reset, UnitaryGate, XGate, YGate, ZGate
from qiskit.dagcircuit import DAGCircuit
from qiskit.transpiler import TransformationPass
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
    place = next((i for i, stage in enumerate(stages) if isinstance(stage, Mixture)), None)
    if place is None:
        circuit = QuantumCircuit(qubits)
        _append(circuit, stages)
        return QuantumError([(circuit, 1.0)])
    chosen = stages[place]
    assert isinstance(chosen, Mixture)
    terms = []
    # The identity comes last: Aer's test for an ideal error then ends at the first circuit.
    for index in reversed(np.argwhere(chosen.probabilities > 0).tolist()):
        circuit = _choice(tuple(index))
        if len(stages) > 1:
            before = QuantumCircuit(qubits)
            _append(before, stages[:place])
            circuit = before.compose(circuit)
            _append(circuit, stages[place + 1 :])
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


class WaitErrors(TransformationPass):
    """Puts their errors behind delays, and behind measurements whose qubit is used again.

    Aer runs it on circuits in which it has replaced control flow by jumps, so that it reaches the
    inside of branches.

    Args:
        after: the stages that act after an operation on physical qubits.
        numbers: the circuit's qubit for each physical qubit.
    """

    def __init__(
        self, after: Callable[[Operation, tuple[int, ...]], Stages], numbers: Mapping[int, int]
    ) -> None:
        super().__init__()
        self._after = after
        self._physical = {number: qubit for qubit, number in numbers.items()}
        # Aer keeps an error for each object: one for equal delays of a qubit.
        self._errors: dict[tuple[Any, ...], QuantumError | None] = {}

    def __deepcopy__(self, _: object) -> "WaitErrors":
        # Aer copies noise models for each run; this has no state that a run changes.
        return self

    def run(self, dag: DAGCircuit) -> DAGCircuit:
        """Return the circuit with the errors."""
        result = dag.copy_empty_like()
        nodes = [node for node in dag.topological_op_nodes() if node.name != "barrier"]
        last = {qubit: node for node in nodes for qubit in node.qargs}
        for node in dag.topological_op_nodes():
            result.apply_operation_back(node.op, node.qargs, node.cargs, check=False)
            if isinstance(node.op, Delay | Measure) and last[node.qargs[0]] is not node:
                error = self._error(node.op, dag.find_bit(node.qargs[0]).index)
                if error is not None:
                    result.apply_operation_back(error.to_instruction(), node.qargs, check=False)
        return result

    def _error(self, operation: Operation, number: int) -> QuantumError | None:
        key = (number, operation.name, *operation.params, getattr(operation, "unit", None))
        if key not in self._errors:
            qubit = self._physical.get(number)
            stages = () if qubit is None else self._after(operation, (qubit,))
            self._errors[key] = quantum_error(stages, 1) if stages else None
        return self._errors[key]

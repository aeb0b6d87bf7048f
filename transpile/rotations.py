"""What is inserted behind the rotations of neurons in a compiled layer."""

from collections.abc import Iterable, Sequence

from qiskit.circuit import CircuitInstruction, Gate, Instruction, QuantumCircuit, Qubit


def insert_behind_rotations(
    circuit: QuantumCircuit,
    neurons: Sequence[int],
    inserted: Iterable[tuple[Instruction, tuple[int, ...]]],
) -> QuantumCircuit:
    """Insert instructions behind each neuron's rotation, before its coupling or measurement.

    Args:
        circuit: The circuit of a layer.
        neurons: The qubits of its neurons, by index.
        inserted: Instructions and the neurons' qubits that they act on.
    """
    rotations, rest = _split_before_coupling(circuit, {circuit.qubits[q] for q in neurons})
    found = circuit.copy_empty_like()
    for instruction in rotations:
        found.append(instruction)
    for operation, qubits in inserted:
        found.append(operation, qubits)
    for instruction in rest:
        found.append(instruction)
    return found


def _split_before_coupling(
    circuit: QuantumCircuit, neurons: set[Qubit]
) -> tuple[list[CircuitInstruction], list[CircuitInstruction]]:
    """Split off the single-qubit gates that start each neuron; the order on qubits is kept."""
    rotations, rest = [], []
    rotating = set(neurons)
    for instruction in circuit.data:
        qubits = set(instruction.qubits)
        if qubits <= rotating and len(qubits) == 1 and isinstance(instruction.operation, Gate):
            rotations.append(instruction)
        else:
            rest.append(instruction)
            rotating -= qubits
    return rotations, rest

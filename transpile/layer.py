"""One hidden layer as a circuit with one angle a neuron."""

from qiskit.circuit import (
    ClassicalRegister,
    ParameterVector,
    QuantumCircuit,
    QuantumRegister,
)

from transpile.activation_step import append_projective_step, append_weak_step, is_projective
from transpile.errors import TranspileError
from transpile.gate_pairs import PairGate, insert_pairs, neighbours

OUTCOME = "outcome"
"""Name of the classical register: bit k is 0 for outcome +1 of neuron k, 1 for outcome -1."""


def layer_circuit(
    width: int, entanglement: float, pairs: int = 0, pair_gate: PairGate = "sx"
) -> QuantumCircuit:
    """Build the activation step of `width` neurons side by side.

    Registers: `neuron`, `ancilla` (only where the entanglement angle g is below pi/2) and
    `outcome`, bit k for neuron k. Parameters: angle[k], the angle alpha' in radians by which neuron
    k, in |0>, is rotated. `pairs` gate pairs stand between rotation and measurement.

    Raises:
        TranspileError: For a width below 1, an angle g outside (0, pi/2], or pairs below 0.
    """
    if width < 1:
        raise TranspileError(f"width: expected at least 1 neuron, got {width}")
    neuron = QuantumRegister(width, "neuron")
    outcome = ClassicalRegister(width, OUTCOME)
    angle = ParameterVector("angle", width)
    if is_projective(entanglement):
        circuit = QuantumCircuit(neuron, outcome, name="layer")
        for k in range(width):
            append_projective_step(circuit, angle[k], neuron[k], outcome[k])
    else:
        ancilla = QuantumRegister(width, "ancilla")
        circuit = QuantumCircuit(neuron, ancilla, outcome, name="layer")
        for k in range(width):
            append_weak_step(circuit, angle[k], entanglement, neuron[k], ancilla[k], outcome[k])
    return insert_pairs(circuit, range(width), neighbours(width), pairs, pair_gate)

"""One hidden layer as a circuit with one angle a neuron."""

from qiskit.circuit import (
    ClassicalRegister,
    ParameterVector,
    QuantumCircuit,
    QuantumRegister,
)

from transpile.activation_step import append_projective_step, append_weak_step
from transpile.couplings import append_coupled_step
from transpile.gate_pairs import insert_pairs
from transpile.shape import Shape

OUTCOME = "outcome"
"""Name of the classical register: bit k is 0 for outcome +1 of neuron k, 1 for outcome -1."""


def layer_circuit(shape: Shape) -> QuantumCircuit:
    """Build the activation step of all neurons of a layer and its copies, side by side.

    Registers: `neuron`, `ancilla` (only where the entanglement angle g is below pi/2) and
    `outcome`, bit k for neuron k. Parameters: angle[k], the angle alpha' in radians by which neuron
    k, in |0>, is rotated. Gate pairs stand between rotation and measurement, in front of gates that
    couple neurons.
    """
    neuron = QuantumRegister(shape.neurons, "neuron")
    outcome = ClassicalRegister(shape.neurons, OUTCOME)
    angle = ParameterVector("angle", shape.neurons)
    if shape.is_projective:
        circuit = QuantumCircuit(neuron, outcome, name="layer")
        coupled = {k for _, numbers in shape.coupled for k in numbers}
        for k in range(shape.neurons):
            if k not in coupled:
                append_projective_step(circuit, angle[k], neuron[k], outcome[k])
        for coupling, numbers in shape.coupled:
            append_coupled_step(circuit, coupling, angle, numbers)
    else:
        ancilla = QuantumRegister(shape.neurons, "ancilla")
        circuit = QuantumCircuit(neuron, ancilla, outcome, name="layer")
        for k in range(shape.neurons):
            append_weak_step(
                circuit, angle[k], shape.entanglement, neuron[k], ancilla[k], outcome[k]
            )
    return insert_pairs(circuit, shape, shape.groups)

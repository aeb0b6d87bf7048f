"""A layer whose neurons receive a quantum state, with its preparation as one circuit."""

from collections.abc import Callable, Sequence

from qiskit.circuit import Parameter, ParameterVector, QuantumCircuit
from qiskit.transpiler import Target

from transpile.errors import TranspileError
from transpile.groups import Group
from transpile.isa import OPTIMIZATION_LEVEL, CompiledLayer
from transpile.layer import layer_circuit
from transpile.layout import Score, choose_sites
from transpile.native import to_isa
from transpile.shape import Shape

ROUTING_LEVEL = 3

Prepare = Callable[[QuantumCircuit, Sequence[Parameter]], None]
"""Appends a preparation of so many angles to a circuit whose first qubits are the neurons."""


def receiving_circuit(shape: Shape, prepare: Prepare, angles: int) -> QuantumCircuit:
    """Return the circuit of a layer that receives a state.

    Parameters: angle[k] of neuron k, as in `layer_circuit`, then those of the preparation.

    Args:
        shape: The layer, measured projectively, without copies and gate pairs.
        prepare: Appends the preparation.
        angles: How many it has.
    """
    if not shape.is_projective or shape.copies != 1 or shape.pairs:
        raise TranspileError(
            "layer: expected a projective measurement, one copy and no gate pairs where it "
            "receives a state"
        )
    layer = layer_circuit(shape)
    angle = ParameterVector("angle", shape.width + angles)
    circuit = QuantumCircuit(*layer.qregs, *layer.cregs, name="layer")
    prepare(circuit, angle[shape.width :])
    own = dict(zip(layer.parameters, angle, strict=False))
    return circuit.compose(layer.assign_parameters(own))


def compile_receiving_layer(
    target: Target,
    shape: Shape,
    prepare: Prepare,
    angles: int,
    *,
    score: Score | None = None,
) -> CompiledLayer:
    """Compile a layer that receives a state; see `receiving_circuit`.

    Where only couplings join qubits, the sites are chosen as those of any layer. Else the compiler
    chooses and routes: the sites are then where the neurons are measured.

    Raises:
        TranspileError: Where it cannot be placed.
    """
    circuit = receiving_circuit(shape, prepare, angles)
    if circuit.num_nonlocal_gates() == sum(len(group.couplings) for group in shape.groups):
        chosen = choose_sites(target, shape, score)
        qubits = [qubit for site in chosen for qubit in site.neurons]
        compiled = to_isa(circuit, target, qubits, OPTIMIZATION_LEVEL, seed=0)
        return _complete(CompiledLayer(compiled, chosen, shape, 1), angles)
    if circuit.num_qubits > (target.num_qubits or 0):
        raise TranspileError(
            f"layout: {circuit.num_qubits} neurons wanted, the device has {target.num_qubits} "
            "qubits"
        )
    compiled = to_isa(circuit, target, None, ROUTING_LEVEL, seed=0)
    measured = {
        compiled.find_bit(item.clbits[0]).index: compiled.find_bit(item.qubits[0]).index
        for item in compiled.data
        if item.operation.name == "measure"
    }
    routed = tuple(Group((measured[bit],)) for bit in range(shape.width))
    # What is joined where is the compiler's choice: to others they are neurons by themselves.
    plain = Shape(shape.width, shape.entanglement)
    return _complete(CompiledLayer(compiled, routed, plain, 1), angles)


def _complete(layer: CompiledLayer, angles: int) -> CompiledLayer:
    """Return the layer if its circuit still has all angles, which rows are made of."""
    expected = layer.shape.width + angles
    if len(layer.circuit.parameters) != expected:
        found = len(layer.circuit.parameters)
        raise TranspileError(f"circuit: expected {expected} angles, got {found} after compiling")
    return layer

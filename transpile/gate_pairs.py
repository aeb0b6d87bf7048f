"""Gate pairs that cancel without noise and amplify it with noise.

They go into circuits that are already optimised, so that no optimization level removes them. Each
kind is blind to some noise: SX pairs to a constant over-rotation, since SX-dagger turns back as far
as SX turned; CZ pairs, where the neuron is measured projectively after them, to every error that is
diagonal in the computational basis, such as phase damping or an over-rotated CZ.
"""

import math
from collections.abc import Sequence

from qiskit.circuit import Gate, QuantumCircuit
from qiskit.circuit.library import CZGate, RZGate, SXGate
from qiskit.transpiler import Target

from transpile.errors import TranspileError
from transpile.groups import Group
from transpile.rotations import insert_behind_rotations
from transpile.shape import Shape

SELF_INVERSE = ("cz", "ecr", "cx")
"""Two-qubit gates that a target may have and that undo themselves."""


def insert_pairs(
    circuit: QuantumCircuit, shape: Shape, groups: Sequence[Group], target: Target | None = None
) -> QuantumCircuit:
    """Insert gate pairs behind each neuron's rotation, before its coupling or measurement.

    "sx": `pairs` times (SX, SX-dagger) on each neuron, 2 * pairs physical SX; SX-dagger is SX
    between virtual RZ(pi) and RZ(-pi). "cz": `pairs` times the two-qubit gate twice on each
    coupling of a group: CZ, or the self-inverse gate (ECR, CX) that `target` has there instead;
    exactly 2 * pairs of them.

    Args:
        circuit: The circuit of a layer.
        shape: The layer.
        groups: Its groups, on the circuit's qubits.
        target: The device; None: a circuit that is not compiled.

    Raises:
        TranspileError: If a coupling has no such gate.
    """
    if shape.pairs == 0:
        return circuit
    neurons = [neuron for group in groups for neuron in group.neurons]
    blocks: list[tuple[Gate, tuple[int, ...]]] = []
    if shape.pair_gate == "sx":
        for neuron in neurons:
            blocks += [(gate, (neuron,)) for gate in _sx_pair(target)] * shape.pairs
    else:
        for first, second in (pair for group in groups for pair in group.couplings):
            blocks += [_self_inverse_gate(target, first, second)] * (2 * shape.pairs)

    return insert_behind_rotations(circuit, neurons, blocks)


def _sx_pair(target: Target | None) -> list[Gate]:
    if target is not None and not {"sx", "rz"} <= set(target.operation_names):
        raise TranspileError("pair gate sx: the target has no sx and rz gates")
    return [SXGate(), RZGate(math.pi), SXGate(), RZGate(-math.pi)]


def _self_inverse_gate(target: Target | None, a: int, b: int) -> tuple[Gate, tuple[int, ...]]:
    if target is None:
        return CZGate(), (a, b)
    for name in SELF_INVERSE:
        for qubits in ((a, b), (b, a)):
            if name in target.operation_names and qubits in target[name]:
                return target.operation_from_name(name), qubits
    raise TranspileError(
        f"pair gate cz: the target has none of {', '.join(SELF_INVERSE)} on qubits {a}, {b}"
    )

"""Gate pairs that cancel without noise and amplify it with noise.

They go into circuits that are already optimised, so that no optimization level removes them. Each
kind is blind to some noise: SX pairs to a constant over-rotation, since SX-dagger turns back as far
as SX turned; CZ pairs, where the neuron is measured projectively after them, to every error that is
diagonal in the computational basis, such as phase damping or an over-rotated CZ.
"""

import math
from collections.abc import Sequence

from qiskit.circuit import Gate, QuantumCircuit
from qiskit.circuit.library import (
    CZGate,
    RGate,
    RXGate,
    RXXGate,
    RYGate,
    RZGate,
    RZZGate,
    SXGate,
    U3Gate,
    UGate,
)
from qiskit.transpiler import Target

from transpile.errors import TranspileError
from transpile.groups import Group
from transpile.ion_gates import GPI2Gate, MolmerSorensenGate
from transpile.native import native_gate
from transpile.rotations import insert_behind_rotations
from transpile.shape import Shape

SELF_INVERSE = ("cz", "ecr", "cx")
"""Two-qubit gates that a target may have and that undo themselves."""

OTHERS = ("iswap", "rzz", "rxx", "ms")
"""Those of which a pair is made where a target has none of these."""

Block = list[tuple[Gate, tuple[int, ...]]]

_QUARTER = math.pi / 2
_SX_PAIRS: dict[tuple[str, ...], tuple[Gate, ...]] = {
    ("sx", "rz"): (SXGate(), RZGate(math.pi), SXGate(), RZGate(-math.pi)),
    ("rx", "rz"): (RXGate(_QUARTER), RZGate(math.pi), RXGate(_QUARTER), RZGate(-math.pi)),
    ("r",): (RGate(_QUARTER, 0.0), RGate(_QUARTER, math.pi)),
    ("gpi2",): (GPI2Gate(0.0), GPI2Gate(0.5)),
    ("u",): (UGate(_QUARTER, -_QUARTER, _QUARTER), UGate(_QUARTER, _QUARTER, -_QUARTER)),
    ("u3",): (U3Gate(_QUARTER, -_QUARTER, _QUARTER), U3Gate(_QUARTER, _QUARTER, -_QUARTER)),
    ("ry", "rz"): (RYGate(_QUARTER), RZGate(math.pi), RYGate(_QUARTER), RZGate(-math.pi)),
}
"""By the gates that a target needs: a quarter turn and back, two physical gates. Where its frames
are not phases of its gates, it turns back as far as it turned: between virtual RZ."""


def insert_pairs(
    circuit: QuantumCircuit, shape: Shape, groups: Sequence[Group], target: Target | None = None
) -> QuantumCircuit:
    """Insert gate pairs behind each neuron's rotation, before its coupling or measurement.

    "sx": `pairs` times (SX, SX-dagger) on each neuron, or a quarter turn and back of another gate
    that `target` has: 2 * pairs physical gates; SX-dagger is SX between virtual RZ(pi) and RZ(-pi).
    "cz": `pairs` times the two-qubit gate twice on each coupling of a group: CZ, or the
    self-inverse gate (ECR, CX) that `target` has there instead, or iSWAP, RZZ, RXX, MS with what
    makes them cancel; exactly 2 * pairs of them.

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
    blocks: Block = []
    if shape.pair_gate == "sx":
        for neuron in neurons:
            blocks += [(gate, (neuron,)) for gate in _sx_pair(target)] * shape.pairs
    else:
        for first, second in (pair for group in groups for pair in group.couplings):
            blocks += _cz_pair(target, first, second) * shape.pairs

    return insert_behind_rotations(circuit, neurons, blocks)


def _sx_pair(target: Target | None) -> tuple[Gate, ...]:
    names = {"sx", "rz"} if target is None else set(target.operation_names)
    found = (gates for needed, gates in _SX_PAIRS.items() if names.issuperset(needed))
    pair = next(found, None)
    if pair is None:
        needed = ", or ".join(" and ".join(each) for each in _SX_PAIRS)
        raise TranspileError(f"pair gate sx: the target has no {needed}")
    return pair


def _cz_pair(target: Target | None, a: int, b: int) -> Block:
    if target is None:
        return [(CZGate(), (a, b))] * 2
    found = native_gate(target, SELF_INVERSE, a, b) or native_gate(target, OTHERS, a, b)
    if found is None:
        raise TranspileError(
            f"pair gate cz: the target has none of {', '.join((*SELF_INVERSE, *OTHERS))} on qubits "
            f"{a}, {b}"
        )
    name, pair = found
    if name in SELF_INVERSE:
        return [(target.operation_from_name(name), pair)] * 2
    if name == "ms":
        return [
            (MolmerSorensenGate(0.0, 0.0, 0.25), pair),
            (MolmerSorensenGate(0.5, 0.0, 0.25), pair),
        ]
    if name == "rzz":  # twice a quarter is Z on both qubits
        flips: Block = [(RZGate(math.pi), (qubit,)) for qubit in pair]
        return [(RZZGate(_QUARTER), pair)] * 2 + flips
    gate = RXXGate(_QUARTER) if name == "rxx" else target.operation_from_name(name)
    there, back = RZGate(math.pi), RZGate(-math.pi)
    return [(gate, pair), (there, pair[:1]), (gate, pair), (back, pair[:1])]

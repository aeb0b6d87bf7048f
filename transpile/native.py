"""Circuits in a target's own gates, by Qiskit's passes, on given physical qubits.

Qiskit's passes do three things worse than what is known here. A native gate that is an RZZ of any
angle, up to local gates, takes the place of an RZZ at that angle: they would make two of others of
it, or an angle below 0, which no device takes. Where a device has R and RZ, whose frames are free,
they would make each rotation of R alone. And of frames that are phases of the gates that follow, as
on IonQ's machines, they know nothing.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import permutations

from qiskit.circuit import (
    Barrier,
    Gate,
    Measure,
    Parameter,
    ParameterExpression,
    QuantumCircuit,
)
from qiskit.circuit.library import HGate, RGate, RXGate, RXXGate, RZGate, RZZGate, UnitaryGate
from qiskit.transpiler import Target, generate_preset_pass_manager

from transpile.ion_gates import GPI2Gate, GPIGate, MolmerSorensenGate, Turns

Pair = tuple[int, int]

COUPLINGS: dict[str, tuple[Callable[[float], Gate], bool]] = {
    "rzz": (RZZGate, False),
    "rxx": (RXXGate, True),
    "ms": (lambda angle: MolmerSorensenGate(0.0, 0.0, angle / (2 * math.pi)), True),
}
"""Gates that are an RZZ of any angle: how they are made of it, and whether Hadamard gates on both
qubits have to surround it, RZZ = (H x H) RXX (H x H)."""

FIXED = ("cz", "ecr", "cx", "iswap")
"""Gates of no angle, of which two make an RZZ."""

_HIDDEN = "hidden"
_SMALL = 1e-9
"""Radians; Qiskit leaves out rotations of about 1e-12."""


def native_gate(target: Target, names: Sequence[str], a: int, b: int) -> tuple[str, Pair] | None:
    """Return the first of some gates that a target has on two qubits, and its direction."""
    for name in names:
        for pair in ((a, b), (b, a)):
            if target.instruction_supported(name, pair):
                return name, pair
    return None


def to_isa(
    circuit: QuantumCircuit, target: Target, qubits: list[int] | None, level: int, seed: int
) -> QuantumCircuit:
    """Translate to the target's gates on exactly these physical qubits, in the circuit's order.

    Where `qubits` is None, Qiskit lays out and routes the circuit, which has no RZZ then.
    """
    names = set(target.operation_names)
    in_frames = "gpi2" in names or ({"r", "rz"} <= names and not {"rx", "sx", "u"} & names)
    # An initial layout also keeps every level from looking for another one.
    places = range(target.num_qubits) if qubits is None else qubits
    pass_manager = generate_preset_pass_manager(
        level,
        target=_with_rx(target, tuple(places)) if in_frames else target,
        initial_layout=qubits,
        seed_transpiler=seed,
    )
    hidden = circuit if qubits is None else _hidden(circuit, target, qubits)
    compiled = _restored(pass_manager.run(hidden), circuit, target)
    if "gpi2" in names:
        return _in_phases(compiled)
    return _renamed(compiled) if in_frames else compiled


def _hidden(circuit: QuantumCircuit, target: Target, qubits: list[int]) -> QuantumCircuit:
    """Put a barrier in place of each RZZ for which the target has a gate.

    Where it has only iSWAP, RZZ and XX+YY become unitaries, which Qiskit's synthesis makes of two
    in the target's direction; by CX an RZZ would take four, and none of them is turned round.
    """
    hidden = circuit.copy_empty_like()
    for number, item in enumerate(circuit.data):
        if item.operation.name not in ("rzz", "xx_plus_yy"):
            hidden.append(item)
            continue
        a, b = (qubits[circuit.find_bit(qubit).index] for qubit in item.qubits)
        found = native_gate(target, [*COUPLINGS], a, b)
        if found is not None and item.operation.name == "xx_plus_yy":
            hidden.append(item)
        elif found is not None:
            around = item.qubits if COUPLINGS[found[0]][1] else ()
            for qubit in around:
                hidden.append(HGate(), (qubit,))
            hidden.append(Barrier(2, label=f"{_HIDDEN}{number}"), item.qubits)
            for qubit in around:
                hidden.append(HGate(), (qubit,))
        elif native_gate(target, FIXED[:-1], a, b) is None:
            hidden.append(UnitaryGate(item.operation), item.qubits)
        else:
            hidden.append(item)
    return hidden


def _restored(compiled: QuantumCircuit, circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    restored = compiled.copy_empty_like()
    for item in compiled.data:
        label = getattr(item.operation, "label", None) or ""
        if not label.startswith(_HIDDEN):
            restored.append(item)
            continue
        a, b = (compiled.find_bit(qubit).index for qubit in item.qubits)
        found = native_gate(target, [*COUPLINGS], a, b)
        assert found is not None
        name, pair = found
        (angle,) = circuit.data[int(label.removeprefix(_HIDDEN))].operation.params
        restored.append(COUPLINGS[name][0](angle), pair)
    return restored


@lru_cache(maxsize=16)
def _with_rx(target: Target, qubits: tuple[int, ...]) -> Target:
    """Return the target with RX and RZ as its only gates of one qubit."""
    result = Target(num_qubits=target.num_qubits)
    places = dict.fromkeys((qubit,) for qubit in qubits)
    for gate in (RXGate(Parameter("angle")), RZGate(Parameter("angle")), Measure()):
        result.add_instruction(gate, dict(places))
    # In phases a gate has to commute with RZ, or to have phases of its own.
    couplings = {"ms", "cz", "rzz"} if "gpi2" in target.operation_names else {*COUPLINGS, *FIXED}
    for name in couplings.intersection(target.operation_names):
        pairs = [p for p in permutations(qubits, 2) if target.instruction_supported(name, p)]
        own = target.operation_from_name(name)
        gate = RXXGate(Parameter("angle")) if name == "ms" else own
        result.add_instruction(gate, dict.fromkeys(pairs))
    return result


def _renamed(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit with R in place of RX."""
    result = circuit.copy_empty_like()
    for item in circuit.data:
        if item.operation.name == "rx":
            item = item.replace(operation=RGate(item.operation.params[0], 0.0))
        result.append(item)
    return result


def _in_phases(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit of RX, RZ and RXX in GPI, GPI2 and MS.

    RZ turns the axes of what follows on its qubit. What is left of it after the last gate is two
    GPI, or nothing before a measurement.
    """
    result = circuit.copy_empty_like()
    frames: dict[int, Turns] = defaultdict(float)
    for item in circuit.data:
        operation, where = item.operation, [circuit.find_bit(qubit).index for qubit in item.qubits]
        if operation.name == "rz":
            frames[where[0]] += operation.params[0] / (2 * math.pi)
        elif operation.name == "rx":
            for gate in _rotation(operation.params[0], -frames[where[0]]):
                result.append(gate, where)
        elif operation.name in ("rxx", "ms"):
            turns = operation.params[-1] / (2 * math.pi if operation.name == "rxx" else 1.0)
            first, second = (_whole(-frames[qubit]) for qubit in where)
            result.append(MolmerSorensenGate(first, second, turns), where)
        else:
            if operation.name == "measure":
                frames.pop(where[0], None)
            result.append(operation, where, item.clbits)
    for qubit, turns in frames.items():
        if not _is_number(turns) or abs(turns - round(turns)) > _SMALL:
            result.append(GPIGate(0.0), [qubit])
            result.append(GPIGate(_whole(turns) / 2), [qubit])
    return result


def _rotation(angle: Turns, phase: Turns) -> Iterator[Gate]:
    """Yield a rotation (radians) about an axis of the equator at a phase (turns), up to a sign.

    RX(t) is RZ(t) between quarter turns about Y and back, and RZ(t) is two GPI that are t / 4 pi
    apart, of which the first joins the first quarter. So a phase depends on t as t / 2, and under
    any noise whatever is measured is a polynomial of degree 1 in cos t and sin t.
    """
    turns = angle / (2 * math.pi)
    if _is_number(angle):
        turns = (turns + 0.5) % 1.0 - 0.5
        if abs(turns) < _SMALL:
            return
        if abs(abs(turns) - 0.25) < _SMALL:
            yield GPI2Gate(_whole(phase if turns > 0 else phase + 0.5))
            return
        if abs(abs(turns) - 0.5) < _SMALL:
            yield GPIGate(_whole(phase))
            return
    quarter = _whole(phase + 0.25)
    yield GPI2Gate(quarter)
    yield GPIGate(_whole(quarter + turns / 2))
    yield GPI2Gate(quarter)


def _is_number(value: Turns) -> bool:
    return not isinstance(value, ParameterExpression)


def _whole(turns: Turns) -> Turns:
    """Return turns without whole ones, which are none, where that can be known."""
    return turns % 1.0 if _is_number(turns) else turns

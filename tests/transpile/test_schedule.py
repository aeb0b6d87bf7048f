"""Scheduled circuits: every wait explicit, nothing else changed."""

import math

import pytest
from qiskit.circuit import Delay, Parameter, QuantumCircuit
from qiskit.circuit.library import HGate
from qiskit.transpiler import InstructionProperties, Target

from tests.transpile.devices import device, line, qubits_of, small_target
from transpile import (
    Group,
    Shape,
    TranspileError,
    compile_layer,
    delay_seconds,
    schedule,
    schedule_where_known,
    unknown_wait,
)

DEVICES = ["FakeKingston", "FakeSherbrooke", "FakeNighthawk", "FakeFractionalBackend"]


def start_times(circuit, target):
    """Start of each instruction (s), counted from the end; asserts that no wait is implicit.

    An instruction ends where the next one of each of its qubits starts.
    """
    start = {}
    times = []
    for instruction in reversed(circuit.data):
        name, qubits = instruction.operation.name, qubits_of(circuit, instruction)
        ends = {start[q] for q in qubits if q in start}
        assert max(ends, default=0.0) - min(ends, default=0.0) < 1e-15, (name, qubits)
        end = ends.pop() if ends else 0.0
        if name == "delay":
            duration = delay_seconds(instruction.operation, target)
        else:
            duration = target[name][qubits].duration
        times.append((name, qubits, end - duration))
        start.update(dict.fromkeys(qubits, end - duration))
    return times[::-1]


@pytest.mark.parametrize("entanglement", [0.7, math.pi / 2])
@pytest.mark.parametrize("name", DEVICES)
def test_no_wait_is_left_implicit(name, entanglement):
    target = device(name)
    compiled = compile_layer(target, Shape(2, entanglement, pairs=1)).circuit
    scheduled = schedule(compiled, target)
    times = start_times(scheduled, target)
    measured = [t for name, _, t in times if name == "measure"]
    assert len(measured) == 2
    # From the end backwards, a measurement starts at minus its own duration.
    assert measured == pytest.approx([-target["measure"][0,].duration] * 2)
    for name, _, start in times:
        ticks = start / target.dt
        assert ticks == pytest.approx(round(ticks), abs=1e-6)
        if name != "delay":
            assert round(ticks) % target.pulse_alignment == 0


@pytest.mark.parametrize("entanglement", [0.7, math.pi / 2])
@pytest.mark.parametrize("name", DEVICES)
def test_without_its_delays_it_is_the_same_circuit(name, entanglement):
    target = device(name)
    compiled = compile_layer(target, Shape(2, entanglement)).circuit
    scheduled = schedule(compiled, target)
    bare = scheduled.copy_empty_like()
    for instruction in scheduled.data:
        if instruction.operation.name != "delay":
            bare.append(instruction)
    assert bare == compiled
    assert list(scheduled.parameters) == list(compiled.parameters)


@pytest.mark.parametrize("dt", [None, 1e-9])
def test_the_waits_of_a_weak_layer(dt):
    target = small_target(line(2), gate_duration={0: 4e-8, 1: 6e-8})
    target.dt = dt
    compiled = compile_layer(target, Shape(1, 0.7), sites=[Group((0,), (1,))])
    scheduled = schedule(compiled.circuit, target)
    waits = [
        (qubits_of(scheduled, i), delay_seconds(i.operation, target))
        for i in scheduled.data
        if i.operation.name == "delay"
    ]
    # Between the CZs the ancilla turns twice; before them it turns once, the neuron twice: what
    # starts later starts in |0>, and that is no wait.
    assert [qubits for qubits, _ in waits] == [(0,)]
    assert waits[0][1] == pytest.approx(2 * 6e-8)
    units = {i.operation.unit for i in scheduled.data if i.operation.name == "delay"}
    assert units == {"s" if dt is None else "dt"}


def test_bad_targets_are_one_line():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    with pytest.raises(TranspileError, match=r"^schedule: Duration of h on qubits \[0\] is not"):
        schedule(circuit, small_target(line(2)))
    bare = Target(num_qubits=2)
    bare.add_instruction(HGate(), {(q,): InstructionProperties(duration=1e-8) for q in range(2)})
    bare.add_instruction(Delay(Parameter("t")), {(1,): None})
    with pytest.raises(TranspileError, match="^target: expected delays, found none on qubit 0$"):
        schedule(circuit, bare)


def test_waits_that_are_not_known():
    """Where no gate joins qubits, none waits for another, whatever durations are missing."""
    target = small_target(line(4), gate_duration={0: None})
    apart = compile_layer(target, Shape(2, math.pi / 2), sites=[Group((0,)), Group((2,))]).circuit
    joined = compile_layer(target, Shape(1, 0.7), sites=[Group((0,), (1,))]).circuit
    elsewhere = compile_layer(target, Shape(1, 0.7), sites=[Group((2,), (3,))]).circuit
    assert unknown_wait(apart, target) is None
    assert unknown_wait(joined, target) == "sx on qubit 0"
    assert unknown_wait(elsewhere, target) is None
    for circuit in (apart, joined):
        assert schedule_where_known(circuit, target) is circuit
    assert schedule_where_known(elsewhere, target) == schedule(elsewhere, target)


def test_waits_where_a_target_lists_neither_delays_nor_how_long_it_measures():
    """Nothing waits for measurements that all end at once."""
    known = small_target({(0, 1): 0.01})
    unknown = Target(num_qubits=2)
    for name in ("rz", "sx", "cz", "measure"):
        lacks = name == "measure"
        unknown.add_instruction(
            known.operation_from_name(name),
            {qubits: None if lacks else each for qubits, each in known[name].items()},
        )
    circuit = compile_layer(known, Shape(1, 0.7)).circuit
    assert unknown_wait(circuit, unknown) is None
    found = schedule_where_known(circuit, unknown)
    assert found == schedule(circuit, known)
    assert found.count_ops()["delay"]

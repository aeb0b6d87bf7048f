"""The hash of a compiled circuit: the same for the same circuit, another for any change of it."""

import math

from qiskit import qpy
from qiskit.circuit import ClassicalRegister, Parameter, QuantumCircuit, QuantumRegister

from tests.transpile.devices import device
from transpile import Shape, circuit_digest, compile_layer


def test_any_change_of_what_a_circuit_does_changes_it():
    def circuit(angle=0.5, qubit=1, bit=0, parameter="angle[0]", factor=1.0, duration=100):
        found = QuantumCircuit(3, 2)
        found.rx(angle, qubit)
        found.rz(factor * Parameter(parameter) + 1.0, qubit)
        found.delay(duration, 0)
        found.measure(qubit, bit)
        return circuit_digest(found)

    changes = [
        {"angle": 0.500001},
        {"qubit": 2},
        {"bit": 1},
        {"parameter": "angle[1]"},
        {"factor": -1.0},
        {"duration": 104},
    ]
    digests = {circuit(), *(circuit(**change) for change in changes)}
    assert len(digests) == 1 + len(changes)
    assert circuit() == circuit(angle=0.5 + 1e-15)


def test_a_condition_and_its_branches_count():
    def circuit(value=1, bit=0, gate="x"):
        found = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "last"))
        with found.if_test((found.clbits[bit], value)):
            getattr(found, gate)(1)
        return circuit_digest(found)

    assert len({circuit(), circuit(value=0), circuit(bit=1), circuit(gate="y")}) == 4
    assert circuit() == circuit()


def test_a_compiled_layer_keeps_its_digest_through_a_file(tmp_path):
    target = device("FakeTorino")
    layer = compile_layer(target, Shape(3, 1.1, copies=2, pairs=1))
    with open(tmp_path / "layer.qpy", "wb") as stream:
        qpy.dump(layer.circuit, stream)
    with open(tmp_path / "layer.qpy", "rb") as stream:
        (again,) = qpy.load(stream)
    assert circuit_digest(again) == circuit_digest(layer.circuit)
    assert compile_layer(target, Shape(3, 1.1, copies=2, pairs=1)).digest == layer.digest
    others = [
        compile_layer(target, Shape(3, 1.1, copies=2)),
        compile_layer(target, Shape(3, math.pi / 2, copies=2, pairs=1)),
        compile_layer(target, Shape(6, 1.1, pairs=1)),
    ]
    assert len({layer.digest, *(other.digest for other in others)}) == 4

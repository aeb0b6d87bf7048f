"""What dynamic circuits ask of the controller, counted, and what it refuses."""

import pytest
from qiskit.circuit import ClassicalRegister, QuantumCircuit, QuantumRegister

from tests.transpile.devices import device
from tests.transpile.networks import PROJECTIVE, STRONG, LivingNetwork
from transpile import (
    TranspileError,
    check_controller,
    compile_network,
    controller_load,
    machine_circuit,
    network_circuit,
)


def compiled_network(widths, entanglement, activation, **options):
    network = LivingNetwork(widths, (entanglement,) * len(widths), activation)
    target = device("FakeKingston")
    compiled = compile_network(
        target, widths, network.entanglements, feedforward=network.feedforward(), **options
    )
    return compiled, target


@pytest.mark.parametrize("entanglement", [STRONG, PROJECTIVE])
def test_linear_needs_one_condition_of_one_bit_for_each_neuron(entanglement):
    compiled, target = compiled_network((5, 3, 4), entanglement, "linear", measurement="measure_2")
    for circuit in (network_circuit(compiled), machine_circuit(compiled, target)):
        load = check_controller(circuit, target)
        assert (load.if_tests, load.branches) == (8, 8)
        assert (load.broadcasts, load.broadcast_bits, load.broadcast_cost) == (8, 8, 8.0)
        assert load.measurements == 12


def test_conditions_on_one_register_share_a_broadcast():
    compiled, target = compiled_network((3, 2, 2), PROJECTIVE, "htanh")
    circuit = network_circuit(compiled)
    load = check_controller(circuit, target)
    assert (load.if_tests, load.broadcasts, load.broadcast_bits) == (7 + 3, 2, 5)


def test_the_two_published_limits_are_met_exactly():
    def conditions(bits, count):
        registers = [ClassicalRegister(bits) for _ in range(count)]
        circuit = QuantumCircuit(QuantumRegister(1), *registers)
        for register in registers:
            body = QuantumCircuit(1)
            body.x(0)
            circuit.if_test((register, 1), body, [0], [])
        return controller_load(circuit).broadcast_cost

    assert conditions(60, 300) == pytest.approx(2400)
    assert conditions(1, 2400) == pytest.approx(2400)


def test_a_bit_that_is_measured_again_is_sent_again():
    circuit = QuantumCircuit(1, 1)
    body = QuantumCircuit(1)
    body.x(0)
    for _ in range(2):
        circuit.measure(0, 0)
        circuit.if_test((circuit.clbits[0], 1), body, [0], [])
        circuit.if_test((circuit.clbits[0], 0), body, [0], [])
    load = controller_load(circuit)
    assert (load.if_tests, load.broadcasts) == (4, 2)


def refused(build):
    with pytest.raises(TranspileError) as raised:
        check_controller(*build())
    return str(raised.value)


def test_refusals_are_one_line():
    body = QuantumCircuit(1)
    body.x(0)

    def wide():
        circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(33))
        circuit.if_test((circuit.cregs[0], 1), body, [0], [])
        return circuit, device("FakeKingston")

    def nested():
        inner = QuantumCircuit(1, 1)
        inner.if_test((inner.clbits[0], 1), body, [0], [])
        circuit = QuantumCircuit(1, 1)
        circuit.if_test((circuit.clbits[0], 1), inner, [0], [0])
        return circuit, device("FakeKingston")

    def measuring():
        inner = QuantumCircuit(1, 1)
        inner.measure(0, 0)
        circuit = QuantumCircuit(1, 1)
        circuit.if_test((circuit.clbits[0], 1), inner, [0], [0])
        return circuit, device("FakeKingston")

    def many():
        circuit = QuantumCircuit(1, 1)
        for _ in range(2401):
            circuit.measure(0, 0)
            circuit.if_test((circuit.clbits[0], 1), body, [0], [])
        return circuit, device("FakeKingston")

    assert refused(wide) == "condition: found 33 bits, the service takes at most 32"
    assert refused(nested) == "branch: found if_else, which the service does not take"
    assert refused(measuring) == "branch: found measure, which the service does not take"
    assert refused(many) == (
        "feed-forward: found 2401 broadcasts of 2401 bits, the service takes about 2400 of one "
        "bit or 300 of 60 in a job"
    )
    circuit, target = many()
    assert check_controller(circuit, target, most_broadcasts=2401).broadcasts == 2401
    compiled, _ = compiled_network((2, 2), PROJECTIVE, "linear")
    circuit = network_circuit(compiled)
    assert refused(lambda: (circuit, device("FakeBerlin"))) == (
        "target: found no if_else, which the circuit needs"
    )

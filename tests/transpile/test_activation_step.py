"""The step's circuits against the closed form, by statevector."""

import math

import numpy as np
import pytest
from qiskit.circuit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import Operator, Statevector

from tests.transpile.closed_form import angle_after, branch, probability, ry_state, same_state
from tests.transpile.devices import bind, gates_on
from transpile import Shape, TranspileError, append_weak_step, layer_circuit

ANGLES = np.linspace(-2.9 * math.pi, 2.9 * math.pi, 23)
ENTANGLEMENTS = [1e-3, 0.3, 5 * math.pi / 19, 3 * math.pi / 8, 1.5, math.pi / 2]


def weak_step(angle, entanglement):
    neuron, ancilla, outcome = QuantumRegister(1), QuantumRegister(1), ClassicalRegister(1)
    circuit = QuantumCircuit(neuron, ancilla, outcome)
    append_weak_step(circuit, angle, entanglement, neuron[0], ancilla[0], outcome[0])
    return circuit


@pytest.mark.parametrize("entanglement", ENTANGLEMENTS)
def test_weak_step_gives_closed_form_probability_and_state(entanglement):
    for angle in ANGLES:
        circuit = weak_step(angle, entanglement)
        assert [i.operation.name for i in circuit.data][-1] == "measure"
        state = Statevector(gates_on(circuit, [0, 1])).data.reshape(2, 2)  # [ancilla, neuron]
        for bit, outcome in ((0, 1), (1, -1)):
            p = np.linalg.norm(state[bit]) ** 2
            assert p == pytest.approx(probability(angle, entanglement, outcome), abs=1e-12)
            expected = math.sqrt(p) * ry_state(angle_after(angle, entanglement, outcome))
            assert same_state(state[bit], expected)
            assert same_state(state[bit], branch(angle, entanglement, outcome))


@pytest.mark.parametrize("entanglement", ENTANGLEMENTS)
def test_weak_measurement_has_the_kraus_operators_of_any_neuron_state(entanglement):
    unitary = Operator(gates_on(weak_step(0.0, entanglement), [0, 1])).data
    blocks = unitary.reshape(2, 2, 2, 2)[:, :, 0, :]  # [ancilla after, neuron after, neuron before]
    s = math.sin(entanglement)
    for bit, outcome in ((0, 1), (1, -1)):
        kraus = np.diag(np.sqrt([(1 + outcome * s) / 2, (1 - outcome * s) / 2]))
        phase = np.exp(1j * np.angle(np.trace(blocks[bit])))
        np.testing.assert_allclose(blocks[bit], phase * kraus, atol=1e-9)


def test_rzz_angle_is_the_entanglement_angle():
    for entanglement in ENTANGLEMENTS:
        circuit = weak_step(0.4, entanglement)
        (rzz,) = [i.operation for i in circuit.data if i.operation.name == "rzz"]
        assert rzz.params == [entanglement]


@pytest.mark.parametrize("entanglement", ENTANGLEMENTS)
def test_layer_neurons_are_independent(entanglement):
    angles = [-2.0, 0.7, 4.5]
    circuit = bind(layer_circuit(Shape(3, entanglement)), angles)
    state = Statevector(gates_on(circuit, range(circuit.num_qubits)))
    measured = [
        circuit.find_bit(i.qubits[0]).index for i in circuit.data if i.operation.name == "measure"
    ]
    for bits in range(8):
        outcomes = [1 - 2 * (bits >> k & 1) for k in range(3)]
        expected = math.prod(
            probability(a, entanglement, r) for a, r in zip(angles, outcomes, strict=True)
        )
        assert state.probabilities(measured)[bits] == pytest.approx(expected, abs=1e-12)


def test_layer_registers_and_parameters():
    projective, weak = (
        layer_circuit(Shape(12, math.pi / 2)),
        layer_circuit(Shape(12, 0.5)),
    )
    assert [(r.name, len(r)) for r in projective.qregs] == [("neuron", 12)]
    assert [(r.name, len(r)) for r in weak.qregs] == [("neuron", 12), ("ancilla", 12)]
    for circuit in (projective, weak):
        assert [(r.name, len(r)) for r in circuit.cregs] == [("outcome", 12)]
        assert [p.name for p in circuit.parameters] == [f"angle[{k}]" for k in range(12)]


@pytest.mark.parametrize("pair_gate", ["sx", "cz"])
@pytest.mark.parametrize("entanglement", [0.6, math.pi / 2])
def test_gate_pairs_do_nothing_to_the_logical_layer(pair_gate, entanglement):
    angles = [0.3, 1.9, -2.5]
    plain, paired = (
        Operator(gates_on(c, range(c.num_qubits)))
        for c in (
            bind(layer_circuit(Shape(3, entanglement)), angles),
            bind(layer_circuit(Shape(3, entanglement, pairs=2, pair_gate=pair_gate)), angles),
        )
    )
    assert plain.equiv(paired)
    counts = layer_circuit(Shape(3, entanglement, pairs=2, pair_gate=pair_gate)).count_ops()
    assert counts[pair_gate] == (12 if pair_gate == "sx" else 4)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Shape(0, 1.0), "layer: expected at least 1 neuron and 1 copy, got 0 and 1"),
        (lambda: Shape(2, 0.0), "entanglement: expected 0 < g <= pi/2 radians, got 0.0"),
        (lambda: Shape(2, 1.6), "entanglement: expected 0 < g <= pi/2 radians, got 1.6"),
        (lambda: Shape(2, math.nan), "entanglement: expected 0 < g .*, got nan"),
        (lambda: Shape(2, 1.0, pairs=-1), "pairs: expected a number >= 0, got -1"),
        (lambda: Shape(2, 1.0, pair_gate="cx"), "pair gate: expected one of cz, sx, got"),
    ],
)
def test_bad_input_is_one_line(build, message):
    with pytest.raises(TranspileError, match=message) as raised:
        build()
    assert "\n" not in str(raised.value)

"""Coupled neurons on a device: where they go, what they cost, and what is refused."""

import math

import numpy as np
import pytest
from qiskit.circuit import Measure, Parameter
from qiskit.circuit.library import RXGate, RXXGate, RZGate, RZZGate, SXGate, iSwapGate
from qiskit.quantum_info import Statevector
from qiskit.transpiler import Target

from qnnq.networks.couplings import KINDS, Coupling
from tests.networks.coupled import coupling_of, statevector_response
from tests.transpile.devices import device, line, small_target
from transpile import Shape, TranspileError, capacity, choose_sites, compile_layer, couplings
from transpile.calibration import read_calibration
from transpile.groups import pair_key
from transpile.ion_gates import GPI2Gate, GPIGate, MolmerSorensenGate

ONE = math.pi / 2
MIXED = (coupling_of("cz", (6, 2, 4, 0)), coupling_of("bell", (1, 5)), coupling_of("bell", (3, 7)))


def test_the_kinds_are_those_of_networks():
    assert couplings.KINDS == KINDS


def lengths(groups):
    return [len(group.neurons) for group in groups]


def test_chains_lie_on_coupled_qubits():
    target = device("FakeKingston")
    shape = Shape(9, ONE, copies=3, couplings=MIXED)
    layer = compile_layer(target, shape)
    usable = read_calibration(target).pair_couplings
    for group in layer.groups:
        assert all(pair_key(*pair) in usable for pair in group.couplings)
    assert lengths(layer.groups) == [4, 2, 2] * 3 + [1] * 3
    assert len({site.neurons for site in layer.sites}) == 27
    counts = layer.circuit.count_ops()
    assert (counts["cz"], counts["measure"]) == (3 * (3 + 1 + 1), 27)


@pytest.mark.parametrize(
    ("kind", "size", "gates"),
    [("cz", 4, 3), ("cz-own", 3, 2), ("xx+yy", 3, 4), ("bell", 2, 1)],
)
def test_two_qubit_gates(kind, size, gates):
    chain = coupling_of(kind, tuple(range(size)))
    layer = compile_layer(small_target(line(5)), Shape(size, ONE, couplings=(chain,)))
    assert layer.circuit.num_nonlocal_gates() == gates
    assert len(layer.circuit.parameters) == size


@pytest.mark.parametrize("gate", [RZZGate, RXXGate, MolmerSorensenGate])
def test_angles_of_gates_are_those_that_devices_take(gate):
    """Machines refuse RZZ outside 0 to pi/2, and MS outside 0 to a quarter of a turn."""
    names = [Parameter(name) for name in "abc"]
    if gate is MolmerSorensenGate:
        most, own, turns = 0.25, gate(*names), (GPIGate, GPI2Gate)
    else:
        most, own, turns = ONE, gate(names[0]), (RXGate, RZGate)
    target = Target(num_qubits=3)
    for each in (*(turn(names[0]) for turn in turns), Measure()):
        target.add_instruction(each, {(qubit,): None for qubit in range(3)})
    target.add_instruction(own, dict.fromkeys([(0, 1), (1, 2)]))
    for angles in ((-1.2, 2.8), (-2.8, 3.5), (6.0, -4.0), (9.0, -8.0)):
        chain = Coupling("xx+yy", (0, 1, 2), angles)
        layer = compile_layer(target, Shape(3, ONE, couplings=(chain,)))
        found = [i.operation.params[-1] for i in layer.circuit if len(i.qubits) == 2]
        assert len(found) == 4
        assert all(0 <= angle <= most for angle in found)
        bare = layer.circuit.assign_parameters([0.4, 1.1, 2.0])
        where = [site.neurons[0] for site in reversed(layer.sites)]
        bits = Statevector(bare.remove_final_measurements(inplace=False)).probabilities(where)
        wanted = statevector_response([chain], [0.4, 1.1, 2.0]).ravel()
        assert bits == pytest.approx(wanted, abs=1e-9)


def test_gates_of_one_direction():
    """Qiskit turns CX round, not iSWAP."""
    target = Target(num_qubits=2)
    for gate in (SXGate(), RZGate(Parameter("angle")), Measure()):
        target.add_instruction(gate, {(0,): None, (1,): None})
    target.add_instruction(iSwapGate(), {(0, 1): None})
    for neurons in ((0, 1), (1, 0)):
        chain = Coupling.of("xx+yy", neurons, (1.1,))
        layer = compile_layer(target, Shape(2, ONE, couplings=(chain,)))
        assert layer.circuit.count_ops()["iswap"] == 2
        angles = 0.4, 1.3
        bound = layer.circuit.remove_final_measurements(inplace=False).assign_parameters(angles)
        qubits = [site.neurons[0] for site in layer.sites]
        found = Statevector(bound).probabilities(qubits[::-1]).reshape(2, 2)
        np.testing.assert_allclose(found, statevector_response([chain], angles), atol=1e-9)


def test_the_best_chain_is_taken():
    target = small_target(line(6))
    shape = Shape(3, ONE, couplings=(coupling_of("cz", (1, 0, 2)),))

    def score(groups):
        return [0.1 if set(group.neurons) == {2, 3, 4} else 0.2 for group in groups]

    sites = [site.neurons[0] for site in choose_sites(target, shape, score)]
    assert sites[0] == 3  # neuron 0 is the chain's middle
    assert set(sites) == {2, 3, 4}


PAIRS = tuple(coupling_of("cz", (2 * k, 2 * k + 1)) for k in range(4))
CHAINS = (coupling_of("bell", (0, 1, 2)), coupling_of("bell", (3, 4, 5)))


@pytest.mark.parametrize(
    ("width", "couplings", "message"),
    [
        (8, PAIRS, "layout: 4 groups of 2 coupled neurons wanted, the device can place 3"),
        (6, CHAINS, "layout: 2 groups of 3 coupled neurons wanted, the device can place 1"),
        (8, PAIRS[:1], "layout: 8 neurons wanted, the device can place 7"),
    ],
)
def test_a_device_that_is_too_small_says_how_many_fit(width, couplings, message):
    star = {(0, 1): 0.01, (2, 3): 0.01, (4, 5): 0.01, (5, 6): 0.01}
    with pytest.raises(TranspileError) as raised:
        compile_layer(small_target(star), Shape(width, ONE, couplings=couplings))
    assert str(raised.value) == message


def test_whole_copies_are_counted():
    target = small_target(line(11))
    assert capacity(target, Shape(3, ONE, couplings=CHAINS[:1])) == 9
    assert capacity(target, Shape(2, ONE, couplings=PAIRS[:1])) == 10
    assert capacity(small_target(line(2)), Shape(3, ONE, couplings=CHAINS[:1])) == 0


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"couplings": (Coupling("cx", (0, 1), ()),)}, "coupling: expected one of .*, got 'cx'"),
        ({"couplings": (*PAIRS[:1], *PAIRS[:1])}, "in one coupling each"),
        ({"couplings": PAIRS[:1], "pair_gate": "cz"}, "no pair gate cz"),
        ({"couplings": PAIRS[:1], "entanglement": 1.0}, "projective measurement"),
        ({"couplings": CHAINS[:1], "pairs": 1}, "pairs: expected 0 behind Bell pairs, got 1"),
    ],
)
def test_what_a_layer_cannot_be(shape, message):
    with pytest.raises(TranspileError, match=message):
        Shape(**{"width": 4, "entanglement": ONE} | shape)


def test_named_qubits_that_are_not_coupled():
    target = small_target(line(5))
    shape = Shape(2, ONE, couplings=PAIRS[:1])
    sites = [site for group in shape.placed(choose_sites(target, shape)) for site in group.sites]
    with pytest.raises(TranspileError, match="qubits: 0 and 2 are not coupled"):
        compile_layer(target, shape, sites=[type(sites[0])((q,)) for q in (0, 2)])

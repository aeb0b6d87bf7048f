"""Compiled layers: the right channel on the right qubits with the target's own gates."""

import math

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.circuit import Parameter, QuantumCircuit
from qiskit.quantum_info import Operator, Statevector

from qnnq.storage.blobs import circuit_from, circuit_to
from tests.transpile.closed_form import branch, probability, same_state
from tests.transpile.devices import (
    bind,
    counts_by_qubits,
    device,
    everywhere,
    gates_on,
    line,
    qubits_of,
    small_target,
    used_qubits,
)
from transpile import Group, Shape, TranspileError, capacity, compile_layer
from transpile.native import to_isa

DEVICES = [
    "FakeSherbrooke",  # ECR, heavy hexagons
    "FakeKingston",  # CZ, heavy hexagons
    "FakeNighthawk",  # CZ, square lattice
    "FakeFractionalBackend",  # RX, RZZ
    "fractional",
]
ENTANGLEMENTS = [0.05, 5 * math.pi / 19, 1.5, math.pi / 2]
LEVELS = [1, 3, *(pytest.param(each, marks=pytest.mark.slow) for each in (0, 2))]
"""Of the transpiler's optimization; 1 is the one that is used."""


def assert_slot_is_exact(compiled, circuit, slot, angle):
    """The slot's outcome probabilities and, after each outcome, its neuron's state."""
    site = compiled.sites[slot]
    state = Statevector(gates_on(circuit, site.qubits)).data
    for bit, outcome in ((0, 1), (1, -1)):
        if not site.ancillas:
            p = abs(state[bit]) ** 2
            expected = probability(angle, compiled.shape.entanglement, outcome)
            assert p == pytest.approx(expected, abs=1e-9)
        else:
            assert same_state(
                state.reshape(2, 2)[bit], branch(angle, compiled.shape.entanglement, outcome)
            )


def assert_is_exact(compiled, seed=0):
    angles = np.random.default_rng(seed).uniform(-2.9 * np.pi, 2.9 * np.pi, compiled.slots)
    circuit = bind(compiled.circuit, angles)
    for slot, angle in enumerate(angles):
        assert_slot_is_exact(compiled, circuit, slot, angle)


def assert_is_isa(circuit, target):
    for instruction in circuit.data:
        assert target.instruction_supported(
            instruction.operation.name, qubits_of(circuit, instruction)
        )


def assert_measures_its_sites(compiled):
    measured = {
        compiled.circuit.find_bit(i.clbits[0]).index: qubits_of(compiled.circuit, i)
        for i in compiled.circuit.data
        if i.operation.name == "measure"
    }
    assert measured == {k: (site.measured[0],) for k, site in enumerate(compiled.sites)}
    assert used_qubits(compiled.circuit) == {q for site in compiled.sites for q in site.qubits}


COUNTS = {
    "rx, ry, cz": {"cz": 2},
    "u, cx": {"cx": 2},
    "sx, iswap": {"iswap": 2},
    "r, cz": {"cz": 2},
    "r, rxx": {"r": 4, "rxx": 1},
    "r, rzz": {"r": 3, "rzz": 1},
    "gpi, ms": {"gpi": 1, "gpi2": 5, "ms": 1},
}
"""Physical gates of a weak measurement on complete graphs, of one qubit where frames are free."""


@pytest.mark.parametrize("gates", COUNTS)
@pytest.mark.parametrize("level", range(4))
def test_gate_sets_on_complete_graphs(gates, level):
    target = everywhere(gates)
    for entanglement in (0.7, math.pi / 2):
        compiled = compile_layer(target, Shape(2, entanglement), optimization_level=level)
        assert_is_isa(compiled.circuit, target)
        assert_is_exact(compiled)
        if entanglement < 1 and level:
            counts = compiled.circuit.count_ops()
            assert {gate: counts[gate] / 2 for gate in COUNTS[gates]} == COUNTS[gates]


def test_frames_of_ions_are_left_nowhere():
    """Living neurons, and gates of frames that are not known yet."""
    target = everywhere("gpi, ms")
    angle, phase = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.rz(phase, 0)
    circuit.ry(angle, 0)
    circuit.rz(0.3, 0)
    circuit.cz(0, 1)
    circuit.rx(0.4, 0)
    circuit.rz(phase, 0)
    isa = to_isa(circuit, target, [3, 1], 1, 0)
    assert set(isa.count_ops()) == {"gpi", "gpi2", "ms"}
    values = {"a": 0.9, "b": -1.7}
    ours, theirs = (
        Operator(each.assign_parameters(values)) for each in (gates_on(isa, (3, 1)), circuit)
    )
    assert ours.equiv(theirs, atol=1e-9)


def test_gates_of_ions_come_back_from_a_file():
    circuit = compile_layer(everywhere("gpi, ms"), Shape(1, 0.7)).circuit
    again = circuit_from(circuit_to(circuit))
    assert again == circuit
    ours, theirs = (Operator(gates_on(bind(each, [0.4]), (0, 1))) for each in (again, circuit))
    assert ours == theirs


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("entanglement", ENTANGLEMENTS)
@pytest.mark.parametrize("name", DEVICES)
def test_compiled_layer_is_exact(name, entanglement, level):
    target = device(name)
    width = min(12, capacity(target, Shape(1, entanglement)))
    compiled = compile_layer(target, Shape(width, entanglement), optimization_level=level)
    assert_is_isa(compiled.circuit, target)
    assert_measures_its_sites(compiled)
    assert_is_exact(compiled)


@pytest.mark.parametrize("name", DEVICES)
def test_full_chip_is_exact(name):
    target = device(name)
    for entanglement in (0.9, math.pi / 2):
        compiled = compile_layer(
            target, Shape(capacity(target, Shape(1, entanglement)), entanglement)
        )
        assert compiled.parts == 1
        assert_measures_its_sites(compiled)
        assert_is_exact(compiled)


@pytest.mark.parametrize("level", LEVELS)
def test_sites_stay_where_they_are_put(level):
    # Poor qubits of the device, which a search for a better layout would leave.
    target = device("FakeKingston")
    qubits = [132, 120, 37, 7]
    compiled = compile_layer(
        target, Shape(4, math.pi / 2), sites=[Group((q,)) for q in qubits], optimization_level=level
    )
    assert [site.neurons[0] for site in compiled.sites] == qubits
    assert_measures_its_sites(compiled)
    pairs = [Group((4,), (3,)), Group((7,), (8,)), Group((98,), (111,))]
    compiled = compile_layer(target, Shape(3, 0.9), sites=pairs, optimization_level=level)
    assert list(compiled.sites) == pairs
    assert_measures_its_sites(compiled)
    assert_is_exact(compiled)


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("name", DEVICES)
def test_a_rotation_is_two_sx_or_one_rx(name, level):
    target = device(name)
    compiled = compile_layer(target, Shape(3, math.pi / 2), optimization_level=level)
    counts = compiled.circuit.count_ops()
    fractional = "rx" in target.operation_names
    physical = {gate: n for gate, n in counts.items() if gate not in ("rz", "measure")}
    assert physical == ({"rx": 3} if fractional else {"sx": 6})


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["FakeFractionalBackend", "fractional"])
def test_native_rzz_is_used_once_at_the_entanglement_angle(name, level):
    target = device(name)
    for entanglement in (1e-3, 0.7, 1.57):
        compiled = compile_layer(target, Shape(2, entanglement), optimization_level=level)
        entangling = [i.operation for i in compiled.circuit.data if len(i.qubits) == 2]
        assert [(gate.name, gate.params) for gate in entangling] == [("rzz", [entanglement])] * 2


@pytest.mark.parametrize("name", ["FakeSherbrooke", "FakeTorino", "FakeNighthawk"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_weak_measurement_takes_two_entangling_gates_without_rzz(name, level):
    compiled = compile_layer(device(name), Shape(4, 0.7), optimization_level=level)
    counts = counts_by_qubits(compiled.circuit)
    two_qubit = {qubits: n for (_, qubits), n in counts.items() if len(qubits) == 2}
    assert two_qubit == {tuple(sorted(site.qubits)): 2 for site in compiled.sites}


@pytest.mark.parametrize("reversed_roles", [False, True])
def test_ecr_in_both_directions(reversed_roles):
    target = small_target({(0, 1): 0.01, (1, 2): 0.01}, gate="ecr")
    site = Group((1,), (0,)) if reversed_roles else Group((0,), (1,))
    for level in range(4):
        compiled = compile_layer(target, Shape(1, 0.8), sites=[site], optimization_level=level)
        assert_is_isa(compiled.circuit, target)
        assert_is_exact(compiled)


def test_parameters_and_register_are_in_slot_order():
    compiled = compile_layer(device("FakeKingston"), Shape(12, 0.9, copies=2))
    names = [parameter.name for parameter in compiled.circuit.parameters]
    assert names == [f"angle[{k}]" for k in range(24)]
    assert [(r.name, len(r)) for r in compiled.circuit.cregs] == [("outcome", 24)]
    assert compiled.circuit.num_qubits == 156


def test_copies_take_disjoint_slots():
    compiled = compile_layer(device("FakeTorino"), Shape(5, math.pi / 2, copies=3))
    assert (compiled.slots, compiled.parts) == (15, 1)
    np.testing.assert_array_equal(compiled.slot_of, np.arange(15).reshape(3, 5))
    assert len({site.neurons[0] for site in compiled.sites}) == 15


@pytest.mark.parametrize(
    ("width", "pair_gate", "slots", "parts"),
    [(5, "sx", 5, 1), (13, "sx", 7, 2), (25, "sx", 9, 3), (25, "cz", 10, 3), (13, "cz", 8, 2)],
)
def test_a_layer_wider_than_the_chip_is_split(width, pair_gate, slots, parts):
    compiled = compile_layer(small_target(line(12)), Shape(width, math.pi / 2, pair_gate=pair_gate))
    assert (compiled.slots, compiled.parts) == (slots, parts)
    np.testing.assert_array_equal(compiled.slot_of, [np.arange(width) % slots])


def test_a_split_layer_takes_the_named_sites():
    target = small_target(line(12))
    sites = [Group((q,)) for q in (3, 1, 8, 5, 9)]
    compiled = compile_layer(target, Shape(13, math.pi / 2), sites=sites)
    assert (compiled.sites, compiled.parts) == (tuple(sites), 3)


def test_compilation_is_reproducible():
    first, second = (
        compile_layer(device("FakeSherbrooke"), Shape(6, 0.9), optimization_level=3)
        for _ in range(2)
    )
    angles = np.linspace(-1, 1, 6)
    assert bind(first.circuit, angles) == bind(second.circuit, angles)
    assert first.sites == second.sites


def test_circuit_exports_to_openqasm():
    text = qasm3.dumps(compile_layer(device("fractional"), Shape(2, 0.7, pairs=1)).circuit)
    assert "rzz(0.7)" in text
    assert "bit[2] outcome;" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "layer: expected at least 1 neuron and 1 copy, got 0 and 1"),
        ({"copies": 0}, "layer: expected at least 1 neuron and 1 copy, got 4 and 0"),
        ({"copies": 4}, "layout: 4 copies of 4 neurons wanted, the device can place 12"),
        ({"optimization_level": 4}, "optimization level: expected 0 to 3, got 4"),
        ({"pairs": -2}, "pairs: expected a number >= 0, got -2"),
        ({"sites": [Group((1,))]}, "qubits: expected 4 sites, got 1"),
        ({"sites": [Group((q,)) for q in range(5)]}, "qubits: expected 4 sites, got 5"),
        ({"width": 20, "sites": []}, "qubits: expected 20 sites, got 0"),
        ({"width": 1, "sites": [Group((1,), (2,))]}, "qubits: expected no ancilla, got 1:2"),
        ({"width": 1, "sites": [Group((99,))]}, "qubits: expected 0 to 11, got 99"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    def compiled(sites=None, optimization_level=1, **shape):
        shape = Shape(**{"width": 4, "entanglement": math.pi / 2} | shape)
        compile_layer(
            small_target(line(12)), shape, sites=sites, optimization_level=optimization_level
        )

    with pytest.raises(TranspileError) as raised:
        compiled(**arguments)
    assert str(raised.value) == message


def test_weak_layer_that_does_not_fit_says_both_numbers():
    with pytest.raises(TranspileError) as raised:
        compile_layer(small_target(line(12)), Shape(4, 0.7, copies=2))
    assert str(raised.value) == (
        "layout: 2 copies of 4 neuron-ancilla pairs wanted, the device can place 6"
    )


def test_a_target_without_calibration_takes_the_same_circuit():
    from qiskit.providers.fake_provider import GenericBackendV2

    gates = ["cz", "rz", "sx", "x"]
    bare, calibrated = (
        GenericBackendV2(6, basis_gates=gates, noise_info=info, seed=1).target
        for info in (False, True)
    )
    for angle, sites in (
        (math.pi / 2, [Group((0,)), Group((1,))]),
        (0.7, [Group((0,), (1,)), Group((3,), (2,))]),
    ):
        layers = [compile_layer(t, Shape(2, angle), sites=sites) for t in (bare, calibrated)]
        assert layers[0].digest == layers[1].digest
    assert capacity(bare, Shape(1, 0.7)) == 3


def test_gates_that_a_target_has_on_all_qubits_alike():
    """They are listed under None; every pair of qubits is then coupled."""
    ideal = pytest.importorskip("qiskit_aer").AerSimulator().target
    assert None in ideal["rzz"]
    (site,) = compile_layer(ideal, Shape(1, 0.7)).sites
    assert len(set(site.qubits)) == 2
    apart = compile_layer(
        ideal, Shape(2, 0.7), sites=[Group((0,), (17,)), Group((23,), (4,))]
    ).circuit
    joined = [qubits_of(apart, i) for i in apart.data if i.operation.num_qubits == 2]
    assert {tuple(sorted(qubits)) for qubits in joined} == {(0, 17), (4, 23)}

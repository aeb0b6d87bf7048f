"""A network as one circuit: exactly the closed form, supported by the device, its times add up."""

from dataclasses import replace

import numpy as np
import pytest
from qiskit.circuit import IfElseOp

from tests.transpile.devices import device, line, qubits_of, small_target
from tests.transpile.histories import Histories
from tests.transpile.networks import PROJECTIVE, STRONG, WEAK, LivingNetwork
from transpile import (
    TranspileError,
    compile_network,
    delay_seconds,
    linear_feedforward,
    machine_circuit,
    network_circuit,
    table_feedforward,
)

LINEAR = [
    ((4, 2, 2, 2, 2), (PROJECTIVE,) * 5),
    ((4, 2, 2, 2, 2), (WEAK,) * 5),
    ((4, 3, 3, 2), (PROJECTIVE,) * 4),
    ((4, 3, 3, 2), (STRONG,) * 4),
    ((4, 3, 3, 2), (WEAK, WEAK, WEAK, PROJECTIVE)),
    ((2, 4, 1, 3), (WEAK,) * 4),  # neurons that come back after a layer without them
    ((2, 3, 2, 3), (WEAK, PROJECTIVE, 0.1, 1.5)),
]
TABLE = [
    ((4, 2, 2, 2, 2), (PROJECTIVE,) * 5),
    ((4, 3, 3, 2), (STRONG,) * 4),
    ((2, 4, 1, 3), (WEAK, WEAK, WEAK, PROJECTIVE)),
]


def assert_exact(network, circuit):
    bound = circuit.assign_parameters(network.first_angles)
    found = Histories(bound).probabilities()
    np.testing.assert_allclose(found, network.joint(), atol=1e-9)


@pytest.mark.parametrize("recycling", ["flip", "reset"])
@pytest.mark.parametrize(
    ("activation", "widths", "entanglements"),
    [("linear", *case) for case in LINEAR] + [("htanh", *case) for case in TABLE],
)
def test_the_circuit_is_exact(activation, widths, entanglements, recycling):
    network = LivingNetwork(widths, entanglements, activation)
    compiled = compile_network(
        device("FakeKingston"),
        widths,
        entanglements,
        feedforward=network.feedforward(),
        recycling=recycling,
    )
    circuit = network_circuit(compiled)
    assert [(r.name, len(r)) for r in circuit.cregs] == [
        (f"outcome{layer}", width) for layer, width in enumerate(widths)
    ]
    assert [p.name for p in circuit.parameters] == [f"angle0[{k}]" for k in range(widths[0])]
    assert_exact(network, circuit)


@pytest.mark.parametrize("name", ["FakeSherbrooke", "FakeFractionalBackend", "fractional", "line"])
def test_other_gate_sets_are_exact(name):
    target = small_target(line(9)) if name == "line" else device(name)
    widths, entanglements = (1, 2, 2), (WEAK, WEAK, PROJECTIVE)
    network = LivingNetwork(widths, entanglements, "linear")
    compiled = compile_network(
        target, widths, entanglements, feedforward=network.feedforward(), dynamical_decoupling="XX"
    )
    assert_exact(network, network_circuit(compiled))


def test_what_a_machine_gets_is_the_same_circuit_without_its_waits():
    target = device("FakeKingston")
    network = LivingNetwork((3, 3, 2), (STRONG,) * 3, "linear")
    arguments = (target, network.widths, network.entanglements)
    plain = compile_network(*arguments, feedforward=network.feedforward())
    machine = machine_circuit(plain, target)
    assert "delay" not in machine.count_ops()
    assert all(len(i.operation.blocks) == 1 for i in machine.get_instructions("if_else"))
    assert_exact(network, machine)

    compiled = compile_network(
        *arguments, feedforward=network.feedforward(), dynamical_decoupling="XX"
    )
    decoupled = machine_circuit(compiled, target)
    # Two X and three delays in both waits of 3 + 2 neurons that live on.
    assert decoupled.count_ops()["x"] == 20
    assert decoupled.count_ops()["delay"] == 30
    assert_exact(network, decoupled)

    short = machine_circuit(replace(plain, measurement="measure_2"), target)
    assert short.count_ops()["measure_2"] == 8
    assert "measure" not in short.count_ops()


@pytest.mark.parametrize(
    ("entanglement", "measurement"),
    [
        (PROJECTIVE, "measure_2"),
        (STRONG, "measure"),
        pytest.param(PROJECTIVE, "measure", marks=pytest.mark.slow),
        pytest.param(STRONG, "measure_2", marks=pytest.mark.slow),
    ],
)
def test_a_wide_network_is_supported_instruction_by_instruction(entanglement, measurement):
    target = device("FakeKingston")
    network = LivingNetwork((16, 16, 16), (entanglement,) * 3, "linear")
    compiled = compile_network(
        target,
        network.widths,
        network.entanglements,
        feedforward=network.feedforward(),
        measurement=measurement,
        dynamical_decoupling="XX",
    )
    whole = network_circuit(compiled)
    for circuit in (whole, machine_circuit(compiled, target)):
        assert circuit.count_ops()["if_else"] == 32
        # Aer would look for a labelled gate's errors by its label.
        assert not any(item.operation.label for item in circuit.data)
        assert len(list(supported(circuit, target, range(circuit.num_qubits)))) > 1000
    assert_times_add_up(compiled, target)


def supported(circuit, target, physical):
    for instruction in circuit.data:
        qubits = tuple(physical[q] for q in qubits_of(circuit, instruction))
        name = instruction.operation.name
        if isinstance(instruction.operation, IfElseOp):
            assert target.instruction_supported("if_else")
            for block in instruction.operation.blocks:
                yield from supported(block, target, qubits)
        else:
            assert target.instruction_supported(name, qubits), (name, qubits)
            yield name


def assert_times_add_up(compiled, target):
    """Each qubit that lives from one step to the next one and through it is never without time."""
    for before, step in zip(compiled.steps, compiled.steps[1:]):
        spent = dict.fromkeys(range(target.num_qubits), 0.0)
        add_times(step.circuit, target, range(target.num_qubits), spent, compiled.measurement)
        lives = set(before.alive) & set(step.alive)
        assert lives or step.alive == ()
        for qubit in lives:
            assert spent[qubit] == pytest.approx(step.duration, abs=1e-12)
        assert step.feedforward_duration + step.measurement_duration < step.duration


def add_times(circuit, target, physical, spent, measurement):
    for instruction in circuit.data:
        qubits = tuple(physical[q] for q in qubits_of(circuit, instruction))
        operation = instruction.operation
        if isinstance(operation, IfElseOp):
            alternatives = []
            for block in operation.blocks:
                alternatives.append(dict.fromkeys(qubits, 0.0))
                add_times(block, target, qubits, alternatives[-1], measurement)
            for qubit in qubits:
                taken, waited = (times[qubit] for times in alternatives)
                assert taken == pytest.approx(waited, abs=1e-12)
                spent[qubit] += taken
            continue
        if operation.name == "delay":
            duration = delay_seconds(operation, target)
        else:
            name = measurement if operation.name == "measure" else operation.name
            duration = target[name][qubits].duration
        for qubit in qubits:
            spent[qubit] += duration


@pytest.mark.parametrize("recycling", ["flip", "reset"])
@pytest.mark.parametrize("outside", [False, True])
def test_decoupling_undoes_a_frequency_offset_in_the_waits(recycling, outside):
    """Delays that turn each neuron by RZ, about half a turn in all, leave nothing of it."""
    target = device("FakeKingston")
    network = LivingNetwork((2, 3, 2), (STRONG,) * 3, "linear")
    feedforward = None if outside else network.feedforward()
    errors = []
    for decoupling in ("none", "XX"):
        compiled = compile_network(
            target,
            network.widths,
            network.entanglements,
            feedforward=feedforward,
            feedback_latency=2e-6,
            recycling=recycling,
            dynamical_decoupling=decoupling,
        )
        circuit = network_circuit(compiled)
        angles = [*network.first_angles, *np.linspace(-2, 2, circuit.num_parameters - 2)]
        circuit.assign_parameters(angles, inplace=True)
        neurons = {site.neurons[0] for site in compiled.sites}
        turned = detuned(circuit, target, neurons, 100e3)
        expected = Histories(circuit).probabilities()
        errors.append(np.abs(Histories(turned).probabilities() - expected).sum() / 2)
    assert errors[0] > 0.2
    assert errors[1] < errors[0] / 10


def detuned(circuit, target, qubits, frequency):
    """The same circuit with RZ(2 pi frequency duration) behind its longer delays on some qubits."""
    turned = circuit.copy_empty_like()
    for item in circuit.data:
        turned.append(item)
        if item.operation.name != "delay" or qubits.isdisjoint(qubits_of(circuit, item)):
            continue
        turned.rz(2 * np.pi * frequency * delay_seconds(item.operation, target), item.qubits[0])
    return turned


def test_linear_feedforward_by_hand():
    found = linear_feedforward([[0.5, -1.0], [0.25, 2.0], [1.0, 0.0]], [0.1, 0.2, 0.3], 2.0)
    np.testing.assert_allclose(
        found.base, np.pi / 2 * (1 - np.array([-0.4, 2.45, 1.3]) / 2), atol=1e-12
    )
    np.testing.assert_allclose(found.branches[0].angles, np.pi * np.array([0.25 - 1, 0.125, 0.5]))
    np.testing.assert_allclose(found.branches[1].angles, np.pi * np.array([-0.5, 1 - 1, 0]))
    # Bits 0, 1: outcomes +1, -1; neuron 2 is new, so its last outcome counts as +1.
    z = np.array([0.5 + 1.0 + 0.1, 0.25 - 2.0 + 0.2, 1.0 + 0.3])
    np.testing.assert_allclose(
        found.angles([[0, 1]]), [np.pi / 2 * (np.array([1, -1, 1]) - z / 2)], atol=1e-12
    )


def test_branches_of_a_register_are_counted_and_refused():
    built = table_feedforward(lambda r: r @ np.ones((3, 2)), 3)
    assert len(built.branches) == 7
    np.testing.assert_allclose(built.angles([[0, 1, 1]]), [[-1, -1]])
    with pytest.raises(TranspileError) as raised:
        table_feedforward(lambda r: r, 16)
    assert str(raised.value) == (
        "feed-forward: 16 neurons need 65535 branches, at most 1023 are built; "
        "activation linear needs 16"
    )

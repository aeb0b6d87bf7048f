"""The report's figures against values worked out by hand, and OpenQASM 3 that reads back."""

import math

import numpy as np
import pytest
from qiskit import qasm3

from tests.transpile.devices import device, line, small_target
from tests.transpile.histories import Histories
from tests.transpile.networks import PROJECTIVE, STRONG, WEAK, LivingNetwork
from transpile import Group, compile_network, network_circuit, network_report
from transpile.calibration import relaxation_error

SX, CZ, READ = 2e-4, 0.005, 0.01  # errors of small_target
GATE, COUPLING, MEASURE = 4e-8, 1e-7, 1e-6  # its durations
T1, T2 = 1e-4, 8e-5


def idle(duration):
    return 1 - relaxation_error(T1, T2, duration)


def rest(duration):
    """|0> stays, |1> decays."""
    return (1 + math.exp(-duration / T1)) / 2


def test_projective_neurons_with_angles_from_outside():
    target = small_target(line(2))
    compiled = compile_network(target, [1, 1], [PROJECTIVE] * 2, sites=[Group((0,))])
    found = network_report(compiled, target)
    once = 2 * GATE + MEASURE
    assert found.duration_s == pytest.approx(2 * once + 0.9e-6)
    assert found.gates_s == pytest.approx(4 * GATE)
    assert found.measurement_s == pytest.approx(2 * MEASURE)
    assert found.feedforward_s == pytest.approx(0.9e-6)
    assert found.waiting_share == pytest.approx((MEASURE + 0.9e-6) / (4 * GATE + MEASURE + 0.9e-6))
    assert found.gate_counts == {"sx": 4, "rz": 4, "measure": 2}
    assert found.load.if_tests == 0
    right = (1 - SX) ** 2 * (1 - READ)
    assert np.ravel(found.neuron_errors_without_waiting) == pytest.approx([1 - right] * 2)
    waited = rest(MEASURE + 0.9e-6)
    assert np.ravel(found.neuron_errors) == pytest.approx([1 - right, 1 - right * waited])


def test_weak_neurons_with_branches():
    target = small_target(line(2))
    network = LivingNetwork((1, 1), (WEAK,) * 2, "linear")
    compiled = compile_network(
        target, [1, 1], [WEAK] * 2, feedforward=network.feedforward(), sites=[Group((0,), (1,))]
    )
    found = network_report(compiled, target)
    assert found.load.if_tests == found.load.branches == 1
    # RY: two SX on the neuron, none on the ancilla before the first CZ, two between, one behind.
    layer = (1 - SX) ** 5 * (1 - CZ) ** 2 * (1 - READ)
    assert found.neuron_errors_without_waiting[0] == pytest.approx([1 - layer])
    assert found.neuron_errors[0] == pytest.approx([1 - layer * idle(2 * GATE)])
    # The branch: in one case of two, two SX on the neuron and one X on the ancilla.
    branched = layer * (1 - SX / 2) ** 3
    assert found.neuron_errors_without_waiting[1] == pytest.approx([1 - branched])
    neuron_waits = GATE + MEASURE + 0.9e-6 + GATE + 2 * GATE
    ancilla_waits = GATE + GATE / 2 + 2 * GATE
    assert found.neuron_errors[1] == pytest.approx(
        [1 - branched * idle(neuron_waits) * idle(ancilla_waits) * rest(MEASURE + 0.9e-6)]
    )
    assert found.feedforward_s == pytest.approx(0.9e-6 + 2 * GATE)


def test_waiting_costs_more_with_latency_and_nothing_else_does():
    target = device("FakeKingston")
    short, long = (
        network_report(
            compile_network(target, [4, 3], [STRONG] * 2, feedback_latency=latency), target
        )
        for latency in (0.0, 5e-6)
    )
    assert short.neuron_errors_without_waiting == long.neuron_errors_without_waiting
    assert short.neuron_errors[0] == long.neuron_errors[0]
    assert all(a < b for a, b in zip(short.neuron_errors[1], long.neuron_errors[1], strict=True))
    assert long.duration_s - short.duration_s == pytest.approx(5e-6)


@pytest.mark.parametrize("activation", ["linear", "htanh"])
def test_openqasm_reads_back_as_the_same_circuit(activation):
    network = LivingNetwork((2, 3, 2), (WEAK, PROJECTIVE, math.pi / 3), activation)
    target = device("FakeKingston")
    compiled = compile_network(
        target, network.widths, network.entanglements, feedforward=network.feedforward()
    )
    circuit = network_circuit(compiled).assign_parameters(network.first_angles)
    text = qasm3.dumps(circuit)
    assert "if (outcome0" in text
    assert "delay[" in text
    again = qasm3.loads(text)
    assert [r.name for r in again.cregs] == ["outcome0", "outcome1", "outcome2"]
    np.testing.assert_allclose(Histories(again).probabilities(), network.joint(), atol=1e-9)

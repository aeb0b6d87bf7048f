"""The report's figures against values worked out by hand, and OpenQASM 3 that reads back."""

import math

import numpy as np
import pytest
from qiskit import qasm3

from tests.transpile.devices import device, line, small_target
from tests.transpile.histories import Histories
from tests.transpile.networks import PROJECTIVE, STRONG, WEAK, LivingNetwork
from transpile import Group, compile_network, network_circuit, network_report

GATE, COUPLING, MEASURE = 4e-8, 1e-7, 1e-6  # durations of small_target


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


def test_weak_neurons_with_branches():
    target = small_target(line(2))
    network = LivingNetwork((1, 1), (WEAK,) * 2, "linear")
    compiled = compile_network(
        target, [1, 1], [WEAK] * 2, feedforward=network.feedforward(), sites=[Group((0,), (1,))]
    )
    found = network_report(compiled, target)
    assert found.load.if_tests == found.load.branches == 1
    # The neuron: two SX and two CZ a step, and in one case of two the two SX of the branch.
    acting = 4 * GATE + 4 * COUPLING + GATE
    waiting = 2 * GATE + GATE + MEASURE + 0.9e-6 + GATE + 2 * GATE
    assert found.waiting_share == pytest.approx(waiting / (waiting + acting))
    assert found.feedforward_s == pytest.approx(0.9e-6 + 2 * GATE)


def test_neurons_wait_longer_with_latency():
    target = device("FakeKingston")
    short, long = (
        network_report(
            compile_network(target, [4, 3], [STRONG] * 2, feedback_latency=latency), target
        )
        for latency in (0.0, 5e-6)
    )
    assert short.waiting_share < long.waiting_share
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

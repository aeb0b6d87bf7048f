"""The report's figures against values worked out by hand."""

import math

import pytest

from tests.transpile.devices import device, small_target
from transpile import Group, Shape, compile_layer, report
from transpile.calibration import read_calibration, relaxation_error
from transpile.sites import site_error

SX, CZ, READ = 2e-4, 0.005, 0.01  # errors of small_target
T1, T2 = 1e-4, 8e-5


def idle(duration):
    return 1 - relaxation_error(T1, T2, duration)


def test_projective_layer():
    target = small_target({(0, 1): CZ})
    compiled = compile_layer(target, Shape(2, math.pi / 2, pairs=3))
    figures = report(compiled, target)
    assert figures.qubits == (0, 1)
    assert figures.gate_counts["sx"] == 2 * (2 + 6)
    assert figures.gate_counts["measure"] == 2
    assert figures.two_qubit_gates == 0
    assert figures.depth == compiled.circuit.depth()
    assert figures.duration_s == pytest.approx(8 * 4e-8 + 1e-6)
    error = 1 - (1 - SX) ** 8 * (1 - READ) * idle(8 * 4e-8)
    assert figures.neuron_errors == pytest.approx([error] * 2)


def test_cz_pairs_count_for_both_neurons_and_wait_for_each_other():
    target = small_target({(0, 1): CZ}, gate_duration={0: 4e-8, 1: 1e-7})
    sites = [Group((0,)), Group((1,))]
    compiled = compile_layer(target, Shape(2, math.pi / 2, pairs=2, pair_gate="cz"), sites=sites)
    figures = report(compiled, target)
    assert figures.two_qubit_gates == 4
    ready = 2 * 1e-7 + 4 * 1e-7
    assert figures.duration_s == pytest.approx(ready + 1e-6)
    error = 1 - (1 - SX) ** 2 * (1 - CZ) ** 4 * (1 - READ) * idle(ready)
    assert figures.neuron_errors == pytest.approx([error] * 2)


def test_weak_layer_reads_out_the_ancilla_only():
    target = small_target({(0, 1): CZ}, fractional=True, readout={0: 0.3, 1: READ})
    compiled = compile_layer(target, Shape(1, 0.7))
    figures = report(compiled, target)
    assert compiled.sites == (Group((0,), (1,)),)
    assert figures.qubits == (0, 1)
    ready = 2 * 4e-8 + 1e-7
    error = 1 - (1 - SX) ** 3 * (1 - CZ) * (1 - READ) * idle(ready) ** 2
    assert figures.neuron_errors == pytest.approx([error])
    assert site_error(read_calibration(target), compiled.sites[0]) == pytest.approx(error)


@pytest.mark.parametrize("name", ["FakeSherbrooke", "FakeKingston", "FakeNighthawk", "fractional"])
@pytest.mark.parametrize("entanglement", [0.7, math.pi / 2])
def test_expected_errors_of_the_layout_are_close_to_those_of_the_circuit(name, entanglement):
    target = device(name)
    compiled = compile_layer(target, Shape(5, entanglement))
    calibration = read_calibration(target)
    estimated = [site_error(calibration, site) for site in compiled.sites]
    assert report(compiled, target).neuron_errors == pytest.approx(estimated, rel=0.05)


def test_relaxation_error_has_the_right_limits():
    assert relaxation_error(T1, T2, 0.0) == pytest.approx(0.0, abs=1e-15)
    assert relaxation_error(T1, T2, 1.0) == pytest.approx(0.5)
    assert relaxation_error(1e9, 1e9, 1e-6) == pytest.approx(0.0, abs=1e-12)

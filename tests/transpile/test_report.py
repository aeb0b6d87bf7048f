"""The report's figures against values worked out by hand."""

import math

import pytest

from tests.transpile.devices import small_target
from transpile import Group, Shape, compile_layer, report

CZ = 0.005  # error of small_target


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


def test_cz_pairs_wait_for_each_other():
    target = small_target({(0, 1): CZ}, gate_duration={0: 4e-8, 1: 1e-7})
    sites = [Group((0,)), Group((1,))]
    compiled = compile_layer(target, Shape(2, math.pi / 2, pairs=2, pair_gate="cz"), sites=sites)
    figures = report(compiled, target)
    assert figures.two_qubit_gates == 4
    ready = 2 * 1e-7 + 4 * 1e-7
    assert figures.duration_s == pytest.approx(ready + 1e-6)


def test_weak_layer_reads_out_the_ancilla_only():
    target = small_target({(0, 1): CZ}, fractional=True, readout={0: 0.3})
    compiled = compile_layer(target, Shape(1, 0.7))
    figures = report(compiled, target)
    assert compiled.sites == (Group((0,), (1,)),)
    assert figures.qubits == (0, 1)

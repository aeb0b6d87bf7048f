"""Explicit placement."""

import copy
import math

import pytest

from tests.transpile.devices import device, line, small_target
from transpile import Group, Shape, TranspileError, compile_layer, parse_sites
from transpile.network_layout import network_sites

PROJECTIVE = math.pi / 2


def test_sites_are_read_in_order():
    target = small_target(line(10))
    assert parse_sites("3, 5,4", target, PROJECTIVE) == (Group((3,)), Group((5,)), Group((4,)))
    assert parse_sites("3:4,8:7", target, 0.7, count=2) == (Group((3,), (4,)), Group((8,), (7,)))
    assert [str(site) for site in parse_sites("3:4,8:7", target, 0.7)] == ["3:4", "8:7"]


@pytest.mark.parametrize(
    ("text", "entanglement", "message"),
    [
        ("", PROJECTIVE, "qubits: expected 3,4,5, got ''"),
        ("3,", PROJECTIVE, "qubits: expected 3,4,5, got '3,'"),
        ("-3", PROJECTIVE, "qubits: expected 3,4,5, got '-3'"),
        ("3:4", PROJECTIVE, "qubits: expected 3,4,5, got '3:4'"),
        ("3", 0.7, "qubits: expected 3:4,7:8 (neuron:ancilla), got '3'"),
        ("3:4:5", 0.7, "qubits: expected 3:4,7:8 (neuron:ancilla), got '3:4:5'"),
        ("156", PROJECTIVE, "qubits: expected 0 to 155, got 156"),
        ("3,4,3", PROJECTIVE, "qubits: 3 is named twice"),
        ("3:4,4:5", 0.7, "qubits: 4 is named twice"),
        ("3:3", 0.7, "qubits: 3 is named twice"),
        ("3:9", 0.7, "qubits: 3 and 9 are not coupled; 3 is coupled to 2, 4, 16"),
        ("146", PROJECTIVE, "qubits: 146 is faulty (sx error 1)"),
        ("112", PROJECTIVE, "qubits: 112 is faulty (sx error 1)"),
        ("120:121", 0.7, "qubits: the coupling of 120 and 121 is faulty"),
    ],
)
def test_bad_sites_are_one_line(text, entanglement, message):
    with pytest.raises(TranspileError) as raised:
        parse_sites(text, device("FakeKingston"), entanglement)
    assert str(raised.value) == message


def test_qubits_are_judged_by_the_measurement_that_is_used():
    target = copy.deepcopy(device("FakeKingston"))
    target["measure"][3,].error = 1.0
    target["measure_2"][4,].error = 1.0
    assert parse_sites("3", target, PROJECTIVE, measurement="measure_2") == (Group((3,)),)
    with pytest.raises(TranspileError, match=r"qubits: 3 is faulty \(measure error 1\)"):
        parse_sites("3", target, PROJECTIVE)
    with pytest.raises(TranspileError, match=r"qubits: 4 is faulty \(measure_2 error 1\)"):
        network_sites(target, [1], [PROJECTIVE], [Group((4,))], "measure_2")


def test_the_number_of_sites_is_checked():
    with pytest.raises(TranspileError, match="qubits: expected 3 sites, got 2"):
        parse_sites("1,2", small_target(line(4)), PROJECTIVE, count=3)


def test_couples_of_cz_pairs_must_be_coupled():
    target = small_target(line(6))
    sites = parse_sites("0,1,3,5,4,2", target, PROJECTIVE)
    compile_layer(target, Shape(3, PROJECTIVE, copies=2, pair_gate="cz", pairs=1), sites=sites)
    with pytest.raises(TranspileError, match="qubits: 3 and 5 are not coupled; 3 is coupled to"):
        compile_layer(target, Shape(6, PROJECTIVE, pair_gate="cz", pairs=1), sites=sites)

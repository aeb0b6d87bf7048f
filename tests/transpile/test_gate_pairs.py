"""Inserted gate pairs: exact counts at every level, the identity without noise."""

import math
from copy import deepcopy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from qiskit.circuit.library import CZGate
from qiskit.quantum_info import Statevector

from tests.transpile.devices import (
    bind,
    counts_by_qubits,
    device,
    everywhere,
    gates_on,
)
from transpile import Group, Shape, capacity, compile_layer

NATIVE = {
    "FakeSherbrooke": "ecr",
    "FakeKingston": "cz",
    "FakeNighthawk": "cz",
    "FakeFractionalBackend": "cx",
    "fractional": "cz",
}


def added(paired, plain):
    """Gates that the paired circuit has more of, by qubits; virtual RZ apart."""
    before, after = counts_by_qubits(plain.circuit), counts_by_qubits(paired.circuit)
    extra = {key: n - before.get(key, 0) for key, n in after.items() if key[0] != "rz"}
    assert set(before) <= set(after)
    return {key: n for key, n in extra.items() if n}


PAIRS = 3
ELSEWHERE = {
    "rx, ry, cz": ("rx", "cz"),
    "u, cx": ("u", "cx"),
    "sx, iswap": ("sx", "iswap"),
    "r, cz": ("r", "cz"),
    "r, rzz": ("r", "rzz"),
    "r, rxx": ("r", "rxx"),
    "gpi, ms": ("gpi2", "ms"),
}
"""The gates of pairs on one qubit and on two, on complete graphs of other gates."""


@pytest.mark.parametrize("pair_gate", ["sx", "cz"])
@pytest.mark.parametrize("gates", ELSEWHERE)
def test_pairs_of_other_gates(gates, pair_gate):
    sizes = {"sx": [(0,), (1,)], "cz": [(0, 1)]}[pair_gate]
    native = ELSEWHERE[gates][pair_gate == "cz"]
    shape = Shape(2, math.pi / 2, pairs=PAIRS, pair_gate=pair_gate)
    paired, plain = (
        compile_layer(everywhere(gates), each) for each in (shape, replace(shape, pairs=0))
    )
    assert added(paired, plain) == {(native, qubits): 2 * PAIRS for qubits in sizes}
    a, b = (
        Statevector(gates_on(bind(compiled.circuit, (0.4, 2.1)), (0, 1)))
        for compiled in (paired, plain)
    )
    assert a.equiv(b)


def test_pairs_of_rzz_where_only_other_qubits_have_cz():
    target = deepcopy(everywhere("r, rzz"))
    target.add_instruction(CZGate(), {(1, 2): None})
    shape = Shape(4, math.pi / 2, pairs=PAIRS, pair_gate="cz")
    compiled = compile_layer(target, shape, sites=[Group((q,)) for q in (0, 3, 2, 1)])
    counts = compiled.circuit.count_ops()
    assert counts["rzz"] == counts["cz"] == 2 * PAIRS


LEVELS = [1, 3, *(pytest.param(each, marks=pytest.mark.slow) for each in (0, 2))]
"""Of the transpiler's optimization; 1 is the one that is used."""


@cache
def compile_both(name, entanglement, pair_gate, level):
    """With `PAIRS` and without; each is compiled once for all that is asked of it."""
    target = device(name)
    room = capacity(target, Shape(2, entanglement, pair_gate=pair_gate))
    width, copies = (5, 3) if room >= 15 else (3, room // 3) if room >= 3 else (room, 1)
    return [
        compile_layer(
            target,
            Shape(width, entanglement, copies=copies, pairs=n, pair_gate=pair_gate),
            optimization_level=level,
        )
        for n in (PAIRS, 0)
    ]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("entanglement", [0.7, math.pi / 2])
@pytest.mark.parametrize("name", NATIVE)
def test_sx_pairs_are_counted_exactly(name, entanglement, level):
    paired, plain = compile_both(name, entanglement, "sx", level)
    assert paired.sites == plain.sites
    assert added(paired, plain) == {("sx", (s.neurons[0],)): 2 * PAIRS for s in paired.sites}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("entanglement", [0.7, math.pi / 2])
@pytest.mark.parametrize("name", NATIVE)
def test_cz_pairs_are_counted_exactly(name, entanglement, level):
    paired, plain = compile_both(name, entanglement, "cz", level)
    assert paired.sites == plain.sites
    couples = [
        tuple(sorted(paired.sites[copy * paired.shape.width + j + i].neurons[0] for i in (0, 1)))
        for copy in range(paired.shape.copies)
        for j in range(0, paired.shape.width - 1, 2)
    ]
    assert len(couples) == paired.shape.copies * (paired.shape.width // 2) > 0
    assert added(paired, plain) == {(NATIVE[name], couple): 2 * PAIRS for couple in couples}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("pair_gate", ["sx", "cz"])
@pytest.mark.parametrize("entanglement", [0.7, math.pi / 2])
@pytest.mark.parametrize("name", NATIVE)
def test_pairs_are_the_identity_without_noise(name, entanglement, pair_gate, level):
    paired, plain = compile_both(name, entanglement, pair_gate, level)
    angles = np.random.default_rng(1).uniform(-8, 8, paired.slots)
    circuits = [bind(compiled.circuit, angles) for compiled in (paired, plain)]
    for first in range(0, paired.shape.width - 1, 2):
        qubits = [q for site in paired.sites[first : first + 2] for q in site.qubits]
        a, b = (Statevector(gates_on(circuit, qubits)) for circuit in circuits)
        assert a.equiv(b)


@pytest.mark.parametrize("pair_gate", ["sx", "cz"])
@pytest.mark.parametrize("entanglement", [0.7, math.pi / 2])
def test_pairs_stand_between_rotation_and_measurement(pair_gate, entanglement):
    pairs = 4
    compiled = compile_layer(
        device("FakeKingston"), Shape(4, entanglement, pairs=pairs, pair_gate=pair_gate)
    )
    for site in compiled.sites:
        gates = [
            i.operation.name
            for i in compiled.circuit.data
            if site.neurons[0] in {compiled.circuit.find_bit(q).index for q in i.qubits}
        ]
        physical = [gate for gate in gates if gate != "rz"]
        end = ["measure"] if not site.ancillas else ["cz"] * 2
        assert physical == ["sx", "sx", *[pair_gate] * (2 * pairs), *end]

"""Layout: never a faulty element, and the least total score."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest

from tests.transpile.devices import device, line, small_target
from transpile import Group, Shape, TranspileError, capacity, choose_sites
from transpile.calibration import read_calibration
from transpile.matching import cheapest_disjoint
from transpile.network_layout import network_sites

WEAK, PROJECTIVE = 0.7, math.pi / 2


def random_target(seed, couplings):
    rng = np.random.default_rng(seed)
    n = 1 + max(max(pair) for pair in couplings)
    return small_target(
        {pair: float(rng.uniform(1e-3, 5e-2)) for pair in couplings},
        readout=dict(enumerate(rng.uniform(1e-3, 0.2, n))),
        gate_error=dict(enumerate(rng.uniform(1e-4, 1e-2, n))),
        t1=dict(enumerate(rng.uniform(2e-5, 3e-4, n))),
        t2=dict(enumerate(rng.uniform(2e-5, 3e-4, n))),
    )


GRID = [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5), (5, 6), (6, 7), (4, 7)]


def disjoint(sites):
    qubits = [q for site in sites for q in site.qubits]
    return len(set(qubits)) == len(qubits)


def random_score(seed):
    """Scores at random, the same of a couple either way round."""
    rng = np.random.default_rng(seed)
    known = {}
    return lambda groups: [known.setdefault(frozenset(g.sites), rng.uniform()) for g in groups]


@pytest.mark.parametrize("seed", range(5))
def test_single_qubits_are_the_best(seed):
    target = random_target(seed, GRID)
    score = random_score(seed)
    for count in range(1, 9):
        chosen = choose_sites(target, Shape(count, PROJECTIVE), score)
        assert len(chosen) == count
        assert disjoint(chosen)
        best = min(
            sum(score([Group((q,)) for q in qubits])) for qubits in combinations(range(8), count)
        )
        assert sum(score(chosen)) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("couplings", [GRID, list(line(8))])
def test_neuron_ancilla_pairs_are_the_best_matching(seed, couplings):
    target = random_target(seed, couplings)
    calibration, score = read_calibration(target), random_score(seed)
    both_roles = [Group((pair[0],), (pair[1],)) for a, b in couplings for pair in ((a, b), (b, a))]
    for count in range(1, 5):
        chosen = choose_sites(target, Shape(count, WEAK), score)
        assert len(chosen) == count
        assert disjoint(chosen)
        assert all(tuple(sorted(site.qubits)) in calibration.coupled for site in chosen)
        best = min(
            sum(score(sites)) for sites in combinations(both_roles, count) if disjoint(sites)
        )
        assert sum(score(chosen)) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("width", [2, 3, 5])
def test_coupled_neurons_are_the_best_matching(seed, width):
    target = random_target(seed, GRID)
    calibration, score = read_calibration(target), random_score(seed)

    def cost(sites):
        groups = Shape(width, PROJECTIVE, pair_gate="cz").placed(sites)
        return sum(score(groups))

    chosen = choose_sites(target, Shape(width, PROJECTIVE, pair_gate="cz"), score)
    best = math.inf
    for qubits in permutations(range(8), width):
        couples = [tuple(sorted(qubits[k : k + 2])) for k in range(0, width - 1, 2)]
        if all(couple in calibration.coupled for couple in couples):
            best = min(best, cost([Group((q,)) for q in qubits]))
    assert cost(chosen) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("name", ["FakeSherbrooke", "FakeKingston", "FakeNighthawk"])
@pytest.mark.parametrize("entanglement", [WEAK, PROJECTIVE])
def test_paths_and_couples_of_every_copy_are_coupled(name, entanglement):
    target = device(name)
    coupled = read_calibration(target).coupled
    for width, copies in ((16, 2), (5, 5), (1, 7)):
        sites = choose_sites(target, Shape(width, entanglement, pair_gate="cz", copies=copies))
        assert len(sites) == width * copies
        assert disjoint(sites)
        for site in sites:
            assert (not site.ancillas) == (entanglement == PROJECTIVE)
            assert not site.ancillas or tuple(sorted(site.qubits)) in coupled
        for copy in range(copies):
            row = sites[copy * width : (copy + 1) * width]
            for a, b in zip(row[0 : width - 1 : 2], row[1:width:2], strict=True):
                assert tuple(sorted((a.neurons[0], b.neurons[0]))) in coupled


@pytest.mark.parametrize("name", ["FakeSherbrooke", "FakeTorino", "FakeKingston", "FakeNighthawk"])
@pytest.mark.parametrize("pair_gate", ["sx", "cz"])
@pytest.mark.parametrize("entanglement", [WEAK, PROJECTIVE])
def test_capacity_is_reached_without_faulty_elements(name, pair_gate, entanglement):
    target = device(name)
    room = capacity(target, Shape(2, entanglement, pair_gate=pair_gate))
    sites = choose_sites(target, Shape(room, entanglement, pair_gate=pair_gate))
    assert len(sites) == room
    two_qubit = target["ecr" if "ecr" in target.operation_names else "cz"]

    def calibrated(a, b):
        properties = two_qubit.get((a, b)) or two_qubit.get((b, a))
        return properties is not None and properties.error < 1

    for site in sites:
        for qubit in site.qubits:
            assert target.qubit_properties[qubit].t1
            assert target.qubit_properties[qubit].t2
            assert target["sx"][qubit,].error < 1
            assert target["measure"][qubit,].error < 0.5
        assert not site.ancillas or calibrated(*site.qubits)
    if pair_gate == "cz":
        neurons = [site.neurons[0] for site in sites]
        assert all(calibrated(*neurons[k : k + 2]) for k in range(0, room - 1, 2))
    with pytest.raises(TranspileError, match=rf"{room + 1} .* wanted, the device can place {room}"):
        choose_sites(target, Shape(room + 1, entanglement, pair_gate=pair_gate))


def test_capacities_of_small_devices():
    assert capacity(small_target(line(7)), Shape(1, PROJECTIVE)) == 7
    assert capacity(small_target(line(7)), Shape(1, WEAK)) == 3
    assert capacity(small_target(line(7)), Shape(2, PROJECTIVE, pair_gate="cz")) == 7
    assert capacity(small_target(line(8)), Shape(2, WEAK, pair_gate="cz")) == 4
    star = small_target({(0, 1): 0.01, (0, 2): 0.01, (0, 3): 0.01})
    assert capacity(star, Shape(1, WEAK)) == 1
    assert capacity(star, Shape(2, PROJECTIVE, pair_gate="cz")) == 3
    assert capacity(star, Shape(2, WEAK, pair_gate="cz")) == 1


@pytest.mark.parametrize("fault", [{"readout": {1: 0.5}}, {"gate_error": {1: 1.0}}])
def test_a_faulty_qubit_is_never_used(fault):
    target = small_target(line(6), **fault)
    assert capacity(target, Shape(1, PROJECTIVE)) == 5
    assert capacity(target, Shape(1, WEAK)) == 2
    assert 1 not in {site.neurons[0] for site in choose_sites(target, Shape(5, PROJECTIVE))}
    assert 1 not in {q for site in choose_sites(target, Shape(2, WEAK)) for q in site.qubits}


def test_a_faulty_coupling_is_never_used():
    target = small_target({**line(4), (0, 1): 1.0})
    assert capacity(target, Shape(1, PROJECTIVE)) == 4
    assert capacity(target, Shape(1, WEAK)) == 1
    assert set(choose_sites(target, Shape(1, WEAK))[0].qubits) <= {1, 2, 3}
    with pytest.raises(TranspileError, match=r"2 neuron-ancilla pairs wanted, .* can place 1"):
        choose_sites(target, Shape(2, WEAK))


GAPS = [
    {"readout": {1: None}},
    {"gate_error": {1: None}},
    {"gate_error": {1: math.nan}},
    {"gate_duration": {1: 0.0}},
    {"gate_duration": {1: None}},
    {"t1": {1: None}},
    {"t1": {1: 0.0}},
    {"t2": {1: None}},
]


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("others", [{}, {"readout": dict.fromkeys((0, 2, 3, 4, 5), 0.4)}])
def test_a_qubit_that_lacks_what_others_have_comes_last(gap, others):
    """However bad the others are; none is called faulty."""
    target = small_target(line(6), **(others | gap))
    assert capacity(target, Shape(1, PROJECTIVE)) == 6
    assert capacity(target, Shape(1, WEAK)) == 3
    assert choose_sites(target, Shape(6, PROJECTIVE))[-1] == Group((1,))
    assert not {0, 1} & {q for site in choose_sites(target, Shape(2, WEAK)) for q in site.qubits}
    assert set(choose_sites(target, Shape(3, WEAK))[-1].qubits) == {0, 1}
    assert not {1} & {
        s.neurons[0] for s in choose_sites(target, Shape(4, PROJECTIVE, pair_gate="cz"))[:2]
    }
    assert network_sites(target, [6], [PROJECTIVE])[-1] == Group((1,))


def test_gaps_are_named():
    gaps = {"readout": {1: None}, "t1": {1: None}, "gate_error": {1: None}}
    qubit = read_calibration(small_target(line(5), **gaps)).qubits[1]
    assert (qubit.fault, qubit.lacks) == ("", ("T1", "sx error", "measure error"))


@pytest.mark.parametrize("error", [None, math.nan])
def test_a_coupling_without_an_error_comes_last(error):
    target = small_target({**line(4), (2, 3): 0.3, (1, 2): 0.2, (0, 1): error})
    assert set(choose_sites(target, Shape(1, WEAK))[0].qubits) == {1, 2}
    assert choose_sites(target, Shape(2, WEAK))[-1].qubits in ((0, 1), (1, 0))
    assert read_calibration(target).couplings[0, 1] == ("cz error",)


def test_of_equal_places_the_lowest_numbers_are_taken():
    target = small_target(line(7))
    assert choose_sites(target, Shape(3, PROJECTIVE)) == tuple(Group((q,)) for q in range(3))
    assert choose_sites(target, Shape(2, WEAK)) == (Group((0,), (1,)), Group((2,), (3,)))
    couples = choose_sites(target, Shape(4, PROJECTIVE, pair_gate="cz"))
    assert couples == tuple(Group((q,)) for q in range(4))


@pytest.mark.parametrize("seed", range(5))
def test_last_bits_of_scores_decide_nothing(seed):
    """Processors differ in them, and where circuits are placed names a result."""
    rng = np.random.default_rng(seed)

    def score(groups):
        return [0.01 * len(group.qubits) + rng.uniform(-1e-15, 1e-15) for group in groups]

    def places(score):
        target = small_target(line(9))
        shapes = [Shape(3, PROJECTIVE), Shape(3, WEAK), Shape(4, PROJECTIVE, pair_gate="cz")]
        shapes.append(Shape(4, WEAK, pair_gate="cz"))  # groups of four qubits
        return [
            *(choose_sites(target, shape, score) for shape in shapes),
            network_sites(target, [3, 2], [WEAK, PROJECTIVE], score=score),
        ]

    assert places(score) == places(lambda groups: [0.01 * len(group.qubits) for group in groups])


def test_matching_agrees_with_brute_force():
    rng = np.random.default_rng(7)
    for _ in range(40):
        n = int(rng.integers(2, 8))
        pairs = {
            pair: float(rng.random()) for pair in combinations(range(n), 2) if rng.random() < 0.5
        }
        singles = {v: float(rng.random()) for v in range(n) if rng.random() < 0.8}
        for n_pairs in range(3):
            for n_singles in range(3):
                costs = [
                    sum(pairs[p] for p in chosen) + sum(singles[v] for v in alone)
                    for chosen in combinations(pairs, n_pairs)
                    for alone in combinations(singles, n_singles)
                    if len({*alone, *(v for p in chosen for v in p)}) == 2 * n_pairs + n_singles
                ]
                found = cheapest_disjoint(pairs, n_pairs, singles, n_singles)
                assert (found is None) == (not costs)
                if found is not None:
                    cost = sum(pairs[p] for p in found[0]) + sum(singles[v] for v in found[1])
                    assert cost == pytest.approx(min(costs), abs=1e-9)


def test_bad_layouts_are_refused():
    target = small_target(line(4))
    with pytest.raises(TranspileError, match="layer: expected at least 1 neuron and 1 copy"):
        choose_sites(target, Shape(0, WEAK))
    with pytest.raises(TranspileError, match="pair gate: expected one of cz, sx, got 'zc'"):
        capacity(target, Shape(2, WEAK, pair_gate="zc"))
    with pytest.raises(TranspileError, match="can place 2, neurons 2k and 2k\\+1 coupled"):
        choose_sites(target, Shape(4, WEAK, pair_gate="cz"))

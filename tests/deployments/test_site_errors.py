"""The error by which places are chosen, against closed forms and against whole circuits."""

import math

import numpy as np
import pytest

from qnnq.deployments import site_errors as module
from qnnq.deployments.error_budget import error_budget
from qnnq.deployments.site_errors import SiteErrors
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.test_shot_loop import small_network
from tests.transpile.devices import device, line, small_target
from transpile import Group, Shape, choose_sites, compile_layer, compile_network
from transpile.calibration import read_calibration
from transpile.network_layout import network_sites

WEAK, PROJECTIVE = 0.7, math.pi / 2
EXACT = {name: dict.fromkeys(range(4), 0.0) for name in ("readout", "gate_error")}
FOR_EVER = {"t1": dict.fromkeys(range(4), 1e9), "t2": dict.fromkeys(range(4), 1e9)}


def test_readout_alone():
    """P(-1) = (1 - (1 - 2p) s cos)/2: p s / sqrt(2), whichever qubit is read out."""
    readout = {"readout": {0: 0.02, 1: 0.05, 2: 0.0, 3: 0.0}}
    target = small_target({(0, 1): 0.0}, **EXACT | FOR_EVER | readout)
    assert SiteErrors(target, PROJECTIVE)([Group((0,)), Group((1,))]) == pytest.approx(
        [0.02 / math.sqrt(2), 0.05 / math.sqrt(2)], abs=1e-9
    )
    roles = [Group((0,), (1,)), Group((1,), (0,))]
    expected = np.array([0.05, 0.02]) * math.sin(WEAK) / math.sqrt(2)
    assert SiteErrors(target, WEAK)(roles) == pytest.approx(expected, abs=1e-9)


def test_a_wait_alone():
    """P(-1) = exp(-t/T1) sin^2(theta/2): the mean square of (1 - cos)/2 is 3/8."""
    target = small_target({(0, 1): 0.0}, **EXACT | {"gate_duration": dict.fromkeys(range(2), 0.0)})
    (found,) = SiteErrors(target, PROJECTIVE, wait=5e-6)([Group((0,))])
    assert found == pytest.approx((1 - math.exp(-5e-6 / 1e-4)) * math.sqrt(3 / 8), rel=1e-6)


@pytest.mark.parametrize("name", ["FakeSherbrooke", "FakeKingston", "fractional"])
@pytest.mark.parametrize("shape", [Shape(4, WEAK), Shape(4, PROJECTIVE)])
def test_a_site_alone_is_as_wrong_as_beside_others(name, shape):
    target = device(name)
    errors = SiteErrors(target, shape.entanglement)
    layer = compile_layer(target, shape, score=errors)
    assert errors(layer.sites) == pytest.approx(errors.of_layer(layer), abs=1e-12)


def test_couples_are_as_wrong_as_with_one_pair():
    target = device("FakeKingston")
    shape = Shape(4, PROJECTIVE, pairs=1, pair_gate="cz")
    errors = SiteErrors(target, PROJECTIVE)
    layer = compile_layer(target, shape, score=errors)
    assert sum(errors.by_neuron(layer.groups), ()) == pytest.approx(errors.of_layer(layer))
    more = compile_layer(target, Shape(4, PROJECTIVE, pairs=6, pair_gate="cz"), score=errors)
    assert more.sites == layer.sites


def test_the_error_is_that_of_the_budget():
    deployed = deploy(RunRequest(noise="fake_kingston"), small_network(0.5, WEAK))
    errors = SiteErrors(deployed.placement.device.target, WEAK)
    rows = [row.total for row in error_budget(deployed) if row.layer == 0]
    assert errors(deployed.layers[0].sites) == pytest.approx(rows, abs=1e-12)


def test_places_that_are_alike_are_calculated_once(monkeypatch):
    compiled = []

    def counting(target, shape, **options):
        compiled.append(shape.copies)
        return compile_layer(target, shape, **options)

    monkeypatch.setattr(module, "compile_layer", counting)
    target = small_target(line(8), readout={7: 0.03})
    errors = SiteErrors(target, WEAK)
    groups = [Group((a,), (b,)) for q in range(7) for a, b in ((q, q + 1), (q + 1, q))]
    found = errors(groups)
    assert sum(compiled) == 3  # of equal qubits; the neuron is 7; the ancilla is 7
    assert len(set(found[:-2])) == 1
    assert found[-2] > found[-1] >= found[0]  # only the ancilla is read out
    errors(groups)
    assert sum(compiled) == 3


@pytest.mark.parametrize(
    "worse", [{"readout": {0: 0.02}}, {"gate_error": {0: 1e-3}}, {"t1": {0: 5e-5}, "t2": {0: 5e-5}}]
)
def test_each_part_of_the_calibration_counts(worse):
    target = small_target({(0, 1): 0.01, (2, 3): 0.01}, **worse)
    (site,) = choose_sites(target, Shape(1, PROJECTIVE), SiteErrors(target, PROJECTIVE))
    assert site == Group((1,))
    (site,) = choose_sites(target, Shape(1, WEAK), SiteErrors(target, WEAK))
    assert site.ancillas != (0,)
    if "readout" not in worse:
        assert site == Group((2,), (3,))


def test_what_a_device_says_of_no_qubit_costs_nothing():
    """No T1, T2 and durations anywhere: readout and gate errors alone decide."""
    everywhere = {name: dict.fromkeys(range(5)) for name in ("t1", "t2", "gate_duration")}
    target = small_target(line(5), readout={2: 0.005, 4: 0.02}, **everywhere)
    sites = choose_sites(target, Shape(5, PROJECTIVE), SiteErrors(target, PROJECTIVE))
    assert [site.neurons[0] for site in sites] == [2, 0, 1, 3, 4]
    assert not any(qubit.lacks for qubit in read_calibration(target).qubits)
    target = small_target(line(2), t1=dict.fromkeys(range(2)), t2=dict.fromkeys(range(2)))
    assert 0 < SiteErrors(target, WEAK, wait=1e-6)([Group((0,), (1,))])[0] < 0.02


def test_a_neuron_sits_where_it_lives_longer():
    """Equal errors but for one qubit that relaxes faster: the ancilla belongs there."""
    for short, expected in ((1, Group((0,), (1,))), (0, Group((1,), (0,)))):
        target = small_target({(0, 1): 0.01}, t1={short: 5e-5}, t2={short: 5e-5})
        score = SiteErrors(target, WEAK, wait=1.9e-6)
        assert compile_network(target, [1, 1], [WEAK] * 2, score=score).sites == (expected,)


def test_the_readout_of_a_living_neuron_counts_where_a_layer_measures_it():
    readout = {0: 0.05, 1: 0.001, 2: 0.012, 3: 0.012}
    target = small_target({(0, 1): 0.005, (2, 3): 0.005}, readout=readout)
    score = SiteErrors(target, 1.0, wait=1e-6)
    for last, expected in ((1.0, {0, 1}), (PROJECTIVE, {2, 3})):
        (site,) = network_sites(target, (1, 1), (1.0, last), score=score)
        assert set(site.qubits) == expected


def test_sites_are_those_that_the_chosen_measurement_reads_well():
    target = device("FakeKingston")
    short, plain = (
        compile_network(
            *(target, [16], [WEAK]),
            measurement=name,
            score=SiteErrors(target, WEAK, 3e-6, name),
        ).sites
        for name in ("measure_2", "measure")
    )
    mean = [
        np.mean([target["measure_2"][s.ancillas].error for s in each]) for each in (short, plain)
    ]
    assert mean[0] < mean[1]


def test_sites_stay_whatever_noise_is_simulated():
    network = small_network(0.5, WEAK)
    kinds = ("fake_kingston", "fake_kingston*7", "fake_kingston(readout=off)", "readout(p=0.02)")
    sites = [deploy(RunRequest(noise=noise), network).layers[0].sites for noise in kinds]
    assert sites == sites[:1] * 4

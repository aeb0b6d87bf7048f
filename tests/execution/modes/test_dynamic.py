"""The one dynamic circuit under device noise: Aer, the instrument engine, density matrices by hand.

Joint reported outcomes of all layers. Chi-square at a false-alarm rate of 1e-6 a comparison.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from qnnq.errors import InputError
from qnnq.runs import deploy as deployments
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from tests.execution.modes.joint import STRONG, WEAK, first_angles, network_of, sampled
from tests.execution.test_shot_loop import assert_same_distribution
from tests.physics.density import Density
from tests.physics.terms import Calibrated, Noise
from transpile import network_circuit

METHODS = {
    "method 1": network_of((2, 2, 2), math.pi / 2),
    "method 2": network_of((2, 2, 2), WEAK, activation="htanh", stretch=0.0),
    "combined": network_of((2, 2, 2), STRONG),
    "last projective": network_of((2, 2, 2), WEAK, last_projective=True),
    "wider, narrower": network_of((1, 2, 1, 2), STRONG),
}


def by_hand(network, deployed, strength):
    compiled = deployed.compiled
    circuit = network_circuit(compiled).assign_parameters(first_angles(network))
    noise = Noise(deployed.device.target, Calibrated(strength), measurement=compiled.measurement)
    return Density(circuit, noise).probabilities().ravel()


def deploy(network, device, strength, **options):
    noise = f"{device}*{strength}"
    request = RunRequest(noise=noise, mode="coherent", engine="aer", **options)
    return deployments.deploy(request, network)


CASES = [
    ("method 1", "fake_sherbrooke", 1, {"feedback_latency": "1ms"}),
    ("method 2", "fake_kingston", 2, {"measurement": "measure_2", "recycling": "reset"}),
    ("combined", "fake_sherbrooke", 2, {"feedback_latency": "10us"}),
    ("combined", "fake_kingston", 6, {"dynamical_decoupling": "XX", "feedback_latency": "3us"}),
    ("last projective", "fake_kingston", 3, {"feedback_latency": "0.5us"}),
    ("wider, narrower", "fake_kingston", 2, {"feedback_latency": "10us"}),
]
MORE = [
    ("method 2", "fake_kingston", 2, {"feedback_latency": "10us"}),
    ("combined", "fake_kingston", 2, {"measurement": "measure_2", "recycling": "reset"}),
    ("method 1", "fake_kingston", 3, {"feedback_latency": "0.5us"}),
    ("method 2", "fake_sherbrooke", 3, {"feedback_latency": "0.5us"}),
    ("combined", "fake_kingston", 1, {"feedback_latency": "1ms"}),
]


@pytest.mark.parametrize(
    ("method", "device", "strength", "options"),
    [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in MORE)],
)
def test_aer_and_the_instrument_follow_the_density_matrices(method, device, strength, options):
    network = METHODS[method]
    deployed = deploy(network, device, strength, **options)
    expected = by_hand(network, deployed, strength)
    assert expected.sum() == pytest.approx(1)
    for engine, shots in (("instrument", 300_000), ("aer", 1000)):
        counts = sampled(network, deployed.mode(engine, shots, 0), shots)
        assert counts.sum() == shots
        assert_same_distribution(counts, shots * expected)
        if engine == "instrument":  # a fifth more of all noise is told apart
            stronger = by_hand(network, deployed, 1.2 * strength)
            with pytest.raises(AssertionError):
                assert_same_distribution(counts, shots * stronger)


def test_counts_depend_on_the_seed_alone():
    request = RunRequest(
        "mnist16-linear",
        mode="coherent",
        engine="aer",
        noise="fake_kingston",
        images="0:2",
        shots=3,
    )
    first, again, other = (prepare(replace(request, seed=seed)).execute() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.counts, again.counts)
    assert not np.array_equal(first.softmax_sums, other.softmax_sums)


@pytest.mark.parametrize(
    ("widths", "activation", "message"),
    [
        (
            (11, 2),
            "htanh",
            "`engine` aer: expected a network that is one circuit: feed-forward: 11 neurons need "
            "2047 branches, at most 1023 are built; activation linear needs 11",
        ),
        (
            (32, 2),
            "linear",
            "`engine` aer: expected a network on at most 63 qubits, which Aer's method "
            "matrix_product_state takes, got 64; use `engine` instrument",
        ),
    ],
)
def test_what_aer_cannot_run_is_refused(widths, activation, message):
    network = network_of(widths, STRONG, activation=activation)
    with pytest.raises(InputError) as raised:
        deploy(network, "fake_kingston", 1)
    assert str(raised.value) == message

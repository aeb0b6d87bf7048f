"""Whole networks with couplings."""

from functools import cache, partial

import numpy as np
import pytest

from qnnq.deployments.guppy import network_program
from qnnq.deployments.ideal import IdealDeployment
from qnnq.errors import InputError
from qnnq.execution.engines.coupled import ideal_responses
from qnnq.execution.shot_loop import run_shots
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.enumeration import class_distribution, ideal_response
from tests.networks.coupled import (
    SIGMAS,
    coupling_of,
    distribution_error,
    network_444,
    statevector_response,
)

SHOTS = 5000


def remembered(network):
    """Return the response of coupled layers, each that is asked for calculated once."""
    found = cache(lambda layer, *angles: statevector_response(network.couplings[layer], angles))
    return lambda layer, angles: found(layer, *angles)


def test_a_network_without_noise_is_the_sum_over_all_patterns():
    network = network_444()
    pixels = np.random.default_rng(1).random((2, 4))
    mode = IdealDeployment(network).mode("ideal", SHOTS, seed=0)
    votes = run_shots(network, pixels, np.arange(2), mode, SHOTS, seed=0)

    for row, counts in zip(pixels, votes.counts, strict=True):
        share = class_distribution(network, row, remembered(network))
        assert distribution_error(counts, share) < SIGMAS


def test_a_layer_before_the_coupled_one_may_be_measured_weakly():
    couplings = ((), (), network_444().couplings[2])
    physics = {"couplings": couplings, "entanglement": 1.1, "last_projective": True}
    network = network_444(**physics)
    pixels = np.random.default_rng(2).random((1, 4))
    mode = IdealDeployment(network).mode("ideal", SHOTS, seed=0)
    votes = run_shots(network, pixels, np.arange(1), mode, SHOTS, seed=1)

    coupled = remembered(network)

    def response(layer, angles):
        return (coupled if layer == 2 else partial(ideal_response, network))(layer, angles)

    share = class_distribution(network, pixels[0], response)
    assert distribution_error(votes.counts[0], share) < SIGMAS


def test_what_has_no_place_for_couplings_refuses_them():
    network = network_444()
    with pytest.raises(InputError, match="`mode` coherent: expected a network without couplings"):
        deploy(RunRequest(network, noise="fake_kingston", mode="coherent"), network)
    with pytest.raises(InputError, match="guppy: expected a network without couplings"):
        network_program(network, np.ones((1, 4)))


def test_pairs_that_amplify_noise_change_nothing_without_it():
    _, *others = network_444().couplings
    network = network_444(couplings=((coupling_of("cz", (0, 2, 1)),), *others))
    request = RunRequest(network, noise="ideal", device="fake_jakarta", pairs=2)
    deployed = deploy(request, network)
    assert [layer.circuit.count_ops()["sx"] >= 16 for layer in deployed.layers] == [True] * 3
    for found, ideal in zip(deployed.responses, ideal_responses(network), strict=True):
        np.testing.assert_allclose(found.exact, ideal.exact, atol=1e-12)
        for one, other in zip(found.joined[0], ideal.joined[0], strict=True):
            np.testing.assert_array_equal(one.neurons, other.neurons)
            np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-12)

"""Whole networks with couplings."""

import math

import numpy as np
import pytest

from qnnq.deployments.guppy import network_program
from qnnq.deployments.ideal import IdealDeployment
from qnnq.errors import InputError
from qnnq.execution.shot_loop import run_shots
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.enumeration import class_distribution
from tests.networks.coupled import (
    SIGMAS,
    distribution_error,
    network_444,
    statevector_response,
)

SHOTS = 40_000


def test_a_network_without_noise_is_the_sum_over_all_patterns():
    network = network_444()
    pixels = np.random.default_rng(1).random((2, 6))
    mode = IdealDeployment(network).mode("ideal", SHOTS, seed=0)
    votes = run_shots(network, pixels, np.arange(2), mode, SHOTS, seed=0)

    def response(layer, angles):
        return statevector_response(network.couplings[layer], angles)

    for row, counts in zip(pixels, votes.counts, strict=True):
        share = class_distribution(network, row, response)
        assert distribution_error(counts, share) < SIGMAS


def test_a_layer_before_the_coupled_one_may_be_measured_weakly():
    couplings = ((), (), network_444().couplings[2])
    physics = {"couplings": couplings, "entanglement": 1.1, "last_projective": True}
    network = network_444(**physics)
    pixels = np.random.default_rng(2).random((1, 6))
    mode = IdealDeployment(network).mode("ideal", SHOTS, seed=0)
    votes = run_shots(network, pixels, np.arange(1), mode, SHOTS, seed=1)

    def response(layer, angles):
        if layer == 2:
            return statevector_response(couplings[2], angles)
        joint = np.ones(())
        for angle in angles:
            plus = (1 + math.sin(1.1) * math.cos(angle)) / 2
            joint = np.multiply.outer(joint, [plus, 1 - plus])
        return joint

    share = class_distribution(network, pixels[0], response)
    assert distribution_error(votes.counts[0], share) < SIGMAS


def test_what_has_no_place_for_couplings_refuses_them():
    network = network_444()
    with pytest.raises(InputError, match="`mode` coherent: expected a network without couplings"):
        deploy(RunRequest(network, noise="fake_kingston", mode="coherent"), network)
    with pytest.raises(InputError, match="guppy: expected a network without couplings"):
        network_program(network, np.ones((1, 6)))

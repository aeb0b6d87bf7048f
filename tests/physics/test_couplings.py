"""Coupled neurons under noise against density matrices of their compiled circuits."""

from functools import cache

import numpy as np
import pytest

from qnnq.execution.class_probabilities import class_probabilities
from qnnq.execution.engines.polynomials import basis, products
from qnnq.execution.engines.response import component_responses
from qnnq.execution.shot_loop import run_shots
from tests.execution.enumeration import class_distribution
from tests.execution.modes.joint import PIXELS
from tests.networks.coupled import SIGMAS, distribution_error, network_444
from tests.physics.networks import EXACT, OnDevice, further
from tests.physics.terms import Readout
from tests.physics.test_densities import (
    ECHO,
    FRACTIONAL,
    GATES,
    LINE,
    WAITS,
    calibrated,
)

DEVICES = {"cz": LINE, "ecr": ECHO, "rx and rzz": FRACTIONAL}


@pytest.fixture(scope="module", params=further({name: name for name in DEVICES}, ["cz"]))
def deployed(request):
    noise = calibrated("fake_kingston", 2.0), *GATES, *WAITS, Readout(1.0, 0.03, 0.12)
    return OnDevice(network_444(), DEVICES[request.param], *noise)


def test_the_patterns_of_coupled_neurons(deployed):
    """Groups of two, three and four."""
    rng = np.random.default_rng(5)
    sizes = set()
    for number, (layer, noise) in enumerate(
        zip(deployed.deployed.layers, deployed.deployed.channels, strict=True)
    ):
        angles = rng.uniform(-3, 3, 4)
        table = deployed._measured(deployed.noise, number, angles)
        for response in component_responses(layer.circuit, noise, layer.shape.degree):
            terms = response.coefficients.shape[-1]
            own = products(basis(angles[list(response.slots)], terms // 2))
            others = tuple(slot for slot in range(4) if slot not in response.slots)
            found = response.coefficients.reshape(-1, own.size) @ own
            np.testing.assert_allclose(found, table.sum(axis=others).ravel(), atol=1e-10)
            sizes.add(len(response.slots))
    assert sizes == {1, 2, 3, 4}


def test_whole_networks_in_three_engines(deployed):
    network = deployed.network
    measured = cache(lambda layer, *angles: deployed._measured(deployed.noise, layer, angles))
    expected = class_distribution(network, PIXELS, lambda layer, a: measured(layer, *a))
    pixels, first = PIXELS[None], np.zeros(1, dtype=int)
    exact = class_probabilities(network, pixels, first, deployed.deployed.exact_responses())
    np.testing.assert_allclose(exact[0], expected, atol=10 * EXACT)
    for engine, shots in (("instrument", 20_000), ("aer", 500)):
        votes = run_shots(network, pixels, first, deployed.mode(engine), shots, seed=0)
        assert distribution_error(votes.counts[0], expected) < SIGMAS

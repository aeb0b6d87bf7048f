"""Without noise all ways to deploy a network give its closed form: joint outcomes of all layers.

Chi-square at a false-alarm rate of 1e-6 a comparison; the one circuit itself is followed exactly.
"""

import math

import numpy as np
import pytest

from noise_models import NoiseSpecification
from noise_models.channels import build_channels
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.engines.network_instruments import layer_instruments
from qnnq.execution.modes.coherent import Coherent
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.networks.activation import phi
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.modes.joint import STRONG, WEAK, first_angles, network_of, sampled
from tests.execution.test_shot_loop import assert_same_distribution
from tests.physics.equations import joint_probabilities
from tests.transpile.histories import Histories
from transpile import compile_network, network_circuit

PROJECTIVE = math.pi / 2
NETWORKS = {
    "4-2-2-2-2, method 1, linear": network_of((2, 2, 2), PROJECTIVE),
    "4-2-2-2-2, method 1, htanh": network_of((2, 2, 2), PROJECTIVE, False, "htanh"),
    "4-2-2-2-2, method 2": network_of((2, 2, 2), WEAK, False, "htanh", 0.0),
    "4-2-2-2-2, combined, linear": network_of((2, 2, 2), STRONG),
    "4-2-2-2-2, combined, tanh": network_of((2, 2, 2), 0.3, False, "tanh"),
    "4-3-3-2, method 1, linear": network_of((3, 3), PROJECTIVE),
    "4-3-3-2, method 2": network_of((3, 3), STRONG, False, "htanh", 0.0),
    "4-3-3-2, combined, linear": network_of((3, 3), 1.0),
    "4-3-3-2, combined, htanh": network_of((3, 3), WEAK, False, "htanh"),
    "4-3-3-2, last projective": network_of((3, 3), WEAK, True),
    "wider and narrower, linear": network_of((2, 3, 1), STRONG),
    "wider and narrower, htanh": network_of((3, 1, 2), WEAK, False, "htanh"),
}


SLOW = {
    "4-2-2-2-2, combined, linear",
    "4-3-3-2, method 1, linear",
    "4-3-3-2, method 2",
    "4-3-3-2, combined, htanh",
}


def closed_form(network):
    def later(layer):
        weight, physics = network.weights[layer], (network.activations, network.stretches)
        return lambda outcomes: phi(outcomes @ weight.T, *(each[layer] for each in physics))

    functions = [later(layer) for layer in range(1, network.hidden)]
    first, angles = first_angles(network), network.entanglements
    return joint_probabilities(first, network.widths, angles, functions)


@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=pytest.mark.slow if each in SLOW else ()) for each in NETWORKS],
)
def test_all_ways_follow_the_closed_form(name):
    network = NETWORKS[name]
    expected = closed_form(network)
    request = RunRequest(noise="ideal", device="fake_kingston", mode="coherent", engine="aer")
    deployed = deploy(request, network)
    circuit = network_circuit(deployed.compiled).assign_parameters(first_angles(network))
    np.testing.assert_allclose(Histories(circuit).probabilities(), expected, atol=1e-9)

    target = deployed.device.target
    outside = compile_network(target, network.widths, network.entanglements)
    used = [qubit for site in outside.sites for qubit in site.qubits]
    channels = build_channels(NoiseSpecification(()), target, used)
    modes = {
        "stepwise": Stepwise(IdealEngine(network.entanglements), network.entanglements),
        "coherent, angles from outside": Coherent(layer_instruments(outside, channels)),
        "coherent, branches": deployed.mode("instrument", 1, 0),
        "coherent, Aer": deployed.mode("aer", 1, 0),
    }
    for way, mode in modes.items():
        shots = 2000 if way == "coherent, Aer" else 200_000
        assert_same_distribution(sampled(network, mode, shots), shots * expected.ravel())

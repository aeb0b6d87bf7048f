"""Whole networks against the equations of the activation step, and nothing else.

Without noise, and with reports that err, no circuit matters: not its gates, not its qubits.
"""

import math

import numpy as np
import pytest

from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.stepwise import Stepwise
from tests.execution.modes.joint import PIXELS, STRONG, WEAK, network_of
from tests.physics.equations import network_joint
from tests.physics.networks import EXACT, OnDevice
from tests.physics.reading import read_joint
from tests.physics.terms import Calibrated, Readout
from tests.transpile.devices import line, small_target

ONE = math.pi / 2
NETWORKS = {
    "2-2, method 1": network_of((2, 2), ONE, activation="htanh"),
    "3-2-2, method 2": network_of((3, 2, 2), STRONG, activation="htanh", stretch=0.0),
    "2-2-2, combined, tanh": network_of((2, 2, 2), WEAK, activation="tanh"),
    "2-2-2, last projective": network_of((2, 2, 2), WEAK, True),
    "2-1-2, combined, linear": network_of((2, 1, 2), 0.3),
    "1-3-2, last projective": network_of((1, 3, 2), STRONG, True, "htanh"),
}
MISREAD = Readout(1.0, 0.1, 0.2), np.array([[0.9, 0.1], [0.2, 0.8]])


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_without_noise_all_engines_follow_the_equations(network):
    expected = network_joint(network, PIXELS)
    np.testing.assert_allclose(network_joint(network, PIXELS, stepwise=True), expected, atol=1e-14)
    ideal = Stepwise(IdealEngine(network.entanglements), network.entanglements)
    np.testing.assert_allclose(read_joint(network, PIXELS, ideal), expected, atol=EXACT)
    for mode in ("stepwise", "coherent"):
        deployed = OnDevice(network, "fake_kingston", mode=mode)
        deployed.check_exact(expected)
    deployed.check_aer(expected, 1500)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_reports_that_err_change_what_the_host_and_the_ancillas_do(network):
    """A misread ancilla is flipped wrongly, or not; what is prepared anew does not remember it."""
    term, misread = MISREAD
    cases = {
        "stepwise": ({"stepwise": True}, {}),
        "flip": ({}, {"mode": "coherent"}),
        "reset": ({"flipping": False}, {"mode": "coherent", "recycling": "reset"}),
    }
    for equations, options in cases.values():
        expected = network_joint(network, PIXELS, misread=misread, **equations)
        OnDevice(network, "fake_kingston", term, **options).check_exact(expected)


def relaxing(t1, t2, seconds):
    """The solution of the Bloch equations."""
    decay, coherence = math.exp(-seconds / t1), math.exp(-seconds / t2)

    def wait(states):
        after = coherence * states
        after[..., 1, 1] = decay * states[..., 1, 1]
        after[..., 0, 0] = states[..., 0, 0] + (1 - decay) * states[..., 1, 1]
        return after

    return wait


@pytest.mark.parametrize("latency", [0.0, 3e-6, 40e-6])
def test_measured_neurons_relax_until_their_next_rotation(latency):
    """For the duration of the measurement (1 us) and the latency, from what they fell into."""
    network = network_of((2, 2, 2), ONE, activation="tanh")
    at_once = {0: 1e-14, 1: 1e-14}  # gates; so the equations know all waits
    times = {"t1": {0: 5e-5, 1: 5e-5}, "t2": {0: 3e-5, 1: 3e-5}}
    target = small_target(line(2), gate_duration=at_once, **times)
    waits = Calibrated(1.5, "fake_kingston", off=("gate", "relaxation", "readout"))
    options = {"feedback_latency": f"{latency}s", "condition_overhead": "0s"}
    deployed = OnDevice(network, target, waits, mode="coherent", **options)
    wait = relaxing(5e-5, 3e-5, 1.5 * (1e-6 + latency))
    deployed.check_exact(network_joint(network, PIXELS, wait=wait))

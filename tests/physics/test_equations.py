"""Whole networks against the equations of the activation step, and nothing else.

Without noise, and with reports that err, no circuit matters: not its gates, not its qubits.
"""

import math

import numpy as np
import pytest
from qiskit.circuit import Reset
from qiskit.transpiler import InstructionProperties

from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.stepwise import Stepwise
from tests.execution.modes.joint import PIXELS, STRONG, WEAK, network_of
from tests.physics.equations import network_joint
from tests.physics.networks import EXACT, OnDevice, further
from tests.physics.reading import read_joint
from tests.physics.terms import Calibrated, Readout
from tests.transpile.devices import line, small_target

ONE = math.pi / 2
AT_ONCE = 1e-14
"""Seconds; a device without any is taken for one that lacks its calibration."""

NETWORKS = {
    "2-2, method 1": network_of((2, 2), ONE, activation="htanh"),
    "3-2-2, method 2": network_of((3, 2, 2), STRONG, activation="htanh", stretch=0.0),
    "2-2-2, combined, tanh": network_of((2, 2, 2), WEAK, activation="tanh"),
    "2-2-2, last projective": network_of((2, 2, 2), WEAK, True),
    "2-1-2, combined, linear": network_of((2, 1, 2), 0.3),
    "1-3-2, last projective": network_of((1, 3, 2), STRONG, True, "htanh"),
}
FAST = ("3-2-2, method 2", "1-3-2, last projective")
MISREAD = Readout(1.0, 0.1, 0.2), np.array([[0.9, 0.1], [0.2, 0.8]])


@pytest.mark.parametrize("network", further(NETWORKS, FAST))
def test_without_noise_all_engines_follow_the_equations(network):
    expected = network_joint(network, PIXELS)
    np.testing.assert_allclose(network_joint(network, PIXELS, stepwise=True), expected, atol=1e-14)
    ideal = Stepwise(IdealEngine(network.entanglements), network.entanglements)
    np.testing.assert_allclose(read_joint(network, PIXELS, ideal), expected, atol=EXACT)
    for mode in ("stepwise", "coherent"):
        deployed = OnDevice(network, "fake_kingston", mode=mode)
        deployed.check_exact(expected)
    deployed.check_aer(expected, 1500)


@pytest.mark.parametrize("network", further(NETWORKS, FAST))
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
    """The solution of the Bloch equations, for the neuron and for its ancilla's bit."""
    decay, coherence = math.exp(-seconds / t1), math.exp(-seconds / t2)

    def wait(states):
        after = coherence * states
        after[..., 1, 1] = decay * states[..., 1, 1]
        after[..., 0, 0] = states[..., 0, 0] + (1 - decay) * states[..., 1, 1]
        zero, one = after[..., 0, :, :], after[..., 1, :, :]
        return np.stack([zero + (1 - decay) * one, decay * one], axis=-3)

    return wait


@pytest.mark.parametrize("latency", further({"0": 0.0, "3 us": 3e-6, "20 us": 20e-6}, ["3 us"]))
@pytest.mark.parametrize(
    ("entanglement", "last", "recycling"),
    [(ONE, False, "flip"), (WEAK, False, "flip"), (STRONG, True, "flip"), (WEAK, True, "reset")],
)
def test_neurons_and_ancillas_relax_until_the_next_rotation(entanglement, last, recycling, latency):
    """For the duration of the measurement (1 us) and the latency; gates and resets take no time."""
    network = network_of((2, 2, 2), entanglement, last, activation="tanh")
    target = small_target(line(4), gate_duration=dict.fromkeys(range(4), AT_ONCE))
    for pair in list(target["cz"]):
        at_once = InstructionProperties(duration=AT_ONCE, error=0.005)
        target.update_instruction_properties("cz", pair, at_once)
    resets = {(q,): InstructionProperties(duration=AT_ONCE, error=0.0) for q in range(4)}
    target.add_instruction(Reset(), resets)
    waits = Calibrated(1.5, "fake_kingston", off=("gate", "relaxation", "readout"))
    timing = {"feedback_latency": f"{latency}s", "condition_overhead": "0s"}
    options = {"mode": "coherent", "recycling": recycling, **timing}
    deployed = OnDevice(network, target, waits, **options)
    wait = relaxing(1e-4, 8e-5, 1.5 * (1e-6 + latency))
    deployed.check_exact(network_joint(network, PIXELS, wait=wait, flipping=recycling == "flip"))

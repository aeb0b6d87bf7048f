"""Compensated angles: the wanted probability where noise allows it, the nearest one elsewhere."""

import math

import numpy as np
import pytest

from qnnq.errors import InputError
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.response import component_responses
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from tests.execution.engines.test_agreement import network

NOISE = "fake_torino*3 + overrotation(angle=0.2) + readout(p01=0.02, p10=0.07)"


class Recorder:
    """Keeps the angles that it is asked to measure."""

    images_per_call = None

    def measure(self, layer, angles, draws):
        self.angles = angles.values
        return np.ones((len(angles), draws.shots, angles.shape[-1]), dtype=np.int8)


def compensated_probabilities(entanglement, angles):
    """P(-1) of every neuron at the corrected angles, and the share out of reach."""
    deployed = deploy(RunRequest(noise=NOISE, copies=2), network(entanglement))
    recorder = Recorder()
    engine = deployed.compensated(recorder)
    draws = Draws(0, 0, np.arange(len(angles)), 5)
    engine.measure(0, Angles.given(angles[:, None, :].astype(np.float32)), draws)
    layer = deployed.layers[0]
    polynomials = {
        response.slots[0]: response.coefficients[1]
        for response in component_responses(layer.circuit, deployed.channels[0])
    }
    noisy, lowest, highest = (np.empty(angles.shape) for _ in range(3))
    for image, neuron in np.ndindex(*angles.shape):
        a, b, c = polynomials[layer.slot_of[image % 2, neuron]]
        angle = recorder.angles[image, 0, neuron]
        noisy[image, neuron] = a + b * math.cos(angle) + c * math.sin(angle)
        lowest[image, neuron] = a - math.hypot(b, c)
        highest[image, neuron] = a + math.hypot(b, c)
    return noisy, lowest, highest, engine.out_of_reach()


@pytest.mark.parametrize("entanglement", [math.pi / 2, 0.9])
def test_the_noisy_probability_is_the_wanted_one_or_the_nearest(entanglement):
    angles = np.random.default_rng(0).uniform(-math.pi, math.pi, (40, 6))
    wanted = (1 - math.sin(entanglement) * np.cos(angles)) / 2
    noisy, lowest, highest, out_of_reach = compensated_probabilities(entanglement, angles)
    np.testing.assert_allclose(noisy, np.clip(wanted, lowest, highest), atol=2e-6)
    beyond = (wanted < lowest) | (wanted > highest)
    assert 0 < beyond.mean() < 1
    assert out_of_reach == pytest.approx(beyond.mean())


def test_without_noise_compensation_changes_nothing():
    deployed = deploy(RunRequest(noise="ideal"), network(math.pi / 2))
    recorder = Recorder()
    angles = np.random.default_rng(1).uniform(-3, 3, (5, 1, 6)).astype(np.float32)
    draws = Draws(0, 0, np.arange(5), 1)
    deployed.compensated(recorder).measure(0, Angles.given(angles), draws)
    np.testing.assert_allclose(recorder.angles, angles, atol=1e-3)


def test_joined_neurons_are_refused():
    deployed = deploy(
        RunRequest(noise="fake_torino", pairs=1, pair_gate="cz"), network(math.pi / 2)
    )
    with pytest.raises(InputError, match="cz pairs or zz"):
        deployed.compensated(Recorder())


@pytest.mark.parametrize("model", ["mnist16-a0-g3pi8", "mnist16-a0-g5pi19"])
def test_networks_that_it_cannot_help_are_refused(model):
    with pytest.raises(InputError, match="`compensate`: expected a stretch above 0"):
        prepare(RunRequest(model=model, images="0", compensate=True))

"""Training under the noise of one circuit, whose branches are functions of the weights."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from qnnq.execution.engines.base import Draws
from qnnq.networks.activation import phi
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.training import branches
from qnnq.training.branches import branched_step, response_of
from qnnq.training.settings import TrainingSettings
from qnnq.training.step import ActivationStep
from qnnq.training.trainer import train

WIDTHS, STRETCH = (3, 2, 3), 1.7
BITS = (np.arange(256)[:, None] >> np.arange(8)) & 1
"""Every history of the three layers, whose bits follow one another."""


@pytest.fixture(params=[math.pi / 2, 1.0], ids=["projective", "with ancillas"])
def deployment(request):
    random = np.random.default_rng(3)
    shapes = [(3, 4), (2, 3), (3, 2), (2, 3)]
    weights = tuple(random.normal(size=shape) for shape in shapes)
    activation = ("htanh", "linear", "linear")
    network = Network(weights, (), activation, (0.5, STRETCH, STRETCH), request.param)
    return deploy(RunRequest(noise="fake_guadalupe*3", mode="coherent"), network)


def forced(layer):
    """Return uniform numbers (histories, width) by which a layer's outcomes are those of `BITS`."""
    first = sum(WIDTHS[:layer])
    return (1 - BITS[:, first : first + WIDTHS[layer]]) * (1 - 2.0**-24)


class Forced(Draws):
    """Draws that force the outcomes of `BITS`."""

    def uniforms(self, width, stream=()):
        return forced(self.layer).astype(np.float32)[:, None]


def test_means_are_those_of_the_circuits_with_these_weights(deployment, monkeypatch):
    """Of every neuron after every history, beside the instruments of the compiled network."""
    network = deployment.network
    means = []

    def recorded(*arguments):
        found = measured(*arguments)
        means.append(found[0])
        return found

    measured = branches._measured
    monkeypatch.setattr(branches, "_measured", recorded)
    session = deployment.mode("instrument", 1, 0).start()
    z = torch.tensor(np.random.default_rng(0).normal(size=(256, 3)) / 3, dtype=torch.float32)
    state, activations = None, phi(z.numpy(), "htanh", 0.5)[:, None]
    for layer, instrument in enumerate(deployment.branch_tables()):
        uniform = torch.tensor(forced(layer), dtype=torch.float32)
        monkeypatch.setattr(torch, "rand", lambda *_, given=uniform, **__: given)
        step = ActivationStep(network.activations[layer], network.stretches[layer], 1.0)
        weight = torch.tensor(network.weights[layer], dtype=torch.float32)
        outcomes, state = branched_step(
            step, z[:, : WIDTHS[layer]], weight, state, None, response_of(instrument, "cpu")
        )
        session.step(layer, activations[..., : WIDTHS[layer]], Forced(0, layer, np.arange(256), 1))
        for neuron in range(WIDTHS[layer]):
            rows = np.arange(256)
            exact = session._exact((np.full(256, neuron), rows, 0 * rows))
            # single precision, after outcomes of probabilities down to 0.001
            assert np.abs(1 - 2 * exact - means[layer][neuron].numpy()).max() < 1e-4
        first = sum(WIDTHS[:layer])
        assert (outcomes.numpy() < 0).tolist() == (
            BITS[:, first : first + WIDTHS[layer]] == 1
        ).tolist()


def test_gradients_are_finite_differences(deployment):
    """Of mean outcomes by the weights; by an outcome before, of the angle that goes with it."""
    instrument = deployment.branch_tables()[1]
    response = response_of(instrument, "cpu")
    response = response._replace(
        branches=response.branches.double(), measured=response.measured.double()
    )
    random = torch.Generator().manual_seed(0)
    vectors = response.start.double()[:, None].expand(-1, 6, -1)
    bits = torch.randint(2, (6, 3), generator=random)
    outcomes = (1.0 - 2 * bits).double().requires_grad_()
    weight = torch.randn(2, 3, generator=random, dtype=torch.float64, requires_grad=True)
    state = branches.SiteState(vectors, outcomes)

    def means(weight):
        return branches.means_of(weight, STRETCH, state, response)[0]

    assert torch.autograd.gradcheck(means, (weight,), eps=1e-6, atol=1e-7)
    (found,) = torch.autograd.grad(means(weight)[0].sum(), outcomes)
    step = 1e-6
    turned = [_turned_by(weight, state, response, sign * step) for sign in (1, -1)]
    slope = (turned[0] - turned[1]) / (2 * step)  # of the first neuron by its angle, (rows,)
    expected = -math.pi / 2 / STRETCH * slope[:, None] * weight[0]
    assert torch.allclose(found, expected, atol=1e-7)


def _turned_by(weight, state, response, angle):
    """Return the first neuron's mean outcomes where its angle is a little larger."""
    theta = math.pi / 2 * (1 - weight.sum(1, keepdim=True) / STRETCH) + angle
    delta = math.pi * (weight / STRETCH - torch.eye(2, 3))
    vectors = branches._turned(state, delta, response)
    return branches._measured(vectors, theta.expand(-1, 6), response)[0][0]


def test_a_network_is_trained_under_its_own_circuit(tiny):
    settings = TrainingSettings(
        *((4, 3), (0.5, 2.0), ("htanh", "linear")),
        epochs=2,
        noise="fake_guadalupe",
        strengths=(0.5, 4.0),
        mode="coherent",
    )
    found = train(settings, *tiny, device="cpu").network
    assert (found.activations, found.information["mode"]) == (("htanh", "linear"), "coherent")
    again = train(replace(settings, strengths=(0.0, 0.0)), *tiny, device="cpu").network
    assert not np.array_equal(found.weights[1], again.weights[1])

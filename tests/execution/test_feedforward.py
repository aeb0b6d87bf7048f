"""Feed-forward of a network, and the one circuit that it makes, against exact enumeration."""

import math

import numpy as np
import pytest

from qnnq.deployments.feedforward import network_feedforward
from qnnq.networks.activation import phi
from qnnq.networks.network import Network
from tests.execution.enumeration import class_distribution
from tests.transpile.devices import device
from tests.transpile.histories import Histories
from transpile import TranspileError, compile_network, network_circuit


def small_network(widths, activation, stretch, entanglement, last_projective=False):
    rng = np.random.default_rng(4)
    pairs = list(zip(widths, widths[1:]))
    weights = tuple(rng.normal(0, 0.9, (out, into)) for into, out in pairs)
    biases = tuple(rng.normal(0, 0.3, out) for _, out in pairs)
    return Network(weights, biases, activation, stretch, entanglement, last_projective)


NETWORKS = [
    ((4, 2, 2, 2, 3), ("htanh", "linear", "linear"), (0.5, 2, 2), math.pi / 2, False),
    ((4, 3, 3, 3), ("htanh", "linear"), (0.5, 1), 3 * math.pi / 8, False),
    ((4, 2, 3, 2, 3), ("tanh", "linear", "htanh"), (0.5, 1, 0), 1.0, True),
    ((3, 3, 2, 3), "htanh", 0.8, 5 * math.pi / 19, False),
]


@pytest.mark.parametrize(("widths", "activation", "stretch", "entanglement", "last"), NETWORKS)
def test_one_circuit_votes_as_enumeration_says(widths, activation, stretch, entanglement, last):
    network = small_network(widths, activation, stretch, entanglement, last)
    compiled = compile_network(
        device("FakeKingston"),
        network.widths,
        network.entanglements,
        feedforward=network_feedforward(network),
    )
    pixels = np.linspace(0.1, 0.9, widths[0])
    z = network.weights[0] @ pixels + network.biases[0]
    first = math.pi / 2 * (1 - phi(z, network.activations[0], network.stretches[0]))
    joint = Histories(network_circuit(compiled).assign_parameters(first)).probabilities()

    last_layer = np.moveaxis(joint, range(-network.widths[-1], 0), range(network.widths[-1]))
    found = np.zeros(network.classes)
    for bits in np.ndindex(*last_layer.shape[: network.widths[-1]]):
        logits = network.weights[-1] @ (1 - 2 * np.array(bits)) + network.biases[-1]
        found[np.argmax(logits)] += last_layer[bits].sum()
    np.testing.assert_allclose(found, class_distribution(network, pixels), atol=1e-9)


def test_a_wide_network_that_is_not_linear_is_refused():
    network = small_network((20, 16, 16, 3), "htanh", 0.5, math.pi / 2)
    with pytest.raises(TranspileError, match="16 neurons need 65535 branches, at most 1023 are"):
        network_feedforward(network)

"""What layers with couplings answer without noise."""

import math
from itertools import product

import numpy as np

from qnnq.execution.engines.layer_response import ComponentResponse, LayerResponse
from qnnq.execution.engines.polynomials import fit, grid
from qnnq.networks.couplings import Coupling, joint_probabilities
from qnnq.networks.network import Network


def ideal_responses(network: Network) -> tuple[LayerResponse, ...]:
    """Return the response of every hidden layer of a network without noise."""
    return tuple(_response(network, layer) for layer in range(network.hidden))


def _response(network: Network, layer: int) -> LayerResponse:
    width, couplings = network.widths[layer], network.couplings[layer]
    strength = math.sin(network.entanglements[layer])
    joined = {neuron for coupling in couplings for neuron in coupling.neurons}
    alone = np.array([0.5, -strength / 2, 0.0])
    neurons = [ComponentResponse.of_neuron(j, alone) for j in range(width) if j not in joined]
    return LayerResponse.of_components(
        np.arange(width)[None], width, [*neurons, *map(component_response, couplings)]
    )


def component_response(coupling: Coupling) -> ComponentResponse:
    """Return what coupled neurons answer, by the order of their numbers."""
    count = len(coupling.neurons)
    points = np.array([*product(grid(coupling.degree), repeat=count)])
    joint = joint_probabilities(coupling.kind, points, np.array(coupling.angles), np)
    coefficients = fit(joint.reshape(-1, *[2] * count), count, coupling.degree)
    order = np.argsort(coupling.neurons)
    axes = [*(count + order), *order]
    return ComponentResponse(tuple(sorted(coupling.neurons)), coefficients.transpose(axes))

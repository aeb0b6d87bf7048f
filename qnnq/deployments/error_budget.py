"""How much each mechanism of a noise changes what the neurons of a network answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseSpecification
from noise_models.attribution import single_mechanisms
from noise_models.channels import NoiseChannels
from qnnq.deployments.compilation import layer_channels
from qnnq.deployments.stepwise import StepwiseDeployment
from qnnq.execution.engines.layer_response import ComponentResponse
from qnnq.execution.engines.response import component_responses
from transpile import CompiledLayer


@dataclass(frozen=True)
class NeuronBudget:
    """The errors of one slot of a layer.

    Attributes:
        layer: The hidden layer, 0 for the first.
        site: Its qubits.
        idle_s: Seconds that its qubits wait before the measurement.
        total: How far all noise together moves P(-1): the root mean square over all angles.
        shares: The same of each mechanism alone, divided by the sum over all of them.
    """

    layer: int
    site: str
    idle_s: float
    total: float
    shares: dict[str, float]


def error_budget(deployment: StepwiseDeployment) -> list[NeuronBudget]:
    """Return the budget of every slot of every different layer.

    Correlated readout is not part of it: it acts between outcomes.

    Raises:
        InputError: If ZZ couplings join too many neurons.
    """
    ideal = NoiseSpecification()
    alone = single_mechanisms(deployment.specification)
    rows: list[NeuronBudget] = []
    for number, layer in enumerate(deployment.layers):
        if layer in deployment.layers[:number]:
            continue
        channels = deployment.channels[number]
        device = deployment.placement.device
        exact = _minus(layer, layer_channels(device, ideal, layer))
        total = _distances(_minus(layer, channels), exact)
        each = {
            name: _distances(_minus(layer, layer_channels(device, specification, layer)), exact)
            for name, specification in alone.items()
        }
        idle = _waits(layer, channels)
        for slot, site in enumerate(layer.sites):
            whole = sum(errors[slot] for errors in each.values())
            shares = {name: errors[slot] / whole if whole else 0.0 for name, errors in each.items()}
            waits = sum(idle[qubit] for qubit in site.qubits)
            rows.append(NeuronBudget(number, str(site), waits, total[slot], shares))
    return rows


Polynomial = tuple[tuple[int, ...], NDArray[np.float64]]
"""P(-1) of a slot: the slots whose angles it depends on, and the coefficients of the products of
their (1, cos, sin), shape (3,) * slots."""


def _minus(layer: CompiledLayer, channels: NoiseChannels) -> list[Polynomial]:
    found: dict[int, Polynomial] = {}
    for response in component_responses(layer.circuit, channels):
        for axis, slot in enumerate(response.slots):
            found[slot] = response.slots, _marginal(response, axis)
    return [found[slot] for slot in range(layer.slots)]


def _marginal(response: ComponentResponse, axis: int) -> NDArray[np.float64]:
    others = tuple(other for other in range(len(response.slots)) if other != axis)
    return np.asarray(response.coefficients.sum(axis=others)[1])


def _distances(first: Sequence[Polynomial], second: Sequence[Polynomial]) -> list[float]:
    return [_distance(*pair) for pair in zip(first, second, strict=True)]


def _distance(first: Polynomial, second: Polynomial) -> float:
    """Return the root mean square of a difference over all angles."""
    slots = sorted({*first[0], *second[0]})
    difference = _widened(first, slots) - _widened(second, slots)
    squares = difference**2
    for _ in slots:  # the mean of cos^2 and of sin^2 is 1/2, the products are orthogonal
        squares = np.tensordot([1.0, 0.5, 0.5], squares, axes=(0, 0))
    return float(np.sqrt(squares))


def _widened(polynomial: Polynomial, slots: Sequence[int]) -> NDArray[np.float64]:
    own, coefficients = polynomial
    wide = np.zeros((3,) * len(slots))
    wide[tuple(slice(None) if slot in own else 0 for slot in slots)] = coefficients
    return wide


def _waits(layer: CompiledLayer, channels: NoiseChannels) -> dict[int, float]:
    """Return how long each qubit waits while a measured outcome still depends on it."""
    circuit = layer.circuit
    waits = dict.fromkeys((qubit for site in layer.sites for qubit in site.qubits), 0.0)
    relevant: set[int] = set()
    for item in reversed(circuit.data):
        qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
        if item.operation.name == "measure" or (
            item.operation.name != "barrier" and relevant.intersection(qubits)
        ):
            relevant.update(qubits)
            if item.operation.name == "delay":
                waits[qubits[0]] += channels.duration(item.operation, qubits)
    return waits

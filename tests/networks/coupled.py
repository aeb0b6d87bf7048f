"""Coupled layers by Qiskit's statevector, and networks that have them."""

import math
from itertools import pairwise

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import XXPlusYYGate
from qiskit.quantum_info import Statevector

from qnnq.networks.couplings import Coupling, angle_count
from qnnq.networks.network import Network


def statevector_response(couplings, angles):
    """Return the probabilities of all patterns of a layer, (2,) * width, index 1 for outcome -1."""
    width = len(angles)
    circuit = QuantumCircuit(width)
    for coupling in couplings:
        if coupling.kind == "bell":
            first, *others = coupling.neurons
            circuit.ry(coupling.angles[0], first)
            for other in others:
                circuit.cx(first, other)
    halved = {n for each in couplings if each.kind == "cz-own" for n in each.neurons}
    for neuron, angle in enumerate(angles):
        circuit.ry(angle / 2 if neuron in halved else angle, neuron)
    for coupling in couplings:
        links = list(pairwise(coupling.neurons))
        if coupling.kind == "xx+yy":
            for angle, link in zip(coupling.angles, links, strict=True):
                circuit.append(XXPlusYYGate(angle), link)
        elif coupling.kind.startswith("cz"):
            for link in links:
                circuit.cz(*link)
            for angle, neuron in zip(coupling.angles, coupling.neurons, strict=True):
                own = angles[neuron] / 2 if coupling.kind == "cz-own" else 0
                circuit.ry(angle + own, neuron)
    probabilities = Statevector(circuit).probabilities(list(range(width))[::-1])
    return probabilities.reshape((2,) * width)


def coupling_of(kind, neurons, seed=0):
    rng = np.random.default_rng(seed)
    return Coupling(kind, neurons, tuple(rng.uniform(-3, 3, angle_count(kind, len(neurons)))))


def network_444(seed=0, **changes):
    """Return a network 4-4-4-4-3 whose layers have couplings of all kinds and sizes."""
    rng = np.random.default_rng(seed)
    sizes = (4, 4, 4, 4, 3)
    weights = tuple(rng.normal(size=(out, into)) for into, out in pairwise(sizes))
    couplings = (
        (coupling_of("cz", (2, 0), 1), coupling_of("bell", (1, 3), 2)),
        (coupling_of("xx+yy", (3, 0, 1), 3),),
        (coupling_of("cz-own", (1, 2, 0, 3), 4),),
    )
    physics = {"activation": "htanh", "stretch": 1.5, "couplings": couplings}
    return Network(weights, **(physics | changes))


def distribution_error(counts, share):
    """Return how many standard deviations counts are off what is expected, at most."""
    shots = counts.sum()
    spread = np.sqrt(np.maximum(shots * share * (1 - share), 1e-9))
    return float(np.max(np.abs(counts - shots * share) / spread))


SIGMAS = 5.3  # a false alarm in 1e6 over ten classes

BELL = math.pi / 2

"""Small networks that receive states."""

import numpy as np

from qnnq.networks.network import Network
from qnnq.networks.receiving import bell_receiver, receiving_network


def bell_network(pairs: int, classes: int = 2, hidden: int = 4, seed: int = 0) -> Network:
    """Return a network whose first layer measures each qubit and its twin in the Bell basis."""
    rng = np.random.default_rng(seed)
    behind = rng.normal(size=(hidden, 2 * pairs)), rng.normal(size=(classes, hidden))
    return receiving_network(bell_receiver(pairs), Network(behind, stretch=0.5))


def reading_network(qubits: int, seed: int = 0) -> Network:
    """Return a network that measures each qubit by itself, turned by an angle of its own."""
    rng = np.random.default_rng(seed)
    behind = rng.normal(size=(3, qubits)), rng.normal(size=(2, 3))
    return receiving_network((rng.uniform(0, 3, qubits), ()), Network(behind, stretch=0.5))

"""The activation step of one neuron in closed form, written out independently of the package."""

import math

import numpy as np


def branch(angle: float, entanglement: float, outcome: int) -> np.ndarray:
    """The neuron's state after `outcome`, its squared norm being the outcome's probability."""
    s = math.sin(entanglement)
    return np.array(
        [
            math.sqrt(max(0.0, (1 + outcome * s) / 2)) * math.cos(angle / 2),
            math.sqrt(max(0.0, (1 - outcome * s) / 2)) * math.sin(angle / 2),
        ]
    )


def probability(angle: float, entanglement: float, outcome: int) -> float:
    return (1 + outcome * math.sin(entanglement) * math.cos(angle)) / 2


def angle_after(angle: float, entanglement: float, outcome: int) -> float:
    s = math.sin(entanglement)
    return 2 * math.atan2(
        math.sqrt(max(0.0, 1 - outcome * s)) * math.sin(angle / 2),
        math.sqrt(max(0.0, 1 + outcome * s)) * math.cos(angle / 2),
    )


def ry_state(angle: float) -> np.ndarray:
    return np.array([math.cos(angle / 2), math.sin(angle / 2)])


def same_state(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two unnormalised states are equal up to a phase."""
    return np.allclose(np.outer(a, a.conj()), np.outer(b, b.conj()), atol=1e-9)

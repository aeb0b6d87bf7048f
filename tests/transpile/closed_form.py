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


def joint_probabilities(first_angles, widths, entanglements, activations) -> np.ndarray:
    """P of the outcomes of all neurons of all layers that live on, (2,) * sum(widths), 1 for -1.

    first_angles: theta of the first layer. activations: for each further layer phi as a function
    of outcomes (patterns, width of the layer before).
    """
    shape = (2,) * sum(widths)
    outcomes = 1 - 2 * np.indices(shape).reshape(len(shape), -1).T
    probability = np.ones(len(outcomes))
    alpha, last = np.zeros((len(outcomes), 0)), np.zeros((len(outcomes), 0))
    for layer, (width, g) in enumerate(zip(widths, entanglements, strict=True)):
        kept = min(width, last.shape[1])
        new = np.zeros((len(outcomes), width - kept))
        alpha = np.hstack([alpha[:, :kept], new])
        if layer == 0:
            alpha = alpha + first_angles
        else:
            r_last = np.hstack([last[:, :kept], new + 1])
            alpha = alpha + np.pi / 2 * (r_last - activations[layer - 1](last))
        start = sum(widths[:layer])
        last = outcomes[:, start : start + width]
        s = np.sin(g)
        probability *= np.prod((1 + last * s * np.cos(alpha)) / 2, axis=1)
        alpha = 2 * np.arctan2(
            np.sqrt(np.maximum(0, 1 - last * s)) * np.sin(alpha / 2),
            np.sqrt(np.maximum(0, 1 + last * s)) * np.cos(alpha / 2),
        )
    return probability.reshape(shape)

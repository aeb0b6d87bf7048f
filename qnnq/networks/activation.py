"""The activation step of a naturally quantized neuron in closed form (arXiv:2503.15482).

A neuron is one qubit in the real state RY(alpha)|0>, so one angle describes it. A step rotates it
by an angle that depends on its last outcome and on its pre-activation, and then measures it with
strength s = sin(g), g the entanglement angle in (0, pi/2]. Everything here works on whole arrays
and keeps float32 or float64.
"""

import math
from typing import Literal, get_args

import numpy as np

from qnnq.arrays import FloatArray, OutcomeArray

Activation = Literal["htanh", "tanh"]

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)


def phi(z: FloatArray, activation: Activation, stretch: float) -> FloatArray:
    """Return the activation in [-1, 1] of the pre-activations `z`, elementwise.

    `htanh`: clip(z / stretch, -1, 1); `tanh`: tanh(z / stretch). Stretch 0 is the limit of both,
    sign(z), with sign(0) = 0: a fair coin.
    """
    if stretch == 0:
        return np.sign(z)
    # A tiny stretch may overflow to infinity, whose activation is still right.
    with np.errstate(over="ignore"):
        scaled = z / stretch
    return np.clip(scaled, -1, 1) if activation == "htanh" else np.tanh(scaled)


def wrap(angle: FloatArray) -> FloatArray:
    """Return the angle in (-pi, pi] that equals `angle` up to full turns (radians)."""
    return angle - 2 * math.pi * np.ceil(angle / (2 * math.pi) - 0.5)


def probability(outcome: int | OutcomeArray, angle: FloatArray, entanglement: float) -> FloatArray:
    """Return P(outcome) = (1 + r s cos alpha') / 2 for the outcome +1 or -1 at the angle alpha'."""
    return (1 + outcome * (math.sin(entanglement) * np.cos(angle))) / 2


def state_after(outcome: OutcomeArray, angle: FloatArray, entanglement: float) -> FloatArray:
    """Return alpha after the outcome r was measured at alpha' = `angle`, in [-2 pi, 2 pi] radians.

    alpha = 2 atan2(sqrt(1 - r s) sin(alpha'/2), sqrt(1 + r s) cos(alpha'/2)). The atan2 keeps the
    sign of the cosine, so that it also holds for |alpha'| > pi.
    """
    strength = math.sin(entanglement)
    away, along = math.sqrt(1 - strength), math.sqrt(1 + strength)
    up = outcome > 0
    sine = np.where(up, away, along).astype(angle.dtype) * np.sin(angle / 2)
    cosine = np.where(up, along, away).astype(angle.dtype) * np.cos(angle / 2)
    return 2 * np.arctan2(sine, cosine)

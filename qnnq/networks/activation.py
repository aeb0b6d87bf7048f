"""The activation step of a naturally quantized neuron in closed form (arXiv:2503.15482).

A neuron is one qubit in the real state RY(alpha)|0>, so one angle describes it. A step rotates it
by an angle that depends on its last outcome and on its pre-activation, and then measures it with
strength s = sin(g), g the entanglement angle in (0, pi/2]. Everything here works on whole arrays,
keeps float32 or float64, and takes the array namespace as `xp`: numpy, or torch where a network is
trained.
"""

import math
from typing import Any, Literal, get_args

import numpy as np

from qnnq.arrays import FloatArray

Activation = Literal["htanh", "tanh", "linear"]

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)


def phi(z: Any, activation: Activation, stretch: float, xp: Any = np) -> Any:
    """Return the activation of the pre-activations `z`, elementwise.

    `htanh`: clip(z / stretch, -1, 1); `tanh`: tanh(z / stretch). Stretch 0 is the limit of both,
    sign(z), with sign(0) = 0: a fair coin. `linear`: z / stretch, not clipped, for a stretch above
    0; the probabilities of the outcomes are then periodic in z.
    """
    if activation == "linear":
        return z / stretch
    if stretch == 0:
        return xp.sign(z)
    if xp is np:
        # A tiny stretch may overflow to infinity, whose activation is still right.
        with np.errstate(over="ignore"):
            scaled = z / stretch
    else:
        scaled = z / stretch
    return xp.clip(scaled, -1, 1) if activation == "htanh" else xp.tanh(scaled)


def rotated(activation: Any, alpha: Any = None, last: Any = None, xp: Any = np) -> Any:
    """Return alpha' = alpha + (pi/2)(r_last - phi), in radians, for phi (..., width).

    Neuron j goes on from alpha (..., width before) and the outcome r_last of neuron j of the layer
    before; further ones, and all where there is no layer before (None), start from alpha = 0 and
    r_last = +1.
    """
    angle = (math.pi / 2) * (1 - activation)
    if alpha is not None:
        kept = min(alpha.shape[-1], activation.shape[-1])
        unit = _unit(angle, xp)
        past = xp.where(last[..., :kept] > 0, 0 * unit, -math.pi * unit)
        angle[..., :kept] += alpha[..., :kept] + past
    return angle


def wrap(angle: FloatArray) -> FloatArray:
    """Return the angle in (-pi, pi] that equals `angle` up to full turns (radians)."""
    wrapped: FloatArray = angle - 2 * math.pi * np.ceil(angle / (2 * math.pi) - 0.5)
    return wrapped


def probability(outcome: Any, angle: Any, entanglement: float, xp: Any = np) -> Any:
    """Return P(outcome) = (1 + r s cos alpha') / 2 for the outcome +1 or -1 at the angle alpha'."""
    return (1 + outcome * (math.sin(entanglement) * xp.cos(angle))) / 2


def state_after(outcome: Any, angle: Any, entanglement: float, xp: Any = np) -> Any:
    """Return alpha after the outcome r was measured at alpha' = `angle`, in [-2 pi, 2 pi] radians.

    alpha = 2 atan2(sqrt(1 - r s) sin(alpha'/2), sqrt(1 + r s) cos(alpha'/2)). The atan2 keeps the
    sign of the cosine, so that it also holds for |alpha'| > pi.
    """
    strength = math.sin(entanglement) * _unit(angle, xp)
    away, along = xp.sqrt(1 - strength), xp.sqrt(1 + strength)
    up = outcome > 0
    sine = xp.where(up, away, along) * xp.sin(angle / 2)
    cosine = xp.where(up, along, away) * xp.cos(angle / 2)
    return 2 * xp.arctan2(sine, cosine)


def _unit(like: Any, xp: Any) -> Any:
    """Return [1] as an array of the same type, so that no factor changes the precision."""
    return xp.ones_like(like.reshape(-1)[:1])

"""Coherent errors: over-rotations, phases, detuning, ZZ coupling; angles times the strength."""

import math
from collections.abc import Sequence

import numpy as np

from noise_models.elements import CalibratedInstruction
from noise_models.overrotation import overrotation_stages
from noise_models.source import GateNoise, TimedNoise
from noise_models.stages import Kraus, Stages


class Overrotation(GateNoise):
    """Each gate turns an angle too far about its own axis."""

    def after_gate(self, gate: CalibratedInstruction) -> Stages:
        """Return what acts after a physical gate."""
        angle = self.term.number("angle") * self.strength(gate.qubits)
        return overrotation_stages(gate.name, angle)


class Phase(GateNoise):
    """RZ(angle) = exp(-i angle Z / 2) on each qubit of a physical gate, after it.

    Unlike an over-rotation it is not undone by the inverse gate: SX RZ(a) SX^-1 RZ(a) is RY(a)
    and RZ(a), up to the sense of the rotation.
    """

    def after_gate(self, gate: CalibratedInstruction) -> Stages:
        """Return what acts after a physical gate."""
        angle = self.term.number("angle") * self.strength(gate.qubits)
        return z_rotations([angle] * len(gate.qubits))


class Detuning(TimedNoise):
    """A frame that is off by a frequency f: RZ(2 pi f t) in everything that takes a time t."""

    def meanwhile(self, qubits: tuple[int, ...], duration: float) -> Stages:
        """Return what acts on each of some qubits in a duration in seconds."""
        angular = 2 * math.pi * self.term.number("frequency")
        return z_rotations([angular * self.strength((qubit,)) * duration for qubit in qubits])


class Coupling(TimedNoise):
    """The static ZZ coupling of neighbours: see `sequence`."""

    def coupling_rate(self, pair: tuple[int, int]) -> float:
        """Return the rate (Hz) of the phase that two coupled qubits in |1> collect."""
        return self.term.number("rate") * self.strength(pair)


def z_rotations(angles: Sequence[float]) -> Stages:
    """Return RZ of an angle on each of some qubits."""
    return tuple(
        Kraus(np.diag(np.exp([-0.5j * angle, 0.5j * angle]))[None], (position,))
        for position, angle in enumerate(angles)
        if angle
    )


def coupling_stages(rate: float, duration: float) -> Stages:
    """Return exp(-2 pi i rate duration |11><11|) of two qubits."""
    phases = np.array([1, 1, 1, np.exp(-2j * math.pi * rate * duration)])
    return (Kraus(np.diag(phases)[None], (0, 1)),)

"""Coherent errors: over-rotations, phases, detuning, ZZ coupling; angles times the strength."""

import math

import numpy as np

from noise_models.elements import CalibratedInstruction
from noise_models.overrotation import overrotation_stages
from noise_models.source import NoiseSource
from noise_models.specification import NoiseTerm
from noise_models.stages import Kraus, Stages


class Overrotation(NoiseSource):
    """Each gate turns an angle too far about its own axis."""

    def __init__(self, term: NoiseTerm) -> None:
        self._angle = term.number("angle") * term.strength

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """See `NoiseSource`."""
        if not instruction.is_physical_gate:
            return ()
        return overrotation_stages(instruction.name, self._angle)


class Phase(NoiseSource):
    """RZ(angle) = exp(-i angle Z / 2) on each qubit of a physical gate, after it.

    Unlike an over-rotation it is not undone by the inverse gate: SX RZ(a) SX^-1 RZ(a) is RY(a)
    and RZ(a), up to the sense of the rotation.
    """

    def __init__(self, term: NoiseTerm) -> None:
        self._angle = term.number("angle") * term.strength

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """See `NoiseSource`."""
        if not instruction.is_physical_gate:
            return ()
        return z_rotations(len(instruction.qubits), self._angle)


class Detuning(NoiseSource):
    """A frame that is off by a frequency f: RZ(2 pi f t) in everything that takes a time t."""

    def __init__(self, term: NoiseTerm) -> None:
        self._angular_frequency = 2 * math.pi * term.number("frequency") * term.strength

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """See `NoiseSource`."""
        if instruction.is_virtual or not instruction.duration:
            return ()
        angle = self._angular_frequency * instruction.duration
        return z_rotations(len(instruction.qubits), angle)

    def waiting(self, qubit: int, duration: float) -> Stages:
        """See `NoiseSource`."""
        return z_rotations(1, self._angular_frequency * duration)

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """See `NoiseSource`."""
        return instruction.missing_duration


class Coupling(NoiseSource):
    """The static ZZ coupling of neighbours: see `sequence`."""

    def __init__(self, term: NoiseTerm) -> None:
        self.coupling_rate = term.number("rate") * term.strength

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """See `NoiseSource`."""
        return instruction.missing_duration


def z_rotations(qubits: int, angle: float) -> Stages:
    """Return RZ(angle) on each of some qubits."""
    if not angle:
        return ()
    unitary = np.diag(np.exp([-0.5j * angle, 0.5j * angle]))
    return tuple(Kraus(unitary[None], (position,)) for position in range(qubits))


def coupling_stages(rate: float, duration: float) -> Stages:
    """Return exp(-2 pi i rate duration |11><11|) of two qubits."""
    phases = np.array([1, 1, 1, np.exp(-2j * math.pi * rate * duration)])
    return (Kraus(np.diag(phases)[None], (0, 1)),)

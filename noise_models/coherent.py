"""Coherent errors: over-rotations, phases, detuning, ZZ coupling; angles times the strength."""

import math
from collections.abc import Sequence

import numpy as np

from noise_models.elements import CalibratedInstruction
from noise_models.overrotation import overrotation_stages
from noise_models.source import NoiseSource
from noise_models.stages import Kraus, Stages


class Overrotation(NoiseSource):
    """Each gate turns an angle too far about its own axis."""

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if not instruction.is_physical_gate:
            return ()
        angle = self.term.number("angle") * self.strength(instruction.qubits)
        return overrotation_stages(instruction.name, angle)


class Phase(NoiseSource):
    """RZ(angle) = exp(-i angle Z / 2) on each qubit of a physical gate, after it.

    Unlike an over-rotation it is not undone by the inverse gate: SX RZ(a) SX^-1 RZ(a) is RY(a)
    and RZ(a), up to the sense of the rotation.
    """

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if not instruction.is_physical_gate:
            return ()
        angle = self.term.number("angle") * self.strength(instruction.qubits)
        return z_rotations([angle] * len(instruction.qubits))


class Detuning(NoiseSource):
    """A frame that is off by a frequency f: RZ(2 pi f t) in everything that takes a time t."""

    acts_in_waits = True

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if instruction.is_virtual or not instruction.duration:
            return ()
        return self._turned(instruction.qubits, instruction.duration)

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits for a duration in seconds."""
        return self._turned((qubit,), duration)

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration that this term needs an instruction lacks, None if none."""
        return instruction.missing_duration

    def _turned(self, qubits: tuple[int, ...], duration: float) -> Stages:
        angular = 2 * math.pi * self.term.number("frequency")
        return z_rotations([angular * self.strength((qubit,)) * duration for qubit in qubits])


class Coupling(NoiseSource):
    """The static ZZ coupling of neighbours: see `sequence`."""

    acts_in_waits = True

    def coupling_rate(self, pair: tuple[int, int]) -> float:
        """Return the rate (Hz) of the phase that two coupled qubits in |1> collect."""
        return self.term.number("rate") * self.strength(pair)

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration that this term needs an instruction lacks, None if none."""
        return instruction.missing_duration


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

"""What every noise term can answer about a device's elements."""

import math

import numpy as np
from numpy.typing import NDArray

from noise_models.elements import CalibratedInstruction
from noise_models.errors import NoiseError
from noise_models.factors import Factors, Wanderer, steady
from noise_models.specification import NoiseTerm
from noise_models.stages import Stages


class NoiseSource:
    """One term of a specification at its strength; this one does nothing.

    All methods but `missing` raise `NoiseError` where one element has no such error: its strength
    has no channel, or its calibration is missing.

    Attributes:
        acts_in_waits: Whether it acts on qubits while nothing else does.

    Args:
        term: The term.
        factors: What its strength is multiplied by, element by element.
    """

    acts_in_waits: bool = False

    def __init__(self, term: NoiseTerm, factors: Factors = steady) -> None:
        self.term = term
        self.factors = factors

    def strength(self, qubits: tuple[int, ...], wanderer: Wanderer = "error") -> float:
        """Return how many times the term acts on one qubit or on a pair."""
        strength = self.term.strength * self.factors(wanderer, qubits)
        if not math.isfinite(strength):
            raise NoiseError(f"found strength {strength:g}, expected a finite number")
        return strength

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        return ()

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits for a duration in seconds."""
        return ()

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration that this term needs an instruction lacks, None if none."""
        return None

    def readout(self, qubit: int) -> NDArray[np.float64] | None:
        """Return the readout matrix of a qubit, None if this term has none."""
        return None

    def relaxation_rates(self, qubit: int) -> tuple[float, float]:
        """Return 1/T1 and 1/T2 (1/s) as they act in this term."""
        return 0.0, 0.0

    def flip_rates(self, qubit: int) -> tuple[float, float]:
        """Return the rates (1/s) at which a waiting qubit decays to |0>, is excited to |1>."""
        return 0.0, 0.0

    def coupling_rate(self, pair: tuple[int, int]) -> float:
        """Return the rate (Hz) of the phase that two coupled qubits in |1> collect."""
        return 0.0

    def leakage(self, qubit: int) -> float:
        """Return the probability for each physical gate that the qubit leaves |0> and |1>."""
        return 0.0

    def correlated_readout(self, pair: tuple[int, int]) -> float:
        """Return the probability that the outcomes of two coupled qubits flip together."""
        return 0.0


class GateNoise(NoiseSource):
    """A term that acts after every physical gate."""

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        return self.after_gate(instruction) if instruction.is_physical_gate else ()

    def after_gate(self, gate: CalibratedInstruction) -> Stages:
        """Return what acts after a physical gate."""
        raise NotImplementedError


class TimedNoise(NoiseSource):
    """A term that acts for as long as something takes, also on qubits that wait."""

    acts_in_waits = True

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if instruction.is_virtual or not instruction.duration:
            return ()
        return self.meanwhile(instruction.qubits, instruction.duration)

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits for a duration in seconds."""
        return self.meanwhile((qubit,), duration)

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration that this term needs an instruction lacks, None if none."""
        return instruction.missing_duration

    def meanwhile(self, qubits: tuple[int, ...], duration: float) -> Stages:
        """Return what acts on each of some qubits in a duration in seconds."""
        return ()

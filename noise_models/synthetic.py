"""Synthetic incoherent errors of gates and waits.

They act on every gate of the target that is physical (virtual frame changes are exact), and
relaxation on resets and waits too.
"""

from noise_models.elements import CalibratedInstruction
from noise_models.mechanisms import (
    amplitude_damping_stages,
    contracted,
    depolarizing_stages,
    phase_damping_stages,
    relaxation_stages,
)
from noise_models.source import NoiseSource
from noise_models.specification import NoiseTerm
from noise_models.stages import Stages


class Depolarizing(NoiseSource):
    """With probability p the maximally mixed state of the gate's qubits."""

    def __init__(self, term: NoiseTerm) -> None:
        self._probabilities = {1: term.number("p1"), 2: term.number("p2")}
        self._strength = term.strength

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """See `NoiseSource`."""
        if not instruction.is_physical_gate:
            return ()
        qubits = len(instruction.qubits)
        probability = self._probabilities[qubits]
        return depolarizing_stages(qubits, probability, self._strength, "depolarizing")


class Relaxation(NoiseSource):
    """T1 and T2 decay for the duration of everything, towards a population of |1>."""

    def __init__(self, term: NoiseTerm) -> None:
        self._times = term.number("t1"), term.number("t2")
        self._population = term.number("population")
        self._strength = term.strength

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """See `NoiseSource`."""
        if instruction.is_virtual or not instruction.duration:
            return ()
        return self._relaxed(len(instruction.qubits), instruction.duration)

    def waiting(self, qubit: int, duration: float) -> Stages:
        """See `NoiseSource`."""
        return self._relaxed(1, duration)

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """See `NoiseSource`."""
        return instruction.missing_duration

    def relaxation_rates(self, qubit: int) -> tuple[float, float]:
        """See `NoiseSource`."""
        t1, t2 = self._times
        return self._strength / t1, self._strength / t2

    def _relaxed(self, qubits: int, duration: float) -> Stages:
        times = [self._times] * qubits
        return relaxation_stages(times, self._strength * duration, self._population)


class AmplitudeDamping(NoiseSource):
    """Each qubit of a gate decays from |1> to |0> with probability p."""

    def __init__(self, term: NoiseTerm) -> None:
        self._probability = 1 - contracted(1 - term.number("p"), term.strength, term.name)

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """See `NoiseSource`."""
        if not instruction.is_physical_gate:
            return ()
        positions = range(len(instruction.qubits))
        return tuple(
            stage for p in positions for stage in amplitude_damping_stages(p, self._probability)
        )


class PhaseDamping(NoiseSource):
    """The coherence of each qubit of a gate shrinks by sqrt(1 - p)."""

    def __init__(self, term: NoiseTerm) -> None:
        self._probability = 1 - contracted(1 - term.number("p"), term.strength, term.name)

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """See `NoiseSource`."""
        if not instruction.is_physical_gate:
            return ()
        count = len(instruction.qubits)
        return tuple(
            stage
            for position in range(count)
            for stage in phase_damping_stages(count, position, self._probability)
        )

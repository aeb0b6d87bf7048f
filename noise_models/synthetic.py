"""Synthetic incoherent errors of gates and waits.

They act on every gate of the target that is physical (virtual frame changes are exact), and
relaxation on resets and waits too.
"""

from noise_models.elements import CalibratedInstruction
from noise_models.mechanisms import (
    accelerated,
    amplitude_damping_stages,
    contracted,
    depolarizing_stages,
    phase_damping_stages,
    relaxation_stages,
)
from noise_models.source import NoiseSource
from noise_models.stages import Stages


class Depolarizing(NoiseSource):
    """With probability p the maximally mixed state of the gate's qubits."""

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if not instruction.is_physical_gate:
            return ()
        qubits = len(instruction.qubits)
        probability = self.term.number(f"p{qubits}")
        strength = self.strength(instruction.qubits)
        return depolarizing_stages(qubits, probability, strength, "depolarizing")


class Relaxation(NoiseSource):
    """T1 and T2 decay for the duration of everything, towards a population of |1>."""

    acts_in_waits = True

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if instruction.is_virtual or not instruction.duration:
            return ()
        return self._relaxed(instruction.qubits, instruction.duration)

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits for a duration in seconds."""
        return self._relaxed((qubit,), duration)

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration that this term needs an instruction lacks, None if none."""
        return instruction.missing_duration

    def relaxation_rates(self, qubit: int) -> tuple[float, float]:
        """Return 1/T1 and 1/T2 (1/s) as they act in this term."""
        strength = self.strength((qubit,))
        return strength / self.term.number("t1"), strength / self.term.number("t2")

    def flip_rates(self, qubit: int) -> tuple[float, float]:
        """Return the rates (1/s) at which a waiting qubit decays to |0>, is excited to |1>."""
        rate, _ = self.relaxation_rates(qubit)
        population = self.term.number("population")
        return rate * (1 - population), rate * population

    def _relaxed(self, qubits: tuple[int, ...], duration: float) -> Stages:
        given = self.term.number("t1"), self.term.number("t2")
        times = [accelerated(given, self.factors("error", (qubit,))) for qubit in qubits]
        population = self.term.number("population")
        return relaxation_stages(times, self.term.strength * duration, population)


class AmplitudeDamping(NoiseSource):
    """Each qubit of a gate decays from |1> to |0> with probability p."""

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if not instruction.is_physical_gate:
            return ()
        strength = self.strength(instruction.qubits)
        probability = 1 - contracted(1 - self.term.number("p"), strength, self.term.name)
        positions = range(len(instruction.qubits))
        return tuple(stage for p in positions for stage in amplitude_damping_stages(p, probability))


class PhaseDamping(NoiseSource):
    """The coherence of each qubit of a gate shrinks by sqrt(1 - p)."""

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if not instruction.is_physical_gate:
            return ()
        strength = self.strength(instruction.qubits)
        probability = 1 - contracted(1 - self.term.number("p"), strength, self.term.name)
        count = len(instruction.qubits)
        return tuple(
            stage
            for position in range(count)
            for stage in phase_damping_stages(count, position, probability)
        )

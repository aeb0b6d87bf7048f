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
from noise_models.source import GateNoise, TimedNoise
from noise_models.stages import Stages


class Depolarizing(GateNoise):
    """With probability p the maximally mixed state of the gate's qubits."""

    def after_gate(self, gate: CalibratedInstruction) -> Stages:
        """Return what acts after a physical gate."""
        qubits = len(gate.qubits)
        probability = self.term.number(f"p{qubits}")
        strength = self.strength(gate.qubits)
        return depolarizing_stages(qubits, probability, strength, "depolarizing")


class Relaxation(TimedNoise):
    """T1 and T2 decay for the duration of everything, towards a population of |1>."""

    def relaxation_rates(self, qubit: int) -> tuple[float, float]:
        """Return 1/T1 and 1/T2 (1/s) as they act in this term."""
        strength = self.strength((qubit,))
        return strength / self.term.number("t1"), strength / self.term.number("t2")

    def flip_rates(self, qubit: int) -> tuple[float, float]:
        """Return the rates (1/s) at which a waiting qubit decays to |0>, is excited to |1>."""
        rate, _ = self.relaxation_rates(qubit)
        population = self.term.number("population")
        return rate * (1 - population), rate * population

    def meanwhile(self, qubits: tuple[int, ...], duration: float) -> Stages:
        """Return what acts on each of some qubits in a duration in seconds."""
        given = self.term.number("t1"), self.term.number("t2")
        times = [accelerated(given, self.factors("error", (qubit,))) for qubit in qubits]
        population = self.term.number("population")
        return relaxation_stages(times, self.term.strength * duration, population)


class AmplitudeDamping(GateNoise):
    """Each qubit of a gate decays from |1> to |0> with probability p."""

    def after_gate(self, gate: CalibratedInstruction) -> Stages:
        """Return what acts after a physical gate."""
        strength = self.strength(gate.qubits)
        probability = 1 - contracted(1 - self.term.number("p"), strength, self.term.name)
        positions = range(len(gate.qubits))
        return tuple(stage for p in positions for stage in amplitude_damping_stages(p, probability))


class PhaseDamping(GateNoise):
    """The coherence of each qubit of a gate shrinks by sqrt(1 - p)."""

    def after_gate(self, gate: CalibratedInstruction) -> Stages:
        """Return what acts after a physical gate."""
        strength = self.strength(gate.qubits)
        probability = 1 - contracted(1 - self.term.number("p"), strength, self.term.name)
        count = len(gate.qubits)
        return tuple(
            stage
            for position in range(count)
            for stage in phase_damping_stages(count, position, probability)
        )

"""The noise of the synthetic terms.

They act on every gate of the target that is physical (virtual frame changes are exact), and
relaxation on resets and waits too; measurements have readout errors only.
"""

from noise_models.elements import CalibratedInstruction
from noise_models.mechanisms import (
    amplitude_damping_stages,
    contracted,
    depolarizing_stages,
    phase_damping_stages,
    readout_matrix,
    relaxation_stages,
)
from noise_models.overrotation import overrotation_stages
from noise_models.specification import NoiseTerm
from noise_models.stages import FloatArray, Stages


class SyntheticNoise:
    """A synthetic term: see `sources.NoiseSource`."""

    def __init__(self, term: NoiseTerm) -> None:
        self.name = term.name
        self.values = {key: float(value) for key, value in term.parameters}
        self.strength = term.strength

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        if instruction.is_virtual:
            return ()
        qubits, strength, values = len(instruction.qubits), self.strength, self.values
        if self.name == "relaxation":
            times = [(values["t1"], values["t2"])] * qubits
            duration = strength * (instruction.duration or 0.0)
            return relaxation_stages(times, duration) if duration else ()
        if not instruction.is_gate or self.name == "readout":
            return ()
        if self.name == "depolarizing":
            return depolarizing_stages(qubits, values[f"p{qubits}"], strength, "depolarizing")
        if self.name == "overrotation":
            return overrotation_stages(instruction.name, values["angle"] * strength)
        probability = 1 - contracted(1 - values["p"], strength, self.name)
        stages: Stages = ()
        for position in range(qubits):
            if self.name == "amplitude_damping":
                stages += amplitude_damping_stages(position, probability)
            else:
                stages += phase_damping_stages(qubits, position, probability)
        return stages

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits: relaxation does."""
        if self.name != "relaxation":
            return ()
        times = [(self.values["t1"], self.values["t2"])]
        return relaxation_stages(times, self.strength * duration)

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration an instruction lacks: relaxation needs durations."""
        lacks = instruction.duration is None and not instruction.is_virtual
        return "duration" if self.name == "relaxation" and lacks else None

    def readout(self, qubit: int) -> FloatArray | None:
        """Return the readout matrix, the same for every qubit; None if this term has none."""
        if self.name != "readout":
            return None
        p01, p10 = self.values["p01"], self.values["p10"]
        return readout_matrix(p01, p10, self.strength, f"readout(p01={p01:g}, p10={p10:g})")

    def relaxation_rates(self, qubit: int) -> tuple[float, float]:
        """Return 1/T1 and 1/T2 (1/s) as they act in this term."""
        if self.name != "relaxation":
            return 0.0, 0.0
        return self.strength / self.values["t1"], self.strength / self.values["t2"]

"""The noise of a device term, from the calibration in the target.

At strength 1 these are the channels of `qiskit_aer.noise.NoiseModel.from_backend` (temperature 0):
a gate's error is depolarizing, then T1 and T2 relaxation of its qubits for its duration, and the
depolarizing part is what the calibrated gate error has beyond the relaxation. T2 is cut to 2 T1. A
switched-off mechanism leaves out its factor and changes no other: `relaxation=off` keeps the
depolarizing part of the whole model, and the relaxation of waiting qubits, which `idle` switches.

Beyond Aer: waiting qubits relax where a circuit has delays, and a reset leaves |1> with the
probability of its calibrated error, where a target has one.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from noise_models.elements import CalibratedInstruction, CalibratedQubit
from noise_models.errors import NoiseError
from noise_models.factors import Factors, steady
from noise_models.mechanisms import (
    accelerated,
    depolarizing_stages,
    readout_matrix,
    relaxation_infidelity,
    relaxation_stages,
    reset_error_stages,
)
from noise_models.source import NoiseSource
from noise_models.specification import NoiseTerm
from noise_models.stages import Stages


class DeviceNoise(NoiseSource):
    """The calibrated noise of the device."""

    def __init__(
        self, term: NoiseTerm, qubits: Mapping[int, CalibratedQubit], factors: Factors = steady
    ) -> None:
        super().__init__(term, factors)
        switches = dict(term.parameters)
        self.gate_on, self.relaxation_on, self.readout_on, self.idle_on = (
            bool(switches.get(name, True)) for name in ("gate", "relaxation", "readout", "idle")
        )
        self.acts_in_waits = self.idle_on
        self.qubits = qubits

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""
        times = [self._times(qubit) for qubit in instruction.qubits]
        duration = instruction.duration or 0.0
        stages: Stages = ()
        strength = self.strength(instruction.qubits)
        if self.gate_on and instruction.is_gate and instruction.error:
            probability = depolarizing_probability(instruction.error, times, duration)
            what = f"the gate error {instruction.error:g}"
            stages += depolarizing_stages(len(times), probability, strength, what)
        if self.gate_on and instruction.name == "reset" and instruction.error:
            stages += reset_error_stages(instruction.error, strength)
        if self.relaxation_on and duration:
            stages += self._relaxed(instruction.qubits, duration)
        return stages

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits."""
        if not self.idle_on:
            return ()
        if self._times(qubit) == (math.inf, math.inf):
            raise NoiseError("the device's calibration lacks its T1 and T2")
        return self._relaxed((qubit,), duration)

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration an instruction lacks, None if it has all that this term needs.

        Unknown durations, T1 and T2 only count where no gate error is known: it includes the
        relaxation, also where it is 0.
        """
        if instruction.is_virtual:
            return None
        needs_error = self.gate_on and instruction.is_gate
        if needs_error and instruction.error is None:
            return "gate error"
        if not self.relaxation_on or needs_error:
            return None
        if instruction.duration is None:
            return "duration"
        unknown = all(self._times(q) == (math.inf, math.inf) for q in instruction.qubits)
        return "T1 and T2" if instruction.duration and unknown else None

    def readout(self, qubit: int) -> NDArray[np.float64] | None:
        """Return the readout matrix of a qubit, None if this term has none."""
        if not self.readout_on:
            return None
        p01, p10 = self.qubits[qubit].readout_p01, self.qubits[qubit].readout_p10
        if p01 is None or p10 is None:
            raise NoiseError("the device's calibration lacks its readout error")
        strength = self.strength((qubit,), "readout")
        return readout_matrix(p01, p10, strength, f"the readout error {(p01 + p10) / 2:g}")

    def relaxation_rates(self, qubit: int) -> tuple[float, float]:
        """Return 1/T1 and 1/T2 (1/s) as they act in this term."""
        if not (self.relaxation_on or self.idle_on):
            return 0.0, 0.0
        t1, t2 = self._times(qubit)
        strength = self.strength((qubit,))
        return strength / t1, strength / t2

    def flip_rates(self, qubit: int) -> tuple[float, float]:
        """Return the rates (1/s) at which a waiting qubit decays to |0>, is excited to |1>."""
        return self.relaxation_rates(qubit)[0] if self.idle_on else 0.0, 0.0

    def _relaxed(self, qubits: tuple[int, ...], duration: float) -> Stages:
        times = [accelerated(self._times(q), self.factors("error", (q,))) for q in qubits]
        return relaxation_stages(times, self.term.strength * duration)

    def _times(self, qubit: int) -> tuple[float, float]:
        t1 = self.qubits[qubit].t1 or math.inf
        t2 = self.qubits[qubit].t2 or math.inf
        return t1, min(t2, 2 * t1)


def depolarizing_probability(
    error: float, times: list[tuple[float, float]], duration: float
) -> float:
    """Return the depolarizing probability that, before the relaxation, makes the gate error.

    p = d (F_relax - F) / (d F_relax - 1) with F = 1 - error and d = 2**qubits; 0 if the relaxation
    alone is at least as bad; at most d^2 / (d^2 - 1). (As in `qiskit_aer.noise.device.models`.)
    """
    d = 1 << len(times)
    infidelity = relaxation_infidelity(times, duration)
    if error <= infidelity:
        return 0.0
    error = min(error, d / (d + 1))
    greatest = d**2 / (d**2 - 1)
    return min(d * (error - infidelity) / (d * (1 - infidelity) - 1), greatest)

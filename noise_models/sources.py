"""What every noise term can answer about a device's elements."""

from collections.abc import Mapping
from typing import Protocol

from noise_models.device import DeviceNoise
from noise_models.elements import CalibratedInstruction, QubitCalibration
from noise_models.specification import NoiseSpecification
from noise_models.stages import FloatArray, Stages
from noise_models.synthetic import SyntheticNoise


class NoiseSource(Protocol):
    """One term of a specification at its strength.

    `gate_stages`, `waiting` and `readout` raise `NoiseError` where one element has no such error:
    its strength has no channel, or its calibration is missing.
    """

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages:
        """Return what acts after an instruction."""

    def waiting(self, qubit: int, duration: float) -> Stages:
        """Return what acts on a qubit that waits for a duration in seconds."""

    def missing(self, instruction: CalibratedInstruction) -> str | None:
        """Return which calibration that this term needs an instruction lacks, None if none."""

    def readout(self, qubit: int) -> FloatArray | None:
        """Return the readout matrix of a qubit, None if this term has none."""

    def relaxation_rates(self, qubit: int) -> tuple[float, float]:
        """Return 1/T1 and 1/T2 (1/s) as they act in this term."""


def noise_sources(
    specification: NoiseSpecification, qubits: Mapping[int, QubitCalibration]
) -> list[NoiseSource]:
    """Return the terms that do something, in order; terms of strength 0 do nothing."""
    return [
        DeviceNoise(term, qubits) if term.is_device else SyntheticNoise(term)
        for term in specification.active_terms
    ]

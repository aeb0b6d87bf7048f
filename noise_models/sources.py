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

    `gate_stages` and `readout` raise `NoiseError` where the strength has no channel or the
    calibration is missing, for that element alone.
    """

    def gate_stages(self, instruction: CalibratedInstruction) -> Stages: ...  # noqa: D102

    def missing(self, instruction: CalibratedInstruction) -> str | None: ...  # noqa: D102

    def readout(self, qubit: int) -> FloatArray | None: ...  # noqa: D102

    def relaxation_rates(self, qubit: int) -> tuple[float, float]: ...  # noqa: D102


def noise_sources(
    specification: NoiseSpecification, qubits: Mapping[int, QubitCalibration]
) -> list[NoiseSource]:
    """Return the terms that do something, in order; terms of strength 0 do nothing."""
    return [
        DeviceNoise(term, qubits) if term.is_device else SyntheticNoise(term)
        for term in specification.active_terms
    ]

"""From the terms of a specification to what they do."""

from collections.abc import Mapping

from noise_models.coherent import Coupling, Detuning, Overrotation, Phase
from noise_models.device import DeviceNoise
from noise_models.elements import CalibratedQubit
from noise_models.errors import NoiseError
from noise_models.factors import Factors, steady
from noise_models.outcomes import CorrelatedReadout, Leakage, Readout
from noise_models.pauli_lindblad import PauliLindblad
from noise_models.source import NoiseSource
from noise_models.specification import NoiseSpecification
from noise_models.synthetic import AmplitudeDamping, Depolarizing, PhaseDamping, Relaxation

_SYNTHETIC: Mapping[str, type[NoiseSource]] = {
    "depolarizing": Depolarizing,
    "relaxation": Relaxation,
    "amplitude_damping": AmplitudeDamping,
    "phase_damping": PhaseDamping,
    "overrotation": Overrotation,
    "phase": Phase,
    "detuning": Detuning,
    "zz": Coupling,
    "readout": Readout,
    "correlated_readout": CorrelatedReadout,
    "leakage": Leakage,
}


def noise_sources(
    specification: NoiseSpecification,
    qubits: Mapping[int, CalibratedQubit],
    num_qubits: int,
    factors: Factors = steady,
) -> list[NoiseSource]:
    """Return the terms that do something, in order; terms of strength 0 do nothing.

    Args:
        specification: The terms.
        qubits: The calibration of the qubits in use.
        num_qubits: Of the device.
        factors: What the strengths are multiplied by, element by element.

    Raises:
        NoiseError: A file of the specification that cannot be read; a drift, which has no
            channels of its own but factors for the other terms (`drift.Drift`).
    """
    sources: list[NoiseSource] = []
    for term in specification.active_terms:
        if term.name == "drift":
            raise NoiseError(f"noise {specification}: found a drift, expected one block of it")
        if term.is_device:
            sources.append(DeviceNoise(term, qubits, factors))
        elif term.name == "pauli_lindblad":
            sources.append(PauliLindblad(term, num_qubits, factors))
        else:
            sources.append(_SYNTHETIC[term.name](term, factors))
    return sources

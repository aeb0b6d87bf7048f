"""Where a neuron sits on a device, and how wrong its outcome is expected to be there."""

from collections.abc import Mapping
from dataclasses import dataclass

from transpile.activation_step import is_projective
from transpile.calibration import Calibration, CouplingCalibration

ANCILLA_GATES = {"rzz": 2, "cz": 3, "ecr": 5, "cx": 3}
"""Physical single-qubit gates beside a coupling, most of them on the ancilla."""


@dataclass(frozen=True)
class Site:
    """The physical qubit of a neuron and, for a weak measurement, that of its ancilla."""

    neuron: int
    ancilla: int | None = None

    @property
    def measured(self) -> int:
        """The physical qubit that is measured."""
        return self.neuron if self.ancilla is None else self.ancilla

    @property
    def qubits(self) -> tuple[int, ...]:
        """The physical qubits in use."""
        return (self.neuron,) if self.ancilla is None else (self.neuron, self.ancilla)

    def __str__(self) -> str:
        return ":".join(str(qubit) for qubit in self.qubits)


def site_error(calibration: Calibration, site: Site) -> float:
    """Expected error of one activation step on a fault-free site, a probability.

    Independent errors are combined: rotation, ancilla gates, coupling, readout, and the
    relaxation of each qubit up to the measurement. A calibrated gate error contains part of the
    relaxation, so this is a slight overestimate; it serves to compare sites.
    """
    neuron = calibration.qubits[site.neuron]
    rotation = calibration.rotation_gates
    success = (1 - neuron.gate_error) ** rotation
    duration = rotation * neuron.gate_duration
    if site.ancilla is None:
        return 1 - success * (1 - neuron.readout_error) * (1 - neuron.relaxation_error(duration))

    ancilla = calibration.qubits[site.ancilla]
    coupling = calibration.couplings[pair_key(site.neuron, site.ancilla)]
    uses = 1 if coupling.gate == "rzz" else 2
    gates = ANCILLA_GATES[coupling.gate]
    duration = max(duration, ancilla.gate_duration) + uses * coupling.duration
    duration += (gates - 1) * ancilla.gate_duration
    success *= (1 - ancilla.gate_error) ** gates * (1 - coupling.error) ** uses
    success *= 1 - ancilla.readout_error
    for qubit in (neuron, ancilla):
        success *= 1 - qubit.relaxation_error(duration)
    return 1 - success


def site_cost(calibration: Calibration, site: Site) -> float:
    """The expected error of a site, by which sites are chosen.

    Those of which the device does not say what it says of others come after all others: what is
    added exceeds the sum of the errors of all sites.
    """
    lacks = any(calibration.qubits[qubit].lacks for qubit in site.qubits)
    if site.ancilla is not None:
        lacks = lacks or _lacks(calibration.couplings, site.neuron, site.ancilla)
    return site_error(calibration, site) + lacks * len(calibration.qubits)


def couple_cost(calibration: Calibration, first: Site, second: Site) -> float:
    """Sum of the costs of two neurons that share one inserted two-qubit gate pair."""
    shared = calibration.pair_couplings[pair_key(first.neuron, second.neuron)]
    lacks = _lacks(calibration.pair_couplings, first.neuron, second.neuron)
    errors = sum(_with_gate_pair(site_error(calibration, s), shared) for s in (first, second))
    gaps = sum(site_cost(calibration, s) - site_error(calibration, s) for s in (first, second))
    return errors + gaps + lacks * len(calibration.qubits)


def _lacks(couplings: Mapping[tuple[int, int], CouplingCalibration], a: int, b: int) -> bool:
    return bool(couplings[pair_key(a, b)].lacks)


def _with_gate_pair(error: float, shared: CouplingCalibration) -> float:
    return 1 - (1 - error) * (1 - shared.error) ** 2


def pair_key(a: int, b: int) -> tuple[int, int]:
    """The two qubits in ascending order."""
    return (min(a, b), max(a, b))


def single_sites(calibration: Calibration, entanglement: float) -> list[tuple[float, Site]]:
    """Every site for one neuron with its cost; of two roles in a pair the better one."""
    if is_projective(entanglement):
        sites = [Site(qubit) for qubit in calibration.usable]
        return [(site_cost(calibration, site), site) for site in sites]
    return [
        min(
            ((site_cost(calibration, site), site) for site in (Site(a, b), Site(b, a))),
            key=lambda scored: (scored[0], scored[1].neuron),
        )
        for a, b in sorted(calibration.couplings)
    ]

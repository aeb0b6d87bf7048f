"""Where a neuron sits on a device, and how wrong its outcome is expected to be there."""

import math
from collections.abc import Mapping

from transpile.calibration import Calibration, CouplingCalibration
from transpile.groups import Group, pair_key

ANCILLA_GATES = {"rzz": 2, "cz": 3, "ecr": 5, "cx": 3}
"""Physical single-qubit gates beside a coupling, most of them on the ancilla."""


def site_error(calibration: Calibration, site: Group) -> float:
    """Expected error of one activation step on a fault-free site, a probability.

    Independent errors are combined: rotation, ancilla gates, coupling, readout, and the
    relaxation of each qubit up to the measurement. A calibrated gate error contains part of the
    relaxation, so this is a slight overestimate; it serves to compare sites.
    """
    neuron = calibration.qubits[site.neurons[0]]
    rotation = calibration.rotation_gates
    success = (1 - neuron.gate_error) ** rotation
    duration = rotation * neuron.gate_duration
    if not site.ancillas:
        return 1 - success * (1 - neuron.readout_error) * (1 - neuron.relaxation_error(duration))

    ancilla = calibration.qubits[site.ancillas[0]]
    coupling = calibration.couplings[pair_key(*site.qubits)]
    uses = 1 if coupling.gate == "rzz" else 2
    gates = ANCILLA_GATES[coupling.gate]
    duration = max(duration, ancilla.gate_duration) + uses * coupling.duration
    duration += (gates - 1) * ancilla.gate_duration
    success *= (1 - ancilla.gate_error) ** gates * (1 - coupling.error) ** uses
    success *= 1 - ancilla.readout_error
    for qubit in (neuron, ancilla):
        success *= 1 - qubit.relaxation_error(duration)
    return 1 - success


def site_cost(calibration: Calibration, site: Group) -> float:
    """The expected error of a site, by which sites are chosen.

    Those of which the device does not say what it says of others come after all others: what is
    added exceeds the sum of the errors of all sites.
    """
    lacks = any(calibration.qubits[qubit].lacks for qubit in site.qubits)
    if site.ancillas:
        lacks = lacks or _lacks(calibration.couplings, *site.qubits)
    return site_error(calibration, site) + lacks * len(calibration.qubits)


def group_cost(calibration: Calibration, group: Group) -> float:
    """Sum of the costs of neurons that share inserted two-qubit gate pairs, one a coupling."""
    cost = sum(site_cost(calibration, site) for site in group.sites)
    for site in group.sites:
        right = 1 - site_error(calibration, site)
        shared = [pair for pair in group.couplings if site.neurons[0] in pair]
        kept = math.prod((1 - calibration.pair_couplings[pair_key(*p)].error) ** 2 for p in shared)
        cost += right * (1 - kept)
    lacks = any(_lacks(calibration.pair_couplings, *pair) for pair in group.couplings)
    return cost + lacks * len(calibration.qubits)


def _lacks(couplings: Mapping[tuple[int, int], CouplingCalibration], a: int, b: int) -> bool:
    return bool(couplings[pair_key(a, b)].lacks)

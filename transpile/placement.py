"""Explicit placement: qubits that the user names, checked against the device."""

import re
from collections.abc import Sequence

import numpy as np
from qiskit.transpiler import Target

from transpile.activation_step import is_projective
from transpile.calibration import Calibration, read_calibration
from transpile.errors import TranspileError
from transpile.groups import Group, pair_key, parse_site
from transpile.measurement import MEASURE


def parse_sites(
    text: str,
    target: Target,
    entanglement: float | Sequence[float],
    count: int | None = None,
    measurement: str = MEASURE,
) -> tuple[Group, ...]:
    """Parse "3,4,5" (neurons) or, for an entanglement angle below pi/2, "3:4,7:8" (neuron:ancilla).

    Args:
        text: The list.
        target: The device.
        entanglement: The angle g, one for all sites or one for each.
        count: How many sites are expected, if known.
        measurement: The instruction that measures.

    Raises:
        TranspileError: For text of another form, qubits that the device lacks, that are named twice
            or faulty, pairs that are not coupled, or another number of sites.
    """
    number = r"\d{1,9}"
    projective = {is_projective(angle) for angle in np.atleast_1d(entanglement)}
    if projective == {True}:
        pattern, form = number, "3,4,5"
    elif projective == {False}:
        pattern, form = f"{number}:{number}", "3:4,7:8 (neuron:ancilla)"
    else:
        pattern, form = f"{number}(:{number})?", "3:4,7:8,5 (neuron:ancilla or neuron)"
    sites = []
    for part in text.split(","):
        if not re.fullmatch(pattern, part.strip(), re.ASCII):
            raise TranspileError(f"qubits: expected {form}, got {text!r}")
        sites.append(parse_site(part))
    count = count if isinstance(entanglement, int | float) else len(entanglement)
    if count is not None and len(sites) != count:
        raise TranspileError(f"qubits: expected {count} sites, got {len(sites)}")
    check_groups(sites, target, entanglement, measurement)
    return tuple(sites)


def check_groups(
    groups: Sequence[Group],
    target: Target,
    entanglement: float | Sequence[float],
    measurement: str = MEASURE,
) -> None:
    """Check groups of neurons against the device.

    Qubits that `measurement`, the instruction that measures, does not work on are faulty.

    Args:
        groups: The groups.
        target: The device.
        entanglement: The angle g, one for all groups or one for each.
        measurement: The instruction that measures.

    Raises:
        TranspileError: As `parse_sites` does, and for couplings of a group that are faulty.
    """
    calibration = read_calibration(target, measurement)
    used: set[int] = set()
    for group, angle in zip(groups, np.broadcast_to(entanglement, len(groups)), strict=True):
        if bool(group.ancillas) == is_projective(angle):
            expected = "no ancilla" if is_projective(angle) else "neuron:ancilla"
            raise TranspileError(f"qubits: expected {expected}, got {group}")
        for qubit in group.qubits:
            _check_qubit(calibration, qubit)
            if qubit in used:
                raise TranspileError(f"qubits: {qubit} is named twice")
            used.add(qubit)
        for pair in zip(group.neurons, group.ancillas, strict=bool(group.ancillas)):
            _check_coupled(calibration, *pair)
    for pair in (pair for group in groups for pair in group.couplings):
        _check_coupled(calibration, *pair)


def _check_qubit(calibration: Calibration, qubit: int) -> None:
    n = len(calibration.qubits)
    if not 0 <= qubit < n:
        raise TranspileError(f"qubits: expected 0 to {n - 1}, got {qubit}")
    if fault := calibration.qubits[qubit].fault:
        raise TranspileError(f"qubits: {qubit} is faulty ({fault})")


def _check_coupled(calibration: Calibration, a: int, b: int) -> None:
    pair = pair_key(a, b)
    if pair not in calibration.coupled:
        partners = sorted(q for p in calibration.coupled if a in p for q in p if q != a)
        raise TranspileError(
            f"qubits: {a} and {b} are not coupled; {a} is coupled to "
            f"{', '.join(map(str, partners)) or 'none'}"
        )
    if pair not in calibration.couplings:
        raise TranspileError(f"qubits: the coupling of {a} and {b} is faulty")

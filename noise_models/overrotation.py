"""Coherent over-rotation: each gate turns a fixed angle too far about its own axis."""

import math
from collections.abc import Mapping

import numpy as np
from qiskit.circuit import Gate
from qiskit.circuit.library import (
    CPhaseGate,
    RXGate,
    RXXGate,
    RYGate,
    RYYGate,
    RZGate,
    RZXGate,
    RZZGate,
)

from noise_models.errors import NoiseError
from noise_models.stages import ComplexArray, Kraus, Stages

# For each gate the rotation about its axis, and the sense in which the gate turns.
AXES: Mapping[str, tuple[type[Gate], int]] = {
    "x": (RXGate, 1),
    "sx": (RXGate, 1),
    "sxdg": (RXGate, -1),
    "rx": (RXGate, 1),
    "y": (RYGate, 1),
    "ry": (RYGate, 1),
    "z": (RZGate, 1),
    "rz": (RZGate, 1),
    "cz": (CPhaseGate, 1),  # CZ = CP(pi)
    "cp": (CPhaseGate, 1),
    "rzz": (RZZGate, 1),
    "rxx": (RXXGate, 1),
    "ryy": (RYYGate, 1),
    "rzx": (RZXGate, 1),
    "ecr": (RZXGate, -1),  # ECR = (X on the first qubit) RZX(pi/2), and X RZX(a) = RZX(-a) X
}


def overrotation_unitary(name: str, angle: float) -> ComplexArray:
    """Return the unitary that follows a gate which turns `angle` radians too far.

    x, sx, rx: RX(angle), whatever the angle of the rx; rzz: RZZ(angle); cz: CP(angle), for
    CZ = CP(pi); ecr: RZX(-angle), so that X RZX(pi/2) becomes X RZX(pi/2 + angle); cx: the
    controlled phase in the X basis of its target.

    Raises:
        NoiseError: A gate whose axis is not defined here.
    """
    if name == "cx":  # H CZ H on the target (the second qubit)
        hadamard = np.kron(np.array([[1, 1], [1, -1]]) / math.sqrt(2), np.eye(2))
        return hadamard @ overrotation_unitary("cz", angle) @ hadamard
    if name not in AXES:
        raise NoiseError(f"overrotation has no axis for the gate {name}")
    rotation, sense = AXES[name]
    return np.array(rotation(sense * angle).to_matrix(), dtype=complex)


def overrotation_stages(name: str, angle: float) -> Stages:
    """Return the over-rotation as stages; the idle gate has no axis and none."""
    if not angle or name == "id":
        return ()
    unitary = overrotation_unitary(name, angle)
    return (Kraus(unitary[None], tuple(range(len(unitary).bit_length() - 1))),)

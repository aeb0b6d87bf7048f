"""What a target's calibration says about its qubits and couplings, and which of them are faulty."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from qiskit.transpiler import InstructionProperties, Target

from transpile.errors import TranspileError
from transpile.gate_pairs import SELF_INVERSE
from transpile.measurement import MEASURE


@dataclass(frozen=True)
class QubitCalibration:
    """Calibrated errors and times (seconds) of a qubit; `fault` is "" where it can be used."""

    readout_error: float
    gate_error: float
    gate_duration: float
    t1: float
    t2: float
    fault: str

    def relaxation_error(self, duration: float) -> float:
        """Average infidelity of idling for `duration` seconds under T1 and T2."""
        return relaxation_error(self.t1, self.t2, duration)


@dataclass(frozen=True)
class CouplingCalibration:
    """Calibrated error and duration (seconds) of the two-qubit gate of a coupled pair."""

    gate: str
    error: float
    duration: float


@dataclass(frozen=True)
class Calibration:
    """The calibration of a target.

    Attributes:
        rotation_gates: Physical gates of one RY: one "rx", or two "sx".
        qubits: Of every qubit, faulty ones too, by its index.
        coupled: The pairs (a, b), a < b, that have a two-qubit gate, faulty or not.
        couplings: (a, b) with a < b -> the native RZZ, or else the CZ/ECR/CX, that couples neuron
            and ancilla; only fault-free pairs of fault-free qubits.
        pair_couplings: The same for the CZ/ECR/CX of inserted gate pairs.
    """

    rotation_gates: int
    qubits: tuple[QubitCalibration, ...]
    coupled: frozenset[tuple[int, int]]
    couplings: Mapping[tuple[int, int], CouplingCalibration]
    pair_couplings: Mapping[tuple[int, int], CouplingCalibration]

    @property
    def usable(self) -> list[int]:
        """The qubits without a fault."""
        return [q for q, calibration in enumerate(self.qubits) if not calibration.fault]


def relaxation_error(t1: float, t2: float, duration: float) -> float:
    """Average infidelity of relaxation: 1/2 - exp(-t/T1)/6 - exp(-t/T2)/3 (all in seconds)."""
    return 0.5 - math.exp(-duration / t1) / 6 - math.exp(-duration / t2) / 3


def read_calibration(target: Target, measurement: str = MEASURE) -> Calibration:
    """Read a target's calibration; raise TranspileError where it has neither rx nor sx gates.

    Args:
        target: The device.
        measurement: The instruction whose readout errors are taken.
    """
    names = set(target.operation_names)
    rotation = "rx" if "rx" in names else "sx"
    if rotation not in names or measurement not in names:
        raise TranspileError(
            f"target: expected {measurement} and sx or rx, got {', '.join(sorted(names))}"
        )
    if not target.num_qubits:
        raise TranspileError("target: expected a device with a number of qubits")
    qubits = tuple(_qubit(target, rotation, measurement, q) for q in range(target.num_qubits))
    coupled: set[tuple[int, int]] = set()
    self_inverse = _couplings(target, SELF_INVERSE, qubits, coupled)
    fractional = _couplings(target, ("rzz",), qubits, coupled)
    return Calibration(
        rotation_gates=1 if rotation == "rx" else 2,
        qubits=qubits,
        coupled=frozenset(coupled),
        couplings={**self_inverse, **fractional},
        pair_couplings=self_inverse,
    )


def _qubit(target: Target, rotation: str, measurement: str, q: int) -> QubitCalibration:
    properties = target.qubit_properties[q] if target.qubit_properties else None
    t1 = getattr(properties, "t1", None) or 0.0
    t2 = getattr(properties, "t2", None) or 0.0
    gate, measure = (target[name].get((q,)) for name in (rotation, measurement))
    fault = (
        ("" if t1 > 0 else "no T1")
        or ("" if t2 > 0 else "no T2")
        or _fault(rotation, gate, 1.0)
        or _fault(measurement, measure, 0.5)
    )
    if fault:
        return QubitCalibration(1.0, 1.0, 0.0, t1, t2, fault)
    return QubitCalibration(measure.error, gate.error, gate.duration, t1, t2, "")


def _fault(name: str, properties: InstructionProperties | None, limit: float) -> str:
    if properties is None or properties.error is None:
        return f"no calibrated {name} error"
    if not properties.error < limit:
        return f"{name} error {properties.error:g}"
    if not properties.duration:
        return f"no {name} duration"
    return ""


def _couplings(
    target: Target,
    gates: tuple[str, ...],
    qubits: tuple[QubitCalibration, ...],
    coupled: set[tuple[int, int]],
) -> dict[tuple[int, int], CouplingCalibration]:
    """The best fault-free gate of each pair; `coupled` collects all pairs, faulty ones too."""
    best: dict[tuple[int, int], CouplingCalibration] = {}
    for gate in gates:
        if gate not in target.operation_names:
            continue
        # A gate that a target has on all qubits alike is listed under None, without a calibration.
        for (a, b), properties in ((k, v) for k, v in target[gate].items() if k is not None):
            pair = (min(a, b), max(a, b))
            coupled.add(pair)
            if qubits[a].fault or qubits[b].fault or _fault(gate, properties, 1.0):
                continue
            if pair not in best or properties.error < best[pair].error:
                best[pair] = CouplingCalibration(gate, properties.error, properties.duration)
    return best

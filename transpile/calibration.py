"""What a target's calibration says about its qubits and couplings, and which of them are faulty.

What it does not say is unknown, not faulty.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from qiskit.transpiler import InstructionProperties, Target

from transpile.errors import TranspileError
from transpile.gate_pairs import SELF_INVERSE
from transpile.measurement import MEASURE

ROTATIONS = {"rx": 1, "sx": 2, "ry": 1, "r": 1, "u": 1, "u3": 1}
"""Physical gates of which a rotation is made, the first that a target has; how many it takes."""


@dataclass(frozen=True)
class QubitCalibration:
    """Calibrated errors and times (seconds) of a qubit.

    What the target says of other qubits and not of this one counts by the worst value that it says;
    what it says of none costs nothing: no error, no duration, T1 and T2 infinite.

    Attributes:
        fault: Why it cannot be used, or "".
        lacks: What the target says of other qubits alone.
    """

    readout_error: float
    gate_error: float
    gate_duration: float
    t1: float
    t2: float
    fault: str
    lacks: tuple[str, ...] = ()

    def relaxation_error(self, duration: float) -> float:
        """Average infidelity of idling for `duration` seconds under T1 and T2."""
        return relaxation_error(self.t1, self.t2, duration)


@dataclass(frozen=True)
class CouplingCalibration:
    """Calibrated error and duration (seconds) of the two-qubit gate of a coupled pair.

    What the target does not say counts as in `QubitCalibration`.
    """

    gate: str
    error: float
    duration: float
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """The calibration of a target.

    Attributes:
        rotation_gates: Physical gates of one RY, such as one "rx" or two "sx".
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
    """Read a target's calibration; raise TranspileError where it has none of `ROTATIONS`.

    Args:
        target: The device.
        measurement: The instruction whose readout errors are taken.
    """
    names = set(target.operation_names)
    rotation = next((name for name in ROTATIONS if name in names), None)
    if rotation is None or measurement not in names:
        raise TranspileError(
            f"target: expected {measurement} and one of {', '.join(ROTATIONS)}, got "
            f"{', '.join(sorted(names))}"
        )
    if not target.num_qubits:
        raise TranspileError("target: expected a device with a number of qubits")
    qubits = tuple(_qubits(target, rotation, measurement))
    coupled: set[tuple[int, int]] = set()
    self_inverse = _couplings(target, SELF_INVERSE, qubits, coupled)
    fractional = _couplings(target, ("rzz",), qubits, coupled)
    return Calibration(
        rotation_gates=ROTATIONS[rotation],
        qubits=qubits,
        coupled=frozenset(coupled),
        couplings={**self_inverse, **fractional},
        pair_couplings=self_inverse,
    )


@dataclass(frozen=True)
class _Entry:
    """What a target says of one instruction on certain qubits, None where it says nothing."""

    error: float | None
    duration: float | None
    fault: str


def _entry(target: Target, name: str, qubits: tuple[int, ...], limit: float) -> _Entry:
    """Read an instruction; errors of `limit` and above are faults."""
    if not target.instruction_supported(name, qubits):
        return _Entry(None, None, f"no {name}")
    properties = target[name].get(qubits) or InstructionProperties()
    error = None if properties.error is None or math.isnan(properties.error) else properties.error
    fault = "" if error is None or error < limit else f"{name} error {error:g}"
    return _Entry(error, properties.duration or None, fault)


def _qubits(target: Target, rotation: str, measurement: str) -> Iterator[QubitCalibration]:
    numbers = range(target.num_qubits)
    gates = [_entry(target, rotation, (q,), 1.0) for q in numbers]
    measures = [_entry(target, measurement, (q,), 0.5) for q in numbers]
    faults = [gate.fault or measure.fault for gate, measure in zip(gates, measures, strict=True)]
    properties = target.qubit_properties or [None] * target.num_qubits
    t1, t2 = ([_time(getattr(each, name, None)) for each in properties] for name in ("t1", "t2"))
    used = [not fault for fault in faults]
    filled = {
        "T1": _filled(t1, used, min, math.inf),
        "T2": _filled(t2, used, min, math.inf),
        f"{rotation} error": _filled([each.error for each in gates], used, max, 0.0),
        f"{rotation} duration": _filled([each.duration for each in gates], used, max, 0.0),
        f"{measurement} error": _filled([each.error for each in measures], used, max, 0.0),
    }
    for q, fault in enumerate(faults):
        values = {name: value[q] for name, (value, _) in filled.items()}
        lacks = tuple(name for name, (_, lacking) in filled.items() if lacking[q])
        times = values["T1"], min(values["T2"], 2 * values["T1"] if t2[q] is None else math.inf)
        if fault:
            yield QubitCalibration(1.0, 1.0, 0.0, *times, fault)
        else:
            gate = values[f"{rotation} error"], values[f"{rotation} duration"]
            yield QubitCalibration(values[f"{measurement} error"], *gate, *times, "", lacks)


def _time(seconds: float | None) -> float | None:
    return seconds if seconds is not None and seconds > 0 else None


def _filled(
    values: Sequence[float | None],
    used: Sequence[bool],
    worst: Callable[[list[float]], float],
    unknown: float,
) -> tuple[list[float], list[bool]]:
    """Fill gaps with the worst value of what is used, or with `unknown`; where it is the former."""
    known = [value for value, use in zip(values, used, strict=True) if use and value is not None]
    gap = worst(known) if known else unknown
    lacking = [bool(known) and value is None for value in values]
    return [gap if value is None else value for value in values], lacking


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
        pairs = gate_pairs(target, gate)
        coupled.update((min(pair), max(pair)) for pair in pairs)
        entries = [_entry(target, gate, pair, 1.0) for pair in pairs]
        used = [
            not (entry.fault or qubits[a].fault or qubits[b].fault)
            for (a, b), entry in zip(pairs, entries, strict=True)
        ]
        errors, no_error = _filled([entry.error for entry in entries], used, max, 0.0)
        durations, no_duration = _filled([entry.duration for entry in entries], used, max, 0.0)
        for k, (a, b) in enumerate(pairs):
            lacks = (f"{gate} error",) * no_error[k] + (f"{gate} duration",) * no_duration[k]
            found = CouplingCalibration(gate, errors[k], durations[k], lacks)
            pair = (min(a, b), max(a, b))
            if used[k] and (pair not in best or _rank(found) < _rank(best[pair])):
                best[pair] = found
    return best


def gate_pairs(target: Target, gate: str) -> list[tuple[int, int]]:
    """The pairs of qubits, in the gate's order, on which a target has a two-qubit gate.

    A gate that it has on all qubits alike is listed under None.
    """
    if None in target[gate]:
        return list(permutations(range(target.num_qubits), 2))
    return list(target[gate])


def _rank(coupling: CouplingCalibration) -> tuple[bool, float]:
    return bool(coupling.lacks), coupling.error

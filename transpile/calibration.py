"""What a target's calibration says about its qubits and couplings, and which of them are faulty.

What it does not say is unknown, not faulty.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from qiskit.transpiler import InstructionProperties, Target

from transpile.errors import TranspileError
from transpile.gate_pairs import OTHERS, SELF_INVERSE
from transpile.groups import Group, pair_key
from transpile.measurement import MEASURE
from transpile.native import COUPLINGS, FIXED

ROTATIONS = ("rx", "sx", "ry", "r", "u", "u3", "gpi2")
"""Physical gates of which a rotation is made, the first that a target has."""


@dataclass(frozen=True)
class QubitCalibration:
    """What the calibration of a qubit is worth.

    Attributes:
        fault: Why it cannot be used, or "".
        lacks: What the target says of other qubits and not of this one.
    """

    fault: str
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """The calibration of a target.

    Attributes:
        qubits: Of every qubit, faulty ones too, by its index.
        coupled: The pairs (a, b), a < b, that have a two-qubit gate, faulty or not.
        couplings: (a, b) with a < b -> what the target does not say of the gate that couples neuron
            and ancilla, a native RZZ (RXX, MS) or else one without an angle, and says of others;
            only fault-free pairs of fault-free qubits.
        pair_couplings: The same for the gate of inserted pairs, CZ/ECR/CX or else another.
    """

    qubits: tuple[QubitCalibration, ...]
    coupled: frozenset[tuple[int, int]]
    couplings: Mapping[tuple[int, int], tuple[str, ...]]
    pair_couplings: Mapping[tuple[int, int], tuple[str, ...]]

    @property
    def usable(self) -> list[int]:
        """The qubits without a fault."""
        return [q for q, calibration in enumerate(self.qubits) if not calibration.fault]

    def lacks(self, group: Group) -> bool:
        """Whether the target does not say of a group what it says of others."""
        ancillas = zip(group.neurons, group.ancillas, strict=bool(group.ancillas))
        return (
            any(self.qubits[qubit].lacks for qubit in group.qubits)
            or any(self.couplings[pair_key(*pair)] for pair in ancillas)
            or any(self.pair_couplings[pair_key(*pair)] for pair in group.couplings)
        )


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
    by_gate = {
        gate: _couplings(target, gate, qubits, coupled)
        for gate in (*FIXED, *COUPLINGS)
        if gate in names
    }
    return Calibration(
        qubits=qubits,
        coupled=frozenset(coupled),
        couplings={**_best(by_gate, FIXED), **_best(by_gate, COUPLINGS)},
        pair_couplings={**_best(by_gate, OTHERS), **_best(by_gate, SELF_INVERSE)},
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
    lacking = {
        "T1": _lacking(t1, used),
        "T2": _lacking(t2, used),
        f"{rotation} error": _lacking([each.error for each in gates], used),
        f"{rotation} duration": _lacking([each.duration for each in gates], used),
        f"{measurement} error": _lacking([each.error for each in measures], used),
    }
    for q, fault in enumerate(faults):
        lacks = tuple(name for name, where in lacking.items() if where[q])
        yield QubitCalibration(fault, () if fault else lacks)


def _time(seconds: float | None) -> float | None:
    return seconds if seconds is not None and seconds > 0 else None


def _lacking(values: Sequence[float | None], used: Sequence[bool]) -> list[bool]:
    """Return where a value is not known that is known of others in use."""
    known = any(value is not None for value, use in zip(values, used, strict=True) if use)
    return [known and value is None for value in values]


def _couplings(
    target: Target,
    gate: str,
    qubits: tuple[QubitCalibration, ...],
    coupled: set[tuple[int, int]],
) -> dict[tuple[int, int], tuple[str, ...]]:
    """The fault-free pairs of a gate, with what its better direction lacks.

    `coupled` collects all pairs, faulty ones too.
    """
    best: dict[tuple[int, int], tuple[str, ...]] = {}
    pairs = gate_pairs(target, gate)
    coupled.update(pair_key(*pair) for pair in pairs)
    entries = [_entry(target, gate, pair, 1.0) for pair in pairs]
    used = [
        not (entry.fault or qubits[a].fault or qubits[b].fault)
        for (a, b), entry in zip(pairs, entries, strict=True)
    ]
    no_error = _lacking([entry.error for entry in entries], used)
    no_duration = _lacking([entry.duration for entry in entries], used)
    for k, pair in enumerate(pairs):
        lacks = (f"{gate} error",) * no_error[k] + (f"{gate} duration",) * no_duration[k]
        if used[k]:
            key = pair_key(*pair)
            best[key] = min(lacks, best.get(key, lacks), key=len)
    return best


def _best(
    by_gate: Mapping[str, Mapping[tuple[int, int], tuple[str, ...]]], gates: Iterable[str]
) -> dict[tuple[int, int], tuple[str, ...]]:
    """What the gate of each pair lacks that lacks least."""
    best: dict[tuple[int, int], tuple[str, ...]] = {}
    for gate in gates:
        for pair, lacks in by_gate.get(gate, {}).items():
            best[pair] = min(lacks, best.get(pair, lacks), key=len)
    return best


def gate_pairs(target: Target, gate: str) -> list[tuple[int, int]]:
    """The pairs of qubits, in the gate's order, on which a target has a two-qubit gate.

    A gate that it has on all qubits alike is listed under None.
    """
    if None in target[gate]:
        return list(permutations(range(target.num_qubits), 2))
    return list(target[gate])

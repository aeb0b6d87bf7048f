"""The parts of a device that can be noisy: instructions on certain qubits, with calibration."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from qiskit.circuit import Delay, Gate, Measure
from qiskit.transpiler import Target

from noise_models.errors import NoiseError

Element = tuple[str, tuple[int, ...]]  # instruction name, physical qubits

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}

# Frame changes: a device does them in software, without error and without time.
VIRTUAL_GATES = frozenset({"rz", "p", "u1"})


@dataclass(frozen=True)
class CalibratedInstruction:
    """One instruction of a target on certain qubits.

    Attributes:
        is_gate: Whether it is a unitary gate (a reset is not).
        is_virtual: Whether it is a frame change, exact by definition.
        duration: Seconds; None if the target does not say.
        error: Average gate infidelity; None if the target does not say.
    """

    name: str
    qubits: tuple[int, ...]
    is_gate: bool
    is_virtual: bool
    duration: float | None
    error: float | None

    @property
    def is_physical_gate(self) -> bool:
        """Whether it is a gate that the device plays."""
        return self.is_gate and not self.is_virtual

    @property
    def missing_duration(self) -> str | None:
        """What is missing for errors that take time: a duration, or None."""
        return "duration" if self.duration is None and not self.is_virtual else None

    @property
    def description(self) -> str:
        """The instruction and its qubits, for messages."""
        return describe(self.name, self.qubits)


def describe(name: str, qubits: tuple[int, ...]) -> str:
    """Return an instruction and its qubits, for messages."""
    return f"{name} on qubit{'s' * (len(qubits) > 1)} {', '.join(map(str, qubits))}"


@dataclass(frozen=True)
class CalibratedQubit:
    """One qubit's calibration; None where the target does not say.

    Attributes:
        t1, t2: seconds.
        readout_p01, readout_p10: P(1|0) and P(0|1).
        readout_duration: Seconds.
    """

    t1: float | None
    t2: float | None
    readout_p01: float | None
    readout_p10: float | None
    readout_duration: float | None


def calibrated_instructions(
    target: Target, qubits: frozenset[int]
) -> Iterator[CalibratedInstruction]:
    """Yield what the target can do on these qubits, measurements and delays left out.

    A gate that it has on all qubits alike, listed under None, it has on each of these, and on each
    pair; those of three qubits and more are left out: no noise is defined for them.
    """
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        if isinstance(operation, type | Measure | Delay):  # a type: control flow
            continue
        places = target[name]
        if None in places:
            count = operation.num_qubits if operation.num_qubits <= 2 else 0
            places = dict.fromkeys(permutations(sorted(qubits), count) if count else ())
        for where, properties in places.items():
            if not qubits.issuperset(where):
                continue
            duration = _known(getattr(properties, "duration", None))
            error = _known(getattr(properties, "error", None))
            virtual = name in VIRTUAL_GATES and not duration and not error
            is_gate = isinstance(operation, Gate)
            yield CalibratedInstruction(name, tuple(where), is_gate, virtual, duration, error)


def delay_seconds(delay: Delay, dt: float | None) -> float:
    """Return the duration of a delay in seconds.

    Args:
        delay: Of a fixed duration.
        dt: Seconds, for durations in units of it.

    Raises:
        NoiseError: The duration is not a number of seconds.
    """
    unit = dt if delay.unit == "dt" else _SECONDS.get(delay.unit)
    if unit is None or not isinstance(delay.duration, int | float):
        raise NoiseError(
            f"found the duration {delay.duration} {delay.unit}, expected one that is known in "
            "seconds"
        )
    return float(delay.duration * unit)


def qubit_calibration(
    target: Target, qubits: frozenset[int], measurement: str = "measure"
) -> dict[int, CalibratedQubit]:
    """Return the calibration of these qubits.

    A readout error that the target gives without a direction counts for both prepared states.

    Args:
        target: The device.
        qubits: Physical qubits.
        measurement: The instruction that measures.
    """
    properties = target.qubit_properties or [None] * (target.num_qubits or 0)
    measure = target[measurement] if measurement in target.operation_names else {}
    return {q: _qubit_calibration(properties[q], measure.get((q,))) for q in sorted(qubits)}


def _qubit_calibration(properties: object, measure: object) -> CalibratedQubit:
    error = getattr(measure, "error", None)
    p01, p10 = (getattr(measure, f"prob_meas{m}_prep{1 - m}", error) for m in (1, 0))
    t1, t2 = (_known(getattr(properties, name, None)) for name in ("t1", "t2"))
    duration = _known(getattr(measure, "duration", None))
    return CalibratedQubit(t1 or None, t2 or None, _known(p01), _known(p10), duration)


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) or value < 0 else float(value)

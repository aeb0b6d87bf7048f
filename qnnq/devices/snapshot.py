"""A device as a file of our own, `qnnq-device/1`: what simulations of it need, in JSON.

    {"format": "qnnq-device/1", "name": "ibm_x", "calibrated": "2026-11-30T04:12:00+00:00",
     "num_qubits": 2, "dt_s": 4e-9,
     "qubits": [{"t1_s": 2.1e-4, "t2_s": 1.4e-4}, {}],
     "instructions": [
      {"name": "rz", "parameters": ["t"], "on": [{"qubits": [0], "duration_s": 0, "error": 0}, ..]},
      {"name": "cz", "on": [{"qubits": [0, 1], "duration_s": 6.8e-8, "error": 2e-3}]},
      {"name": "measure", "on": [{"qubits": [0], "duration_s": 2.6e-6, "error": 8e-3}, ..]},
      {"name": "if_else", "on": null}]}

What is left out is not known. The coupling of qubits is where two-qubit instructions are. A readout
error may be given by direction, `prob_meas1_prep0` and `prob_meas0_prep1`. A parameter is a name,
or the number that it is fixed to. `"on": null` means all qubits alike.
"""

import hashlib
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from qiskit.circuit import (
    ControlFlowOp,
    ForLoopOp,
    Gate,
    IfElseOp,
    Instruction,
    Parameter,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

FORMAT: Literal["qnnq-device/1"] = "qnnq-device/1"
CONTROL_FLOW: dict[str, type[ControlFlowOp]] = {
    "if_else": IfElseOp,
    "for_loop": ForLoopOp,
    "while_loop": WhileLoopOp,
    "switch_case": SwitchCaseOp,
}
DIRECTIONS = ("prob_meas1_prep0", "prob_meas0_prep1")
"""What the readout errors of the two prepared states are called where a target has them."""
MOST_QUBITS = 10_000

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]
Index = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class QubitSnapshot(_Part):
    """One qubit; None where nothing is known.

    Attributes:
        t1_s, t2_s: seconds.
    """

    t1_s: Seconds | None = None
    t2_s: Seconds | None = None


class PlaceSnapshot(_Part):
    """An instruction on certain qubits; None where nothing is known.

    Attributes:
        qubits: In the instruction's order.
        duration_s: Seconds.
        error: Average gate infidelity, or probability of a wrong outcome.
        prob_meas1_prep0: Probability to read 1 where 0 was prepared.
        prob_meas0_prep1: Probability to read 0 where 1 was prepared.
    """

    qubits: tuple[Index, ...]
    duration_s: Seconds | None = None
    error: Probability | None = None
    prob_meas1_prep0: Probability | None = None
    prob_meas0_prep1: Probability | None = None


class InstructionSnapshot(_Part):
    """An instruction of the device.

    Attributes:
        name: What Qiskit calls it; one that Qiskit does not know is an opaque gate.
        parameters: Names, or the numbers that they are fixed to.
        num_clbits: Outcomes that it writes.
        on: Where it is; None: on all qubits alike.
    """

    name: Annotated[str, Field(min_length=1)]
    parameters: tuple[str | float, ...] = ()
    num_clbits: Index = 0
    on: tuple[PlaceSnapshot, ...] | None


class DeviceSnapshot(_Part):
    """A device.

    Attributes:
        format: `FORMAT`.
        name: What specifications of noise call it: a word.
        calibrated: The time of its calibration, ISO 8601, None where it has none.
        num_qubits: How many.
        dt_s: Seconds, the unit of its clock.
        granularity, min_length, pulse_alignment, acquire_alignment: its timing, in units of it.
        qubits: One for each.
        instructions: In the target's order.
    """

    format: Literal["qnnq-device/1"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    calibrated: str | None = None
    num_qubits: Annotated[int, Field(ge=1, le=MOST_QUBITS)]
    dt_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    granularity: Annotated[int, Field(ge=1)] = 1
    min_length: Annotated[int, Field(ge=1)] = 1
    pulse_alignment: Annotated[int, Field(ge=1)] = 1
    acquire_alignment: Annotated[int, Field(ge=1)] = 1
    qubits: tuple[QubitSnapshot, ...]
    instructions: tuple[InstructionSnapshot, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.qubits) != self.num_qubits:
            raise ValueError(f"qubits: expected {self.num_qubits}, got {len(self.qubits)}")
        names = [each.name for each in self.instructions]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"instructions: expected {min(repeated)} once")
        for each in self.instructions:
            _check_instruction(each, self.num_qubits)
        return self

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of all but the name and the time.

        The order of instructions, which IBM's client chooses anew in every process, is no content.
        """
        ordered = tuple(sorted(self.instructions, key=lambda each: each.name))
        content = self.model_copy(update={"instructions": ordered}).model_dump_json(
            exclude={"format", "name", "calibrated"}, exclude_none=True
        )
        return hashlib.sha256(content.encode()).hexdigest()

    def target(self) -> Target:
        """Return what a transpiler and a noise model take."""
        target = Target(
            num_qubits=self.num_qubits,
            dt=self.dt_s,
            granularity=self.granularity,
            min_length=self.min_length,
            pulse_alignment=self.pulse_alignment,
            acquire_alignment=self.acquire_alignment,
            qubit_properties=[QubitProperties(t1=q.t1_s, t2=q.t2_s) for q in self.qubits],
        )
        for each in self.instructions:
            if each.name in CONTROL_FLOW:
                target.add_instruction(CONTROL_FLOW[each.name], name=each.name)
                continue
            places = None if each.on is None else {p.qubits: _properties(p) for p in each.on}
            target.add_instruction(_operation(each), places)
        return target


def snapshot_of(target: Target, name: str, calibrated: str | None) -> DeviceSnapshot:
    """Return a device as it is now.

    Args:
        target: Of the device, with a number of qubits.
        name: Its name, a word.
        calibrated: The time of its calibration, ISO 8601, if known.
    """
    count = target.num_qubits
    properties = target.qubit_properties or [None] * count
    times = [{f"{t}_s": known(getattr(q, t, None)) for t in ("t1", "t2")} for q in properties]
    timing = ("granularity", "min_length", "pulse_alignment", "acquire_alignment")
    return DeviceSnapshot(
        format=FORMAT,
        name=name,
        calibrated=calibrated,
        num_qubits=count,
        dt_s=target.dt,
        qubits=tuple(QubitSnapshot(**each) for each in times),
        instructions=tuple(_instruction(target, name) for name in target.operation_names),
        **{each: getattr(target, each) for each in timing},
    )


def _instruction(target: Target, name: str) -> InstructionSnapshot:
    operation, places = target.operation_from_name(name), target[name]
    if isinstance(operation, type):
        return InstructionSnapshot(name=name, on=None)
    parameters = [p.name if isinstance(p, Parameter) else float(p) for p in operation.params]
    everywhere = places is None or None in places
    on = None if everywhere else tuple(_place(qubits, found) for qubits, found in places.items())
    return InstructionSnapshot(
        name=name, parameters=tuple(parameters), num_clbits=operation.num_clbits, on=on
    )


def _place(qubits: tuple[int, ...], properties: InstructionProperties | None) -> PlaceSnapshot:
    directions = {name: known(getattr(properties, name, None)) for name in DIRECTIONS}
    duration, error = (known(getattr(properties, name, None)) for name in ("duration", "error"))
    return PlaceSnapshot(qubits=tuple(qubits), duration_s=duration, error=error, **directions)


def known(value: float | None) -> float | None:
    """Return a value, None of one that is none: missing, negative or not a number."""
    return None if value is None or not value >= 0 else float(value)


def _properties(place: PlaceSnapshot) -> InstructionProperties | None:
    if place.duration_s is None and place.error is None:
        return None
    properties = InstructionProperties(duration=place.duration_s, error=place.error)
    for name in DIRECTIONS:
        if (value := getattr(place, name)) is not None:
            setattr(properties, name, value)
    return properties


def _operation(each: InstructionSnapshot) -> Instruction:
    parameters = [Parameter(p) if isinstance(p, str) else p for p in each.parameters]
    known = get_standard_gate_name_mapping().get(each.name)
    if known is not None:
        return type(known)(*parameters)
    qubits = 1 if not each.on else len(each.on[0].qubits)
    if each.num_clbits:
        return Instruction(each.name, qubits, each.num_clbits, parameters)
    return Gate(each.name, qubits, parameters)


def _check_instruction(each: InstructionSnapshot, num_qubits: int) -> None:
    known: Any = get_standard_gate_name_mapping().get(each.name)
    if each.name in CONTROL_FLOW or not each.on:
        return
    first = len(each.on[0].qubits) if known is None else known.num_qubits
    if known is not None and len(each.parameters) != len(known.params):
        raise ValueError(f"{each.name}: expected {len(known.params)} parameters")
    for place in each.on:
        if len(set(place.qubits)) != first or len(place.qubits) != first:
            raise ValueError(f"{each.name}: expected {first} qubits, got {list(place.qubits)}")
        if max(place.qubits) >= num_qubits:
            raise ValueError(f"{each.name}: expected qubits 0 to {num_qubits - 1}")
    if len({place.qubits for place in each.on}) != len(each.on):
        raise ValueError(f"{each.name}: expected each tuple of qubits once")

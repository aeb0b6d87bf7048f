"""When the instructions of an ISA circuit happen, and which qubits wait meanwhile."""

from collections import defaultdict
from collections.abc import Iterator

from qiskit.circuit import Delay, Measure, Parameter, QuantumCircuit
from qiskit.transpiler import InstructionProperties, Target, generate_preset_pass_manager
from qiskit.transpiler.exceptions import TranspilerError

from transpile.errors import TranspileError
from transpile.measurement import MEASURE, with_measurement
from transpile.timeline import TimedInstruction, Timeline


def schedule(circuit: QuantumCircuit, target: Target, measurement: str = MEASURE) -> QuantumCircuit:
    """Schedule an ISA circuit without control flow as late as possible; make its waits explicit.

    The result has the same instructions in the same order on each qubit, and a Delay for each wait
    between the first and the last of them: in units of dt and within the target's alignment
    constraints where it has dt, else in seconds. Before its first instruction a qubit is in |0>,
    and after its last one nothing depends on it: neither is a wait.

    Args:
        circuit: On the target's physical qubits, without delays.
        target: The device.
        measurement: The target's instruction that `measure` stands for: its duration is taken.

    Raises:
        TranspileError: The target lacks a duration, or delays on a qubit in use.
    """
    timeline = Timeline(circuit.copy_empty_like(), target)
    for timed in as_late_as_possible(circuit, target, measurement):
        timeline.append_timed(timed)
    return timeline.circuit


def schedule_where_known(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """Schedule a circuit as `schedule` does; one whose durations are not all known is returned.

    What is then not known of it, `unknown_wait` says. The target need not have delays: simulations
    have them.
    """
    if _unknown_duration(circuit, target):
        return circuit
    return schedule(circuit, _with_waits(circuit, target))


def unknown_wait(circuit: QuantumCircuit, target: Target) -> str | None:
    """Return which instruction's unknown duration leaves waits of a circuit open, None if none.

    Qubits that no gate joins wait for nothing, however long their instructions take; and nothing
    waits for measurements that end a circuit, where those of the target all are of one duration,
    known or not.
    """
    joined = any(len(i.qubits) > 1 for i in circuit.data if i.operation.name != "barrier")
    return _unknown_duration(circuit, target) if joined else None


def _unknown_duration(circuit: QuantumCircuit, target: Target) -> str | None:
    for instruction in circuit.data:
        name = instruction.operation.name
        qubits = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
        if name in ("barrier", "delay") or (name == MEASURE and _times_no_measurement(target)):
            continue
        properties = target[name].get(qubits) if name in target.operation_names else None
        if properties is None or properties.duration is None:
            return f"{name} on qubit{'s' * (len(qubits) > 1)} {', '.join(map(str, qubits))}"
    return None


def _times_no_measurement(target: Target) -> bool:
    places = target[MEASURE].values() if MEASURE in target.operation_names else ()
    return all(getattr(properties, "duration", None) is None for properties in places)


def _with_waits(circuit: QuantumCircuit, target: Target) -> Target:
    """Return a target that has delays on the qubits in use, and a duration of measurements.

    It is the given one, if that has them.
    """
    used = sorted({circuit.find_bit(qubit).index for i in circuit.data for qubit in i.qubits})
    has_delays = all(target.instruction_supported("delay", (qubit,)) for qubit in used)
    if has_delays and not _times_no_measurement(target):
        return target
    timing = ("dt", "granularity", "min_length", "pulse_alignment", "acquire_alignment")
    result = Target(target.num_qubits, **{name: getattr(target, name) for name in timing})
    places: dict[str, dict[tuple[int, ...], InstructionProperties]] = defaultdict(dict)
    for item in circuit.data:
        if (name := item.operation.name) != "barrier":
            where = tuple(circuit.find_bit(qubit).index for qubit in item.qubits)
            known = getattr(target[name].get(where), "duration", None)
            places[name][where] = InstructionProperties(duration=known or 0.0)
    for name, found in places.items():
        result.add_instruction(target.operation_from_name(name), found)
    result.add_instruction(Delay(Parameter("duration")), dict.fromkeys((qubit,) for qubit in used))
    return result


def as_late_as_possible(
    circuit: QuantumCircuit, target: Target, measurement: str = MEASURE
) -> list[TimedInstruction]:
    """The instructions of an ISA circuit without control flow, in order, and their times.

    Every instruction takes its calibrated duration (a virtual gate none) and ends as late as its
    successors allow, so final measurements of one duration are simultaneous; the first one starts
    at 0. This is the ALAP scheduling stage of Qiskit's preset pass manager.

    Arguments and errors are those of `schedule`.
    """
    used = {circuit.find_bit(qubit).index for i in circuit.data for qubit in i.qubits}
    for qubit in sorted(used):
        if not target.instruction_supported("delay", (qubit,)):
            raise TranspileError(f"target: expected delays, found none on qubit {qubit}")
    stages = generate_preset_pass_manager(0, target=target, scheduling_method="alap")
    try:
        padded = stages.scheduling.run(with_measurement(circuit, target, measurement))
    except TranspilerError as error:
        raise TranspileError(f"schedule: {error.message}") from None
    return list(_timed(padded, target, measurement))


def delay_seconds(delay: Delay, target: Target) -> float:
    """The duration in seconds of a Delay that `schedule` placed."""
    return float(delay.duration * (target.dt if delay.unit == "dt" else 1))


def _timed(padded: QuantumCircuit, target: Target, measurement: str) -> Iterator[TimedInstruction]:
    """The instructions other than delays; with its delays a qubit's instructions leave no gap."""
    ready = dict.fromkeys(range(padded.num_qubits), 0.0)
    for instruction in padded.data:
        operation = instruction.operation
        qubits = tuple(padded.find_bit(qubit).index for qubit in instruction.qubits)
        start = max(ready[qubit] for qubit in qubits)
        if operation.name == "delay":
            duration = delay_seconds(operation, target)
        elif operation.name == "barrier":
            duration = 0.0
        else:
            duration = target[operation.name][qubits].duration
        ready.update(dict.fromkeys(qubits, start + duration))
        if operation.name == measurement:
            instruction = instruction.replace(operation=Measure())
        if operation.name != "delay":
            yield TimedInstruction(instruction, qubits, start, duration)

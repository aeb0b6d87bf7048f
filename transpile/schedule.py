"""Explicit waits: an ISA circuit with a Delay wherever a qubit idles between its instructions."""

from qiskit.circuit import Delay, QuantumCircuit, Qubit
from qiskit.transpiler import Target, generate_preset_pass_manager
from qiskit.transpiler.exceptions import TranspilerError

from transpile.errors import TranspileError

ROUNDING = 1e-15
"""Seconds; on a target without dt, sums of durations differ by rounding, about 1e-22 s."""


def schedule(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """Schedule an ISA circuit without control flow as late as possible; make its waits explicit.

    Every instruction takes its calibrated duration (a virtual gate none) and ends as late as its
    successors allow, so final measurements of one duration are simultaneous. The result has the
    same instructions in the same order on each qubit, and a Delay for each wait between the first
    and the last of them: in units of dt and within the target's alignment constraints where it
    has dt, else in seconds. Before its first instruction a qubit is in |0>, and after its last
    one nothing depends on it: neither is a wait.

    This is the ALAP scheduling stage of Qiskit's preset pass manager.

    Raises TranspileError where the target lacks a duration, or delays on a qubit in use.
    """
    used = {circuit.find_bit(qubit).index for i in circuit.data for qubit in i.qubits}
    for qubit in sorted(used):
        if not target.instruction_supported("delay", (qubit,)):
            raise TranspileError(f"target: expected delays, found none on qubit {qubit}")
    stages = generate_preset_pass_manager(0, target=target, scheduling_method="alap")
    try:
        scheduled = stages.scheduling.run(circuit)
    except TranspilerError as error:
        raise TranspileError(f"schedule: {error.message}") from None
    return _keep_waits(scheduled, target)


def delay_seconds(delay: Delay, target: Target) -> float:
    """The duration in seconds of a Delay that `schedule` placed."""
    return float(delay.duration * (target.dt if delay.unit == "dt" else 1))


def _keep_waits(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """Leave out delays before the first and after the last instruction of a qubit, and rounding."""
    span: dict[Qubit, tuple[int, int]] = {}
    for position, instruction in enumerate(circuit.data):
        if instruction.operation.name not in ("delay", "barrier"):
            for qubit in instruction.qubits:
                span[qubit] = (span.get(qubit, (position,))[0], position)
    kept = circuit.copy_empty_like()
    for position, instruction in enumerate(circuit.data):
        if instruction.operation.name == "delay":
            first, last = span.get(instruction.qubits[0], (position, position))
            wait = delay_seconds(instruction.operation, target)
            if not first < position < last or wait < ROUNDING:
                continue
        kept.append(instruction)
    return kept

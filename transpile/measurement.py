"""The instruction of a target that measures: circuits say `measure`, some targets have others."""

import statistics

from qiskit.circuit import Measure, QuantumCircuit
from qiskit.transpiler import Target

from transpile.errors import TranspileError, unknown

MEASURE = "measure"


def measurements(target: Target) -> list[str]:
    """Return the names of the target's instructions that measure."""
    return sorted(name for name in target.operation_names if name.startswith(MEASURE))


def check_measurement(target: Target, measurement: str) -> None:
    """Raise TranspileError for what is no measuring instruction of the target."""
    known = measurements(target)
    if measurement not in known:
        raise unknown("measurement", measurement, known)


def median_duration(target: Target, measurement: str) -> float:
    """The median duration (s) of a measuring instruction over the target's qubits."""
    known = [p.duration for p in target[measurement].values() if p and p.duration is not None]
    if not known:
        raise TranspileError(
            f"target: found no duration of {measurement}, for which neurons that live on wait; "
            "expected a calibration that says it"
        )
    return float(statistics.median(known))


def with_measurement(circuit: QuantumCircuit, target: Target, measurement: str) -> QuantumCircuit:
    """Let the target's instruction `measurement` stand in for every `measure`, for a machine.

    `measure_2` (qiskit_ibm_runtime.circuit.MidCircuitMeasure) is tuned to be short. Simulators do
    not know it; they run `measure` with its error and its duration.

    Raises:
        TranspileError: Where the target does not have it, or not on a qubit that is measured.
    """
    if measurement == MEASURE:
        return circuit
    check_measurement(target, measurement)
    operation = target.operation_from_name(measurement)
    replaced = circuit.copy_empty_like()
    for instruction in circuit.data:
        if isinstance(instruction.operation, Measure):
            qubit = circuit.find_bit(instruction.qubits[0]).index
            if not target.instruction_supported(measurement, (qubit,)):
                raise TranspileError(f"target: found no {measurement} on qubit {qubit}")
            instruction = instruction.replace(operation=operation)
        replaced.append(instruction)
    return replaced

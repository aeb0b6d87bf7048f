"""What a compiled layer costs: gates, depth, duration, expected error of each neuron."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import InstructionProperties, Target

from transpile.calibration import read_calibration
from transpile.isa import CompiledLayer


@dataclass(frozen=True)
class LayerReport:
    """Figures of one execution of a compiled layer.

    Attributes:
        qubits: Physical qubits in use.
        depth: Of the ISA circuit, virtual RZ included.
        gate_counts: By name, measurements included.
        two_qubit_gates: How many gates act on two qubits.
        duration_s: Of one execution, every instruction as soon as possible, measurement included.
        neuron_errors: Expected error of each slot, a probability.
    """

    qubits: tuple[int, ...]
    depth: int
    gate_counts: Mapping[str, int]
    two_qubit_gates: int
    duration_s: float
    neuron_errors: tuple[float, ...]


def report(compiled: CompiledLayer, target: Target) -> LayerReport:
    """Report on a compiled layer with the calibration of its target.

    A neuron's expected error combines the calibrated errors of all instructions on its qubits,
    readout included, and the relaxation of these qubits up to the measurement, as if independent.
    """
    circuit = compiled.circuit
    calibration = read_calibration(target)
    gates_end, end, success = _schedule(circuit, target)
    errors = []
    for site in compiled.sites:
        right = 1.0
        ready = max(gates_end[qubit] for qubit in site.qubits)
        for qubit in site.qubits:
            right *= 1 - calibration.qubits[qubit].relaxation_error(ready)
        for qubits, factor in success:
            if set(qubits) & set(site.qubits):
                right *= factor
        errors.append(1 - right)
    return LayerReport(
        qubits=tuple(sorted(qubit for site in compiled.sites for qubit in site.qubits)),
        depth=circuit.depth(),
        gate_counts=dict(circuit.count_ops()),
        two_qubit_gates=circuit.num_nonlocal_gates(),
        duration_s=max(end.values()),
        neuron_errors=tuple(errors),
    )


def _schedule(
    circuit: QuantumCircuit, target: Target
) -> tuple[dict[int, float], dict[int, float], list[tuple[tuple[int, ...], float]]]:
    """End of the gates and of everything on each qubit (s); qubits and 1 - error of each step."""
    gates_end: dict[int, float] = defaultdict(float)
    end: dict[int, float] = defaultdict(float)
    success = []
    for instruction in circuit.data:
        name = instruction.operation.name
        qubits = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
        properties = target[name].get(qubits) or InstructionProperties()
        finish = max(end[qubit] for qubit in qubits) + (properties.duration or 0.0)
        for qubit in qubits:
            end[qubit] = finish
            if name != "measure":
                gates_end[qubit] = finish
        success.append((qubits, 1 - (properties.error or 0.0)))
    return gates_end, end, success

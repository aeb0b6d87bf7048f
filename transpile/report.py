"""What a compiled layer costs: gates, depth, duration."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from qiskit.transpiler import InstructionProperties, Target

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
    """

    qubits: tuple[int, ...]
    depth: int
    gate_counts: Mapping[str, int]
    two_qubit_gates: int
    duration_s: float


def report(compiled: CompiledLayer, target: Target) -> LayerReport:
    """Report on a compiled layer with the calibration of its target."""
    circuit = compiled.circuit
    end: dict[int, float] = defaultdict(float)
    for instruction in circuit.data:
        qubits = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
        properties = target[instruction.operation.name].get(qubits) or InstructionProperties()
        finish = max(end[qubit] for qubit in qubits) + (properties.duration or 0.0)
        end.update(dict.fromkeys(qubits, finish))
    return LayerReport(
        qubits=tuple(sorted(qubit for site in compiled.sites for qubit in site.qubits)),
        depth=circuit.depth(),
        gate_counts=dict(circuit.count_ops()),
        two_qubit_gates=circuit.num_nonlocal_gates(),
        duration_s=max(end.values()),
    )

"""What one execution of a network of living neurons takes: time and conditions."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qiskit.circuit import IfElseOp, Operation, QuantumCircuit
from qiskit.transpiler import InstructionProperties, Target

from transpile.coherent import CompiledNetwork
from transpile.control_flow import ControllerLoad, controller_load, operand
from transpile.dynamic import network_circuit
from transpile.groups import Group
from transpile.measurement import MEASURE
from transpile.schedule import delay_seconds


@dataclass(frozen=True)
class NetworkReport:
    """Figures of one execution.

    Attributes:
        duration_s: From the first gate to the end of the last measurement.
        gates_s: Of it, the layers.
        measurement_s: Of it, the measurements.
        feedforward_s: Of it, from each measurement to the next layer's own gates.
        waiting_share: The part of the neurons' lives, from the first gate to the last measurement
            that they matter to, in which nothing acts on them.
        gate_counts: By name, those in branches included, whether they are taken or not.
        load: What the controller of a machine has to do.
    """

    duration_s: float
    gates_s: float
    measurement_s: float
    feedforward_s: float
    waiting_share: float
    gate_counts: Mapping[str, int]
    load: ControllerLoad


def network_report(compiled: CompiledNetwork, target: Target) -> NetworkReport:
    """Report on a compiled network with the calibration of its target.

    A branch counts with the probability that it would have if all outcomes were equally likely.
    """
    waiting = acting = 0.0
    for site in compiled.sites:
        idle, busy = _life(compiled, target, site)
        waiting += idle
        acting += busy
    duration = sum(step.duration for step in compiled.steps)
    feedforward = sum(step.feedforward_duration for step in compiled.steps)
    measurement = sum(step.measurement_duration for step in compiled.steps)
    whole = network_circuit(compiled)
    return NetworkReport(
        duration_s=duration,
        gates_s=duration - feedforward - measurement,
        measurement_s=measurement,
        feedforward_s=feedforward,
        waiting_share=waiting / (waiting + acting),
        gate_counts=dict(_gate_counts(whole)),
        load=controller_load(whole),
    )


def _life(compiled: CompiledNetwork, target: Target, site: Group) -> tuple[float, float]:
    """Return how long a neuron waits and is acted on, up to its last measurement, in seconds."""
    (neuron,) = site.neurons
    waiting = acting = 0.0
    total = (0.0, 0.0)
    for step in compiled.steps:
        circuit = step.circuit
        for operation, qubits, probability in _on_site(
            circuit, range(circuit.num_qubits), site, 1.0
        ):
            if operation.name == "delay":
                waiting += (neuron in qubits) * probability * delay_seconds(operation, target)
                continue
            name = compiled.measurement if operation.name == MEASURE else operation.name
            properties = target[name].get(qubits) or InstructionProperties()
            duration = properties.duration or 0.0
            if operation.name == MEASURE:
                total = waiting, acting
                waiting += duration if qubits == (neuron,) and neuron in step.alive else 0.0
            elif neuron in qubits:
                acting += probability * duration
    return total


def _on_site(
    circuit: QuantumCircuit, physical: Sequence[int], site: Group, probability: float
) -> Iterator[tuple[Operation, tuple[int, ...], float]]:
    """Instructions on a site's qubits, their physical qubits and how likely they are."""
    for instruction in circuit.data:
        qubits = tuple(physical[circuit.find_bit(qubit).index] for qubit in instruction.qubits)
        if not set(qubits) & set(site.qubits) or instruction.operation.name == "barrier":
            continue
        if isinstance(instruction.operation, IfElseOp):
            taken = 0.5 ** len(operand(circuit, instruction.operation))
            body, otherwise = instruction.operation.blocks
            yield from _on_site(body, qubits, site, taken)
            yield from _on_site(otherwise, qubits, site, 1 - taken)
        else:
            yield instruction.operation, qubits, probability


def _gate_counts(circuit: QuantumCircuit) -> Counter[str]:
    counts: Counter[str] = Counter()
    for instruction in circuit.data:
        for block in getattr(instruction.operation, "blocks", ()):
            counts += _gate_counts(block)
        counts[instruction.operation.name] += 1
    del counts["delay"]
    return counts

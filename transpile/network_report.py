"""What one execution of a network of living neurons takes: time, conditions, expected errors."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qiskit.circuit import IfElseOp, Operation, QuantumCircuit
from qiskit.transpiler import InstructionProperties, Target

from transpile.calibration import read_calibration
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
        neuron_errors: For each layer the expected error of each neuron's outcome, a probability.
        neuron_errors_without_waiting: The same if waits cost nothing.
    """

    duration_s: float
    gates_s: float
    measurement_s: float
    feedforward_s: float
    waiting_share: float
    gate_counts: Mapping[str, int]
    load: ControllerLoad
    neuron_errors: tuple[tuple[float, ...], ...]
    neuron_errors_without_waiting: tuple[tuple[float, ...], ...]


def network_report(compiled: CompiledNetwork, target: Target) -> NetworkReport:
    """Report on a compiled network with the calibration of its target.

    A neuron's expected error combines, as if independent, the calibrated errors of all
    instructions on its site since the last measurement there, readout included, and the relaxation
    of its qubits in their waits: of any state alike, but until a gate acts on a measured qubit, of
    |0> and |1>. A branch counts with the probability that it would have if all outcomes were
    equally likely.
    """
    calibration = read_calibration(target)
    errors: list[list[float]] = [[] for _ in compiled.steps]
    without: list[list[float]] = [[] for _ in compiled.steps]
    waiting = acting = 0.0
    for site in compiled.sites:
        for layer, life in _lives(compiled, target, site):
            relaxed = math.prod(
                1 - calibration.qubits[qubit].relaxation_error(duration)
                for qubit, duration in life.waiting.items()
            )
            relaxed *= math.prod(
                (1 + math.exp(-duration / calibration.qubits[qubit].t1)) / 2
                for qubit, duration in life.resting.items()
            )
            errors[layer].append(1 - life.success * relaxed)
            without[layer].append(1 - life.success)
            waiting += life.waiting[site.neurons[0]] + life.resting[site.neurons[0]]
            acting += life.acting[site.neurons[0]]
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
        neuron_errors=tuple(map(tuple, errors)),
        neuron_errors_without_waiting=tuple(map(tuple, without)),
    )


class _Life:
    """What happened on a site since its last measurement.

    Attributes:
        success: The product of 1 - error of what acted.
        acting: Seconds of each qubit in which something acted.
        resting: In which it waited as it had been measured.
        waiting: In which it waited otherwise.
    """

    def __init__(self) -> None:
        self.success = 1.0
        self.waiting: dict[int, float] = defaultdict(float)
        self.resting: dict[int, float] = defaultdict(float)
        self.acting: dict[int, float] = defaultdict(float)


def _lives(compiled: CompiledNetwork, target: Target, site: Group) -> Iterator[tuple[int, _Life]]:
    """For each layer that measures the site, what happened on it up to the outcome."""
    life, at_rest = _Life(), -1
    for layer, step in enumerate(compiled.steps):
        circuit = step.circuit
        for operation, qubits, probability in _on_site(
            circuit, range(circuit.num_qubits), site, 1.0
        ):
            if operation.name == "delay":
                idle = life.resting if qubits[0] == at_rest and probability == 1 else life.waiting
                idle[qubits[0]] += probability * delay_seconds(operation, target)
                continue
            if at_rest in qubits:
                at_rest = -1
            name = compiled.measurement if operation.name == MEASURE else operation.name
            properties = target[name].get(qubits) or InstructionProperties()
            duration = properties.duration or 0.0
            life.success *= 1 - probability * (properties.error or 0.0)
            if operation.name == MEASURE:
                yield layer, life
                life = _Life()
                if qubits[0] in step.alive:
                    at_rest = qubits[0]
                    life.resting[at_rest] += duration
            else:
                for qubit in qubits:
                    life.acting[qubit] += probability * duration


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

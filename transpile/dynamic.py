"""A whole network as one circuit: its steps one after the other, and what a machine gets of it."""

from collections import defaultdict
from dataclasses import dataclass

from qiskit.circuit import (
    ClassicalRegister,
    Clbit,
    IfElseOp,
    ParameterVector,
    QuantumCircuit,
    QuantumRegister,
)
from qiskit.circuit.library import XGate
from qiskit.transpiler import Target

from transpile.coherent import CompiledNetwork
from transpile.groups import Group
from transpile.layer import OUTCOME
from transpile.measurement import with_measurement
from transpile.step import DECOUPLING, CompiledStep


@dataclass(frozen=True, eq=False)
class NetworkCircuit:
    """A whole network as one circuit on a device's qubits.

    Attributes:
        circuit: As `network_circuit` or `machine_circuit` gives it, with the angles of the first
            layer as its only parameters.
        sites: Site j is that of neuron j of every layer.
    """

    circuit: QuantumCircuit
    sites: tuple[Group, ...]

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons of each layer."""
        return tuple(len(register) for register in self.circuit.cregs)


def network_circuit(network: CompiledNetwork) -> QuantumCircuit:
    """Put the steps of a network into one circuit, over all qubits of the device.

    Classical registers: outcome0, outcome1, ...: bit k of outcome<l> is the outcome of neuron k of
    layer l, counted from 0 (0 for +1, 1 for -1). Parameters: angle0[k], the angles of the first
    layer; further angle<l>[k] for layers without feed-forward, whose angles follow from outcomes.
    """
    return _unlabelled(_joined(network))


def machine_circuit(network: CompiledNetwork, target: Target) -> QuantumCircuit:
    """The same circuit for a machine, which keeps its own time and waits for its own controller.

    Delays go, but for those beside X gates of dynamical decoupling, and with them the alternatives
    in which qubits only wait; the target's instruction for the network's measurement stands in for
    `measure`.
    """
    circuit = _joined(network)
    beside = _beside_decoupling(circuit)
    bare = circuit.copy_empty_like()
    for position, instruction in enumerate(circuit.data):
        operation = instruction.operation
        if isinstance(operation, IfElseOp):
            body = _without_delays(operation.blocks[0])
            instruction = instruction.replace(operation=IfElseOp(operation.condition, body))
        elif operation.name == "delay" and position not in beside:
            continue
        bare.append(instruction)
    return with_measurement(_unlabelled(bare), target, network.measurement)


def _joined(network: CompiledNetwork) -> QuantumCircuit:
    first = network.steps[0].circuit
    whole = QuantumCircuit(QuantumRegister(first.num_qubits, "q"), name="network")
    before: list[Clbit] = []
    for layer, step in enumerate(network.steps):
        outcome = ClassicalRegister(step.width, f"{OUTCOME}{layer}")
        whole.add_register(outcome)
        whole.compose(
            _with_angles(step, layer),
            qubits=whole.qubits,
            clbits=[*outcome, *before],
            inplace=True,
        )
        before = list(outcome)
    return whole


def _unlabelled(circuit: QuantumCircuit) -> QuantumCircuit:
    """Take the labels off X gates: Aer looks for the errors of labelled gates by their labels."""
    plain = circuit.copy_empty_like()
    for instruction in circuit.data:
        labelled = instruction.operation.label == DECOUPLING
        plain.append(instruction.replace(operation=XGate()) if labelled else instruction)
    return plain


def _with_angles(step: CompiledStep, layer: int) -> QuantumCircuit:
    """The step's circuit with its base angles, or with parameters of its own name."""
    if step.feedforward is not None:
        return step.circuit.assign_parameters(step.feedforward.base)
    return step.circuit.assign_parameters(list(ParameterVector(f"angle{layer}", step.width)))


def _without_delays(body: QuantumCircuit) -> QuantumCircuit:
    bare = body.copy_empty_like()
    for instruction in body.data:
        if instruction.operation.name != "delay":
            bare.append(instruction)
    return bare


def _beside_decoupling(circuit: QuantumCircuit) -> set[int]:
    """Positions of the delays next to X gates of dynamical decoupling on the same qubit."""
    on_qubit = defaultdict(list)
    for position, instruction in enumerate(circuit.data):
        for qubit in instruction.qubits:
            on_qubit[qubit].append((position, instruction.operation))
    return {
        position
        for line in on_qubit.values()
        for one, other in [*zip(line, line[1:]), *zip(line[1:], line)]
        if other[1].label == DECOUPLING
        for position in [one[0]]
    }

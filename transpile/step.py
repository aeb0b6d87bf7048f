"""One layer on living qubits: waits, branches, its gates and its measurement, in one circuit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from qiskit.circuit import ClassicalRegister, QuantumCircuit
from qiskit.circuit.library import Reset, XGate
from qiskit.transpiler import Target

from transpile.activation_step import is_projective
from transpile.branches import RotationTemplate, append_branch, append_flip, x_duration
from transpile.errors import TranspileError
from transpile.feedforward import Feedforward
from transpile.groups import Group
from transpile.isa import compile_layer
from transpile.lifetimes import Lifetimes
from transpile.measurement import MEASURE
from transpile.schedule import as_late_as_possible
from transpile.shape import Shape
from transpile.timeline import Timeline, aligned

Recycling = Literal["flip", "reset"]

FLIP, DECOUPLING = "flip", "decoupling"
"""Labels of X gates: one that becomes conditional, and those of dynamical decoupling."""

LAST = "last"
"""Name of the classical register with the outcomes of the layer before."""


@dataclass(frozen=True, eq=False)
class CompiledStep:
    """One layer on living qubits, from the end of the last layer's measurement to that of its own.

    A measurement takes no time in the circuit: for as long as it takes, other qubits have a Delay,
    and the measured one, where it is used again, has none (noise_models relaxes it).

    Attributes:
        circuit: Over all qubits of the device; every wait of a qubit in use is a Delay. Parameters:
            angle[k], the angle theta in radians by which neuron k turns. Classical registers:
            `outcome`, bit k for neuron k (0 for +1, 1 for -1); and, but for the first layer,
            `last`, the outcomes of the layer before, on which its branches depend (each on one bit,
            or on the whole register).
        width: Neurons.
        entanglement: The angle g, radians.
        feedforward: The branches in the circuit and, as its base, the value of angle[k]; None:
            angle[k] is to be computed from the outcomes outside.
        alive: The physical qubits whose state later steps go on from.
        duration: Seconds of the step.
        feedforward_duration: Seconds from its start to the last branch or to the first gate of the
            layer.
        measurement_duration: Seconds of the measurement.
    """

    circuit: QuantumCircuit
    width: int
    entanglement: float
    feedforward: Feedforward | None
    alive: tuple[int, ...]
    duration: float
    feedforward_duration: float
    measurement_duration: float


@dataclass(frozen=True)
class StepCompiler:
    """Compiles the steps of one network; the arguments are those of `compile_network`."""

    target: Target
    sites: tuple[Group, ...]
    lifetimes: Lifetimes
    latency: float
    overhead: float
    recycling: Recycling
    measurement: str
    decoupling: bool
    optimization_level: int
    seed: int

    def compile(
        self,
        step: int,
        width: int,
        width_before: int,
        entanglement: float,
        feedforward: Feedforward | None,
    ) -> CompiledStep:
        """Compile step `step`, counted from 0."""
        layer = self._layer(width, entanglement)
        circuit = layer.copy_empty_like("step")
        timeline = Timeline(circuit, self.target, self.lifetimes.alive(step))
        last = ClassicalRegister(width_before if step else 0, LAST)
        flips: Mapping[int, int] = {}
        begin = 0.0
        if step:
            circuit.add_register(last)
            ancillas = self.lifetimes.measured_ancillas(step)
            coherent = self.lifetimes.coherent_neurons(step - 1)
            begin = self.latency
            if self.recycling == "flip":
                flips = ancillas
            if feedforward is not None:
                self._decouple(timeline, coherent, self.latency)
                begin = self._branches(timeline, width, feedforward, last, flips)
                flips = {}
            if self.recycling == "reset":
                begin = max([begin, *self._resets(timeline, ancillas.values())])
            self._decouple(timeline, coherent, begin)
        end, reading = self._layer_on(timeline, layer, step, begin, last, flips)
        alive = self.lifetimes.alive(step + 1)
        self._decouple(timeline, self.lifetimes.coherent_neurons(step), end)
        timeline.wait(alive, end)
        return CompiledStep(
            circuit, width, entanglement, feedforward, tuple(alive), end, begin, reading
        )

    def _layer(self, width: int, entanglement: float) -> QuantumCircuit:
        sites = self.sites[:width]
        if is_projective(entanglement):
            sites = tuple(Group(site.neurons) for site in sites)
        return compile_layer(
            self.target,
            Shape(width, entanglement),
            sites=sites,
            measurement=self.measurement,
            optimization_level=self.optimization_level,
            seed=self.seed,
        ).circuit

    def _branches(
        self,
        timeline: Timeline,
        width: int,
        feedforward: Feedforward,
        last: ClassicalRegister,
        flips: Mapping[int, int],
    ) -> float:
        """Append all branches; returns when the last one ends."""
        neurons = [site.neurons[0] for site in self.sites[:width]]
        template = RotationTemplate(
            self.target, neurons, list(flips.values()), self.optimization_level, self.seed
        )
        start = end = self.latency
        for branch in feedforward.branches:
            flipped = [flips[bit] for bit in branch.ones if bit in flips]
            if append_branch(timeline, template, branch, last, flipped, start):
                end = start + template.duration
                start = end + self.overhead
        return end

    def _resets(self, timeline: Timeline, qubits: Iterable[int]) -> Iterator[float]:
        """Reset qubits from the beginning of the step; yields when they are ready."""
        for qubit in qubits:
            duration = self._reset_duration(qubit)
            timeline.append(Reset(), (qubit,), 0.0, duration)
            yield duration

    def _reset_duration(self, qubit: int) -> float:
        names = self.target.operation_names
        properties = self.target["reset"].get((qubit,)) if "reset" in names else None
        if properties is None or properties.duration is None:
            raise TranspileError(
                f"target: expected reset and its duration, found none on qubit {qubit}"
            )
        return float(properties.duration)

    def _layer_on(
        self,
        timeline: Timeline,
        layer: QuantumCircuit,
        step: int,
        begin: float,
        last: ClassicalRegister,
        flips: Mapping[int, int],
    ) -> tuple[float, float]:
        """Append the layer from `begin` on; returns when it ends, and how long it measures.

        Flips of ancillas precede it; resets of dropped neurons go on beside it.
        """
        flat = layer.copy_empty_like()
        for ancilla in flips.values():
            flat.append(XGate(label=FLIP), (ancilla,))
        for neuron in self.lifetimes.dropped_neurons(step):
            self._reset_duration(neuron)
            flat.append(Reset(), (neuron,))
        for instruction in layer.data:
            flat.append(instruction)
        neuron_of = {ancilla: neuron for neuron, ancilla in flips.items()}
        timed = as_late_as_possible(flat, self.target, self.measurement)
        for one in timed:
            if one.instruction.operation.label == FLIP:
                condition = (last[neuron_of[one.qubits[0]]], 1)
                append_flip(timeline, condition, one.qubits[0], begin + one.start, one.duration)
            else:
                timeline.append_timed(one, begin)
        reading = max(one.duration for one in timed if one.instruction.operation.name == MEASURE)
        return begin + max(one.end for one in timed), reading

    def _decouple(self, timeline: Timeline, qubits: Iterable[int], end: float) -> None:
        """Put two X into the wait of each qubit that ends at `end` seconds, where they fit."""
        for qubit in qubits if self.decoupling else ():
            gate = x_duration(self.target, qubit)
            start = timeline.ready(qubit)
            if end - start < 4 * gate:
                continue
            for fraction in (0.25, 0.75):
                middle = start + fraction * (end - start)
                begin = aligned(middle - gate / 2, self.target)
                timeline.append(XGate(label=DECOUPLING), (qubit,), begin, gate)

"""Compilation of a layer to an ISA circuit: a device's own gates on chosen physical qubits."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import Target

from transpile.digest import circuit_digest
from transpile.errors import TranspileError
from transpile.gate_pairs import insert_pairs
from transpile.groups import Group
from transpile.layer import layer_circuit
from transpile.layout import Score, capacity, choose_sites
from transpile.measurement import MEASURE
from transpile.native import to_isa
from transpile.placement import check_groups
from transpile.shape import Shape

OPTIMIZATION_LEVEL = 1
"""Level 1 merges single-qubit gates. The couplings are minimal as they are written: levels 2 and 3
rewrite them into circuits of the same number of two-qubit gates and more single-qubit ones."""


@dataclass(frozen=True, eq=False)
class CompiledLayer:
    """A layer as one ISA circuit, run as often as `parts` says.

    Attributes:
        circuit: Over all qubits of the device; circuit.parameters is angle[0], angle[1], ... in
            this order, angle[k] being the angle alpha' in radians of slot k; bit k of the classical
            register `outcome` is the outcome of slot k (0 for +1, 1 for -1).
        sites: The place of each slot, which is that of one neuron.
        shape: The layer.
        parts: Executions of the circuit that the layer needs; more than 1 only where it is wider
            than the chip, and then neuron j is in execution j // slots, slot j % slots. Slots that
            the last execution does not need take angle 0 and are ignored.
    """

    circuit: QuantumCircuit
    sites: tuple[Group, ...]
    shape: Shape
    parts: int

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the circuit, and of the slots that images and neurons use."""
        shape, circuit = self.shape, circuit_digest(self.circuit)
        arrangement = f"{shape.width} {shape.copies} {self.parts} {circuit}"
        return hashlib.sha256(arrangement.encode()).hexdigest()

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of neurons of one execution."""
        execution = self.shape if self.parts == 1 else replace(self.shape, width=self.slots)
        return execution.placed(self.sites)

    @property
    def slots(self) -> int:
        """Neurons of one execution of the circuit."""
        return len(self.sites)

    @property
    def slot_of(self) -> NDArray[np.intp]:
        """Slot of each neuron of each copy, (copies, width)."""
        return np.arange(self.shape.neurons).reshape(self.shape.copies, -1) % self.slots


def compile_layer(
    target: Target,
    shape: Shape,
    *,
    sites: Sequence[Group] | None = None,
    score: Score | None = None,
    measurement: str = MEASURE,
    optimization_level: int = OPTIMIZATION_LEVEL,
    seed: int = 0,
) -> CompiledLayer:
    """Compile a layer of neurons for a target.

    Args:
        target: The device.
        shape: The layer.
        sites: The place of each neuron of every copy (of fewer for a layer wider than the chip);
            chosen where None.
        score: How bad a place is; see `transpile.layout.choose_sites`.
        measurement: The target's instruction that `measure` stands for: where it is faulty, a qubit
            is.
        optimization_level: Of the transpiler, 0 to 3.
        seed: Of the transpiler.

    Raises:
        TranspileError: For a layer that cannot be placed, or for bad sites.
    """
    if optimization_level not in range(4):
        raise TranspileError(f"optimization level: expected 0 to 3, got {optimization_level}")
    execution, parts = _split(target, shape, sites, score)
    if sites is None:
        sites = choose_sites(target, execution, score)
    sites = tuple(sites[: execution.neurons])
    groups = execution.placed(sites)
    check_groups(groups, target, shape.entanglement, measurement)
    qubits = [qubit for site in sites for qubit in site.neurons]
    qubits += [qubit for site in sites for qubit in site.ancillas]
    layer = layer_circuit(replace(execution, pairs=0))
    circuit = to_isa(layer, target, qubits, optimization_level, seed)
    circuit = insert_pairs(circuit, execution, groups, target)
    return CompiledLayer(circuit, sites, shape, parts)


def _split(
    target: Target, shape: Shape, sites: Sequence[Group] | None, score: Score | None
) -> tuple[Shape, int]:
    """What one execution is of, and the number of executions."""
    wanted = shape.neurons
    if sites is not None and len(sites) == wanted:
        return shape, 1
    room = capacity(target, shape, score)
    splits = shape.copies == 1 and shape.width > room
    # Groups stay together, so a part of a split layer has a multiple of their size.
    size = max(len(group.neurons) for group in shape.groups)
    if sites is not None:
        if not splits or len(sites) > wanted or not sites:
            raise TranspileError(f"qubits: expected {wanted} sites, got {len(sites)}")
        room = len(sites)
        if room < size:
            raise TranspileError(
                f"qubits: expected at least {size} sites for the pair gate {shape.pair_gate}, "
                f"got {room}"
            )
    room -= room % size
    if not splits or room == 0:
        return shape, 1
    parts = math.ceil(shape.width / room)
    slots = math.ceil(shape.width / parts)
    return replace(shape, width=slots + -slots % size), parts

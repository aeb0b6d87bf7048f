"""Compilation of a layer to an ISA circuit: a device's own gates on chosen physical qubits."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Barrier, QuantumCircuit
from qiskit.circuit.library import RZZGate
from qiskit.transpiler import Target, generate_preset_pass_manager

from transpile.digest import circuit_digest
from transpile.errors import TranspileError
from transpile.gate_pairs import PairGate, check_pairs, insert_pairs, neighbours
from transpile.layer import layer_circuit
from transpile.layout import capacity, choose_sites
from transpile.placement import check_sites
from transpile.sites import Site

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
        sites: The physical qubits of each slot.
        width: Neurons of the layer.
        copies: Images side by side, in slots copy * width + neuron.
        parts: Executions of the circuit that the layer needs; more than 1 only where it is wider
            than the chip, and then neuron j is in execution j // slots, slot j % slots. Slots that
            the last execution does not need take angle 0 and are ignored.
        entanglement: The angle g, radians.
    """

    circuit: QuantumCircuit
    sites: tuple[Site, ...]
    width: int
    copies: int
    parts: int
    entanglement: float

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the circuit, and of the slots that images and neurons use."""
        arrangement = f"{self.width} {self.copies} {self.parts} {circuit_digest(self.circuit)}"
        return hashlib.sha256(arrangement.encode()).hexdigest()

    @property
    def slots(self) -> int:
        """Neurons of one execution of the circuit."""
        return len(self.sites)

    @property
    def slot_of(self) -> NDArray[np.intp]:
        """Slot of each neuron of each copy, (copies, width)."""
        return np.arange(self.copies * self.width).reshape(self.copies, -1) % self.slots


def compile_layer(
    target: Target,
    width: int,
    entanglement: float,
    *,
    copies: int = 1,
    sites: Sequence[Site] | None = None,
    pairs: int = 0,
    pair_gate: PairGate = "sx",
    optimization_level: int = OPTIMIZATION_LEVEL,
    seed: int = 0,
) -> CompiledLayer:
    """Compile a layer of neurons for a target.

    Args:
        target: The device.
        width: Neurons.
        entanglement: The angle g, radians.
        copies: Images side by side.
        sites: One for each of copies * width neurons (fewer for a layer wider than the chip);
            chosen by calibration where None.
        pairs: Inserted gate pairs, exactly so many at every optimization level.
        pair_gate: "cz" joins neurons 2k and 2k+1 of the same copy, and places them on coupled
            qubits even with no pairs, so that the number of pairs does not change the qubits.
        optimization_level: Of the transpiler, 0 to 3.
        seed: Of the transpiler.

    Raises:
        TranspileError: For a layer that cannot be placed, for bad sites, pairs or angles.
    """
    check_pairs(pairs, pair_gate)
    if optimization_level not in range(4):
        raise TranspileError(f"optimization level: expected 0 to 3, got {optimization_level}")
    slots, parts = _split(target, width, entanglement, copies, sites, pair_gate)
    row = width if parts == 1 else slots
    if sites is None:
        sites = choose_sites(target, row, entanglement, pair_gate=pair_gate, copies=copies)
    sites = tuple(sites[:slots])
    check_sites(sites, target, entanglement, pair_gate, row)

    qubits = [site.neuron for site in sites]
    qubits += [site.ancilla for site in sites if site.ancilla is not None]
    layer = layer_circuit(slots, entanglement)
    circuit = to_isa(layer, target, qubits, optimization_level, seed)
    circuit = insert_pairs(
        circuit,
        [site.neuron for site in sites],
        neighbours(row, copies),
        pairs,
        pair_gate,
        target,
    )
    return CompiledLayer(circuit, sites, width, copies, parts, entanglement)


def _split(
    target: Target,
    width: int,
    entanglement: float,
    copies: int,
    sites: Sequence[Site] | None,
    pair_gate: PairGate,
) -> tuple[int, int]:
    """Slots of one execution, and the number of executions."""
    if width < 1 or copies < 1:
        raise TranspileError(
            f"layer: expected at least 1 neuron and 1 copy, got {width} and {copies}"
        )
    wanted = copies * width
    if sites is not None and len(sites) == wanted:
        return wanted, 1
    room = capacity(target, entanglement, pair_gate)
    splits = copies == 1 and width > room
    if sites is not None:
        if not splits or len(sites) > wanted or not sites:
            raise TranspileError(f"qubits: expected {wanted} sites, got {len(sites)}")
        room = len(sites)
        if pair_gate == "cz" and room == 1:
            raise TranspileError("qubits: expected at least 2 sites for the pair gate cz, got 1")
    # Couples of neurons stay together, so a part of a split layer has an even number of slots.
    granularity = 2 if pair_gate == "cz" else 1
    room -= room % granularity
    if not splits or room == 0:
        return wanted, 1
    parts = math.ceil(width / room)
    slots = math.ceil(width / parts)
    return slots + slots % granularity, parts


def to_isa(
    circuit: QuantumCircuit, target: Target, qubits: list[int], level: int, seed: int
) -> QuantumCircuit:
    """Translate to the target's gates on exactly these physical qubits, in the circuit's order."""
    # An initial layout also keeps every level from looking for another one.
    pass_manager = generate_preset_pass_manager(
        level, target=target, initial_layout=qubits, seed_transpiler=seed
    )
    compiled = pass_manager.run(_hide_rzz(circuit, target, qubits))
    return _restore_rzz(compiled, target, circuit)


def _native_rzz(target: Target, a: int, b: int) -> tuple[int, int] | None:
    """The direction in which the target has RZZ on two qubits, if it has it."""
    if "rzz" not in target.operation_names:
        return None
    return next((pair for pair in ((a, b), (b, a)) if pair in target["rzz"]), None)


def _hide_rzz(circuit: QuantumCircuit, target: Target, qubits: list[int]) -> QuantumCircuit:
    """Put a barrier in place of each RZZ that the target has.

    Levels 2 and 3 would turn some into RZZ of a negative angle, which no device accepts.
    """
    hidden = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name == "rzz":
            pair = (qubits[circuit.find_bit(q).index] for q in instruction.qubits)
            if _native_rzz(target, *pair):
                instruction = instruction.replace(operation=Barrier(2))
        hidden.append(instruction)
    return hidden


def _restore_rzz(compiled: QuantumCircuit, target: Target, layer: QuantumCircuit) -> QuantumCircuit:
    angles = [i.operation.params[0] for i in layer.data if i.operation.name == "rzz"]
    restored = compiled.copy_empty_like()
    for instruction in compiled.data:
        if instruction.operation.name == "barrier":
            pair = _native_rzz(target, *(compiled.find_bit(q).index for q in instruction.qubits))
            restored.append(RZZGate(angles[0]), pair)
        else:
            restored.append(instruction)
    return restored

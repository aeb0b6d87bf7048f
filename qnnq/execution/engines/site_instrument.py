"""What a step does to one site (a neuron's qubit and its ancilla): matrices on its Pauli vector.

A site is entangled with no other one. What a step does to it depends on nothing but the neuron's
angle and the outcomes that were reported last, on which branches depend. A step is cut into stages:
tables of branches, each for all patterns of a few bits, and the layer with its measurement, whose
elements are a + b cos(theta) + c sin(theta).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import (
    ClassicalRegister,
    Delay,
    Gate,
    IfElseOp,
    Measure,
    Operation,
    QuantumCircuit,
    Reset,
)
from qiskit.quantum_info import PTM, SuperOp

from noise_models.channels import NoiseChannels
from noise_models.stages import superoperator
from qnnq.execution.engines.layer_instrument import Matrix
from qnnq.execution.engines.polynomials import fit, grid
from qnnq.execution.engines.response import GROUND_STATE, apply_transfer, gate_matrices
from transpile import CompiledStep, Group

Placed = tuple["Operation | Branch", tuple[int, ...]]  # an operation, its physical qubits

MOST_TABLE_BITS = 8
"""Bits of a table of branches on single bits: 256 patterns stay in a processor's cache."""

_RESET = np.outer(GROUND_STATE, [1.0, 0.0, 0.0, 0.0])  # of a Pauli vector


class Block:
    """What one outcome of a condition leads to, on all qubits that it acts on.

    Args:
        circuit: It.
        physical: Its physical qubits.
    """

    def __init__(self, circuit: QuantumCircuit, physical: Sequence[int]) -> None:
        self._operations = placed_operations(circuit, physical)
        self._on: dict[int, list[int]] = {}
        for index, (_, qubits) in enumerate(self._operations):
            for qubit in qubits:
                self._on.setdefault(qubit, []).append(index)

    def own(self, qubits: Iterable[int]) -> list[Placed]:
        """Return the operations on some qubits."""
        found = {index for qubit in qubits for index in self._on.get(qubit, ())}
        return [self._operations[index] for index in sorted(found)]


@dataclass(frozen=True, eq=False)
class Branch:
    """A branch in a circuit.

    Attributes:
        bits: Neurons of the layer before whose outcomes are compared, the lowest bit first.
        value: With what.
        blocks: Where they are equal, and where not.
    """

    bits: tuple[int, ...]
    value: int
    blocks: tuple[Block, Block]

    @classmethod
    def of(cls, circuit: QuantumCircuit, operation: IfElseOp, physical: Sequence[int]) -> "Branch":
        """Return the branch of an operation of a circuit."""
        left, value = operation.condition
        bits = list(left) if isinstance(left, ClassicalRegister) else [left]
        then, otherwise = (Block(block, physical) for block in operation.blocks)
        numbers = tuple(circuit.find_bit(bit).registers[0][1] for bit in bits)
        return cls(numbers, int(value), (then, otherwise))


def placed_operations(circuit: QuantumCircuit, physical: Sequence[int]) -> list[Placed]:
    """Return the operations of a circuit other than barriers, with their physical qubits.

    Args:
        circuit: The circuit.
        physical: Those of its qubits.
    """
    number = dict(zip(circuit.qubits, physical, strict=True))
    found: list[Placed] = []
    for item in circuit.data:
        operation, qubits = item.operation, tuple(number[qubit] for qubit in item.qubits)
        if isinstance(operation, IfElseOp):
            found.append((Branch.of(circuit, operation, qubits), qubits))
        elif operation.name != "barrier":
            found.append((operation, qubits))
    return found


@dataclass(frozen=True, eq=False)
class Branches:
    """Successive operations of a step up to and with the last of some branches.

    Attributes:
        bits: Neurons of the layer before on whose outcomes they depend, ascending.
        operations: The operations.
    """

    bits: tuple[int, ...]
    operations: tuple[Placed, ...]


@dataclass(frozen=True, eq=False)
class StagedStep:
    """A step cut into tables of branches and the layer.

    Attributes:
        step: The step.
        tables: Empty where the angles are computed outside.
        layer: What follows the branches. Where there are no tables, it may flip a neuron's ancilla
            by that neuron's last outcome.
    """

    step: CompiledStep
    tables: tuple[Branches, ...]
    layer: tuple[Placed, ...]

    @property
    def before(self) -> tuple[Placed, ...]:
        """All operations up to and with the last branch."""
        return tuple(each for table in self.tables for each in table.operations)


def staged(step: CompiledStep) -> StagedStep:
    """Cut a step into stages of few bits each."""
    placed = placed_operations(step.circuit, range(step.circuit.num_qubits))
    tables: list[Branches] = []
    bits: set[int] = set()
    begin = end = 0
    for index, (operation, _) in enumerate(placed) if step.feedforward is not None else ():
        if not isinstance(operation, Branch):
            continue
        own = set(operation.bits)
        if bits and len(bits | own) > max(MOST_TABLE_BITS, len(own)):
            tables.append(Branches(tuple(sorted(bits)), tuple(placed[begin:end])))
            begin, bits = end, set()
        bits |= own
        end = index + 1
    if step.feedforward is not None:
        tables.append(Branches(tuple(sorted(bits)), tuple(placed[begin:end])))
    return StagedStep(step, tuple(tables), tuple(placed[end:]))


@dataclass(frozen=True)
class SiteInstrument:
    """The propagation of the Pauli basis of one site through stages.

    Args:
        site: The site.
        neuron: Of its neuron in every layer.
        channels: The noise.
    """

    site: Group
    neuron: int
    channels: NoiseChannels
    _errors: dict[object, Matrix | None] = field(default_factory=dict)

    def stages(self, staged: StagedStep) -> list[Matrix]:
        """Return matrices (last, cases, reported, out, in) of Pauli vectors, a stage each.

        Axis `last` has one element where the outcome that was reported last makes no difference,
        `reported` where nothing is measured. Cases are patterns of bits for tables, the last of
        which ends with the layer; and without tables the coefficients of 1, cos(theta) and
        sin(theta).
        """
        step = staged.step
        layer = self._own(staged.layer)
        if not staged.tables:
            return [np.stack([self._layer(step, layer, last) for last in (0, 1)])]
        assert step.feedforward is not None
        angle = step.feedforward.base[self.neuron] if self.neuron < step.width else 0.0
        powers = np.array([1.0, np.cos(angle), np.sin(angle)])
        measured = np.tensordot(powers, self._layer(step, layer, None), axes=1)
        *first, last = (self._table(table)[:, None] for table in staged.tables)
        return [each[None] for each in (*first, measured @ last)]

    def branched(self, staged: StagedStep) -> tuple[list[Matrix], list[Matrix], Matrix]:
        """Return what happens up to each branch and in it, and what the layer does.

        Returns:
            Where it is not taken, and where it is, (out, in) a branch; the layer's coefficients of
            1, cos(theta) and sin(theta), (3, reported, out, in).
        """
        size = 4 ** len(self.site.qubits)
        not_taken: list[Matrix] = []
        taken: list[Matrix] = []
        before = np.eye(size)
        mine = set(map(id, self._own(staged.before)))
        for each in staged.before:
            operation, physical = each
            if isinstance(operation, Branch):
                then, otherwise = (
                    self._matrix(block.own(self.site.qubits)) for block in operation.blocks
                )
                not_taken.append(otherwise @ before)
                taken.append(then @ before)
                before = np.eye(size)
            elif id(each) in mine:
                before = self._matrix([(operation, physical)]) @ before
        layer = self._layer(staged.step, self._own(staged.layer), None)
        return not_taken, taken, layer @ before

    def _own(self, operations: Iterable[Placed]) -> list[Placed]:
        qubits = set(self.site.qubits)
        return [each for each in operations if not qubits.isdisjoint(each[1])]

    def _table(self, table: Branches) -> Matrix:
        """Return (patterns, out, in) matrices."""
        bits = {bit: place for place, bit in enumerate(table.bits)}
        patterns = np.arange(2 ** len(bits))
        # For each operation what happens where it is not taken; where it is; for which patterns.
        alternatives: list[tuple[Matrix, Matrix, NDArray[np.bool_]]] = []
        for operation, physical in self._own(table.operations):
            if isinstance(operation, Branch):
                compared = [bits[bit] for bit in operation.bits]
                values = (patterns[:, None] >> compared & 1) @ (1 << np.arange(len(compared)))
                then, otherwise = (
                    self._matrix(block.own(self.site.qubits)) for block in operation.blocks
                )
                taken = values == operation.value
                alternatives.append((otherwise, then, taken))
            else:
                always = self._matrix([(operation, physical)])
                alternatives.append((always, always, np.zeros(len(patterns), dtype=bool)))
        return _products(alternatives, len(patterns), 4 ** len(self.site.qubits))

    def _matrix(self, operations: Iterable[Placed]) -> Matrix:
        """Return what unconditional operations without measurements do, (out, in)."""
        size = 4 ** len(self.site.qubits)
        state = np.eye(size).reshape(1, *(4,) * len(self.site.qubits), size)
        for operation, physical in operations:
            state = self._after(operation, physical, state, [{}])
        return state.reshape(size, size)

    def _layer(self, step: CompiledStep, operations: Sequence[Placed], last: int | None) -> Matrix:
        """Return (powers, reported, out, in) matrices.

        last: the neuron's bit in the layer before, on which its ancilla's flip depends.
        """
        size = 4 ** len(self.site.qubits)
        # (points, 4 a qubit, basis); once it is measured a last axis for the reported bit
        points = grid()
        state = np.broadcast_to(np.eye(size), (len(points), size, size))
        state = state.reshape(len(points), *(4,) * len(self.site.qubits), size)
        angles = [{self.neuron: float(angle)} for angle in points]
        measured = False
        for operation, physical in self._chosen(operations, last):
            if isinstance(operation, Measure):
                measured = True
                axes = [self.site.qubits.index(physical[0])]
                readers = self._projections(physical[0])
                state = np.stack([apply_transfer(m[None], state, axes) for m in readers], axis=-1)
                if physical[0] not in step.alive:
                    continue
            state = self._after(operation, physical, state, angles)
        if not measured:
            state = np.stack([state, np.zeros_like(state)], axis=-1)
        return fit(state.reshape(len(points), size, size, 2), 1).transpose(0, 3, 1, 2)

    def _chosen(self, operations: Iterable[Placed], last: int | None) -> Iterable[Placed]:
        """Yield what happens where bit `last` was reported last time."""
        for operation, physical in operations:
            if not isinstance(operation, Branch):
                yield operation, physical
                continue
            if operation.bits != (self.neuron,) or last is None:
                raise ValueError("if_else: expected the neuron's own outcome")
            yield from operation.blocks[0 if last == operation.value else 1].own(self.site.qubits)

    def _after(
        self,
        operation: Operation,
        physical: tuple[int, ...],
        state: Matrix,
        angles: list[dict[int, float]],
    ) -> Matrix:
        """Return a state after an operation (a measurement's outcome was taken) and its error."""
        axes = [self.site.qubits.index(qubit) for qubit in physical]
        if isinstance(operation, Gate):
            state = apply_transfer(gate_matrices(operation, angles), state, axes)
        elif isinstance(operation, Reset):
            state = apply_transfer(_RESET[None], state, axes)
        elif not isinstance(operation, Delay | Measure):
            raise ValueError(f"{operation.name}: expected gates, waits, resets, measurements")
        error = self._error(operation, physical)
        return state if error is None else apply_transfer(error[None], state, axes)

    def _error(self, operation: Operation, physical: tuple[int, ...]) -> Matrix | None:
        """Return the Pauli transfer matrix of what acts after an operation, None for nothing."""
        wait = (operation.duration, operation.unit) if isinstance(operation, Delay) else None
        key = (operation.name, physical, wait)
        if key not in self._errors:
            stages = self.channels.after(operation, physical)
            channel = SuperOp(superoperator(stages, len(physical)))
            self._errors[key] = PTM(channel).data.real if stages else None
        return self._errors[key]

    def _projections(self, qubit: int) -> list[Matrix]:
        """Return for each reported bit what it does to the Pauli vector of the measured qubit."""
        readout = self.channels.readout_errors.get(qubit, np.eye(2))  # [true, reported]
        found = []
        for zero, one in readout.T:
            matrix = np.zeros((4, 4))
            matrix[[0, 3], [0, 3]] = (zero + one) / 2
            matrix[[0, 3], [3, 0]] = (zero - one) / 2
            found.append(matrix)
        return found


def _products(
    alternatives: Sequence[tuple[Matrix, Matrix, NDArray[np.bool_]]], patterns: int, size: int
) -> Matrix:
    """Return the products of what happens one after the other, (patterns, out, in)."""
    if sum((taken.astype(int) for *_, taken in alternatives), np.zeros(patterns)).max() > 1:
        result = np.tile(np.eye(size), (patterns, 1, 1))
        for otherwise, then, taken in alternatives:
            result[taken] = then @ result[taken]
            result[~taken] = otherwise @ result[~taken]
        return result
    # A branch a pattern: all that comes before and after it is what happens without branches.
    before = [np.eye(size)]
    for otherwise, _, _ in alternatives:
        before.append(otherwise @ before[-1])
    result, after = np.tile(before.pop(), (patterns, 1, 1)), np.eye(size)
    for (otherwise, then, taken), earlier in zip(reversed(alternatives), reversed(before)):
        result[taken] = after @ then @ earlier
        after = after @ otherwise
    return result

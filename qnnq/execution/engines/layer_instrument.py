"""The exact noisy instruments of neurons that live on from layer to layer.

A site (a neuron's qubit, and its ancilla) is entangled with no other one, and what a step does to
it depends on nothing but the neuron's angle and, where its ancilla is flipped by its own outcome,
on the outcome that was reported last. So a step is, for each reported outcome, a real matrix on the
Pauli vector of the site, whose elements are a + b cos(theta) + c sin(theta). Few directions of that
vector can occur: the state is kept in coordinates of those, the first of which is its trace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Delay, Gate, IfElseOp, Measure, Operation, QuantumCircuit, Reset
from qiskit.quantum_info import PTM, SuperOp

from noise_models.channels import NoiseChannels
from noise_models.stages import superoperator
from qnnq.execution.engines.response import (
    ANGLES,
    GROUND_STATE,
    TO_COEFFICIENTS,
    apply_transfer,
    gate_matrices,
)
from transpile import CompiledNetwork, CompiledStep, Site

Matrix = NDArray[np.float64]

_RESET = np.outer(GROUND_STATE, [1.0, 0.0, 0.0, 0.0])  # of a Pauli vector
_NEGLIGIBLE = 1e-10
"""Of the largest singular value of the states that can occur: far below single precision."""


@dataclass(frozen=True, eq=False)
class LayerInstrument:
    """What one step does to the neurons of its layer, and to others that later layers measure.

    A state has coordinates for each outcome that was reported last; those of the other outcome are
    0, and the first of each is the trace, 1.

    Attributes:
        width: Neurons of the layer.
        matrices: Take the products of (1, cos theta, sin theta), the two last outcomes (+1, -1) and
            the coordinates to the unnormalised coordinates for both reported outcomes; shape
            (neurons, 3 * 2 * coordinates before, 2 * coordinates after).
    """

    width: int
    matrices: NDArray[np.float32]


@lru_cache(maxsize=8)
def layer_instruments(
    compiled: CompiledNetwork, channels: NoiseChannels
) -> tuple[LayerInstrument, ...]:
    """Return the exact instrument of every step of a network.

    The outcome is that of the state as it enters the measurement, since the calibrated readout
    error contains the decay up to the outcome; relaxing before it would count that twice. The state
    that it falls into then relaxes for as long as the measurement takes.

    Args:
        compiled: The network, its angles computed from the outcomes outside.
        channels: The noise of its gates, waits and measurements, without what joins neurons (ZZ
            couplings, correlated readout) and without leakage.
    """
    widths = [step.width for step in compiled.steps]
    placed = [_placed(step.circuit) for step in compiled.steps]
    sites = []
    for neuron, site in enumerate(compiled.sites):
        used = max(layer for layer, width in enumerate(widths) if neuron < width) + 1
        alone = _Site(site, neuron, channels)
        steps = [
            alone.full(step, operations)
            for step, operations in zip(compiled.steps[:used], placed[:used], strict=True)
        ]
        sites.append(_reduced(steps, len(site.qubits)))
    return tuple(
        LayerInstrument(width, _stacked([steps[layer] for steps in sites if layer < len(steps)]))
        for layer, width in enumerate(widths)
    )


_Placed = tuple[Operation, tuple[int, ...]]  # an operation, its physical qubits


def _placed(circuit: QuantumCircuit) -> list[_Placed]:
    number = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    return [
        (item.operation, tuple(number[qubit] for qubit in item.qubits))
        for item in circuit.data
        if item.operation.name != "barrier"
    ]


@dataclass(frozen=True)
class _Site:
    """The propagation of the Pauli basis of one site through a step."""

    site: Site
    neuron: int
    channels: NoiseChannels
    errors: dict[object, Matrix | None] = field(default_factory=dict)

    def full(self, step: CompiledStep, operations: Sequence[_Placed]) -> Matrix:
        """Return (2 last, 3 powers, 2 reported, out, in) matrices of Pauli vectors."""
        own = [each for each in operations if not set(each[1]).isdisjoint(self.site.qubits)]
        return np.stack([self._after(step, self._chosen(step, own, last)) for last in (0, 1)])

    def _after(self, step: CompiledStep, operations: Iterator[_Placed]) -> Matrix:
        qubits = self.site.qubits
        size = 4 ** len(qubits)
        # (points, 4 a qubit, basis); once it is measured a last axis for the reported bit
        state = np.broadcast_to(np.eye(size), (len(ANGLES), size, size))
        state = state.reshape(len(ANGLES), *(4,) * len(qubits), size)
        angles = [{self.neuron: float(angle)} for angle in ANGLES]
        measured = False
        for operation, physical in operations:
            axes = [qubits.index(qubit) for qubit in physical]
            if isinstance(operation, Measure):
                measured = True
                readers = self._projections(physical[0])
                state = np.stack([apply_transfer(m[None], state, axes) for m in readers], axis=-1)
                if physical[0] not in step.alive:
                    continue
            elif isinstance(operation, Gate):
                state = apply_transfer(gate_matrices(operation, angles), state, axes)
            elif isinstance(operation, Reset):
                state = apply_transfer(_RESET[None], state, axes)
            elif not isinstance(operation, Delay):
                raise ValueError(f"{operation.name}: expected gates, waits, resets, measurements")
            error = self._error(operation, physical)
            if error is not None:
                state = apply_transfer(error[None], state, axes)
        if not measured:
            state = np.stack([state, np.zeros_like(state)], axis=-1)
        values = state.reshape(len(ANGLES), size, size, 2)
        return np.tensordot(TO_COEFFICIENTS, values, axes=(1, 0)).transpose(0, 3, 1, 2)

    def _chosen(
        self, step: CompiledStep, operations: Sequence[_Placed], last: int
    ) -> Iterator[_Placed]:
        """Yield what happens on the site where bit `last` was reported last time."""
        for operation, physical in operations:
            if not isinstance(operation, IfElseOp):
                yield operation, physical
                continue
            bit, value = operation.condition
            ((_, index),) = step.circuit.find_bit(bit).registers
            if index != self.neuron:
                raise ValueError(f"if_else: expected outcome {self.neuron}, got {index}")
            for inner, places in _placed(operation.blocks[0 if last == value else 1]):
                yield inner, tuple(physical[place] for place in places)

    def _error(self, operation: Operation, physical: tuple[int, ...]) -> Matrix | None:
        """Return the Pauli transfer matrix of what acts after an operation, None for nothing."""
        wait = (operation.duration, operation.unit) if isinstance(operation, Delay) else None
        key = (operation.name, physical, wait)
        if key not in self.errors:
            stages = self.channels.after(operation, physical)
            channel = SuperOp(superoperator(stages, len(physical)))
            self.errors[key] = PTM(channel).data.real if stages else None
        return self.errors[key]

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


def _reduced(steps: Sequence[Matrix], qubits: int) -> list[Matrix]:
    """Return the same instruments in coordinates of the states that can occur."""
    start = np.ones(1)
    for _ in range(qubits):
        start = np.kron(start, GROUND_STATE)
    trace = np.eye(len(start))[:1]
    # For each outcome that was reported last: takes coordinates to a Pauli vector.
    vectors = [start[:, None], np.empty((len(start), 0))]
    result = []
    for layer, step in enumerate(steps):
        count = max(each.shape[1] for each in vectors)
        images = [
            [step[last, :, reported] @ vectors[last] for last in (0, 1)] for reported in (0, 1)
        ]
        if layer == len(steps) - 1:
            bases = [(trace, np.empty((len(start), 0)))] * 2  # only probabilities matter any more
        else:
            bases = [_coordinates(np.concatenate(np.concatenate(both, -1), -1)) for both in images]
        after = max(len(functionals) for functionals, _ in bases)
        reduced = np.zeros((2, 3, 2, after, count))
        for reported, (functionals, _) in enumerate(bases):
            for last in (0, 1):
                found = functionals @ images[reported][last]
                reduced[last, :, reported, : found.shape[1], : found.shape[2]] = found
        result.append(reduced)
        vectors = [basis for _, basis in bases]
    return result


def _coordinates(vectors: Matrix) -> tuple[Matrix, Matrix]:
    """Return what takes the span of Pauli vectors to coordinates, the first the trace, and back.

    Args:
        vectors: Shape (components, vectors).
    """
    left, values, _ = np.linalg.svd(vectors, full_matrices=False)
    basis = left[:, values > _NEGLIGIBLE * max(values[0], _NEGLIGIBLE)]
    if not basis.shape[1]:
        return basis.T, basis
    # The trace, then directions orthogonal to it.
    rotation = np.linalg.qr(basis[:1].T, mode="complete")[0].T
    rotation[0] = basis[0]
    return rotation @ basis.T, basis @ np.linalg.inv(rotation)


def _stacked(neurons: Sequence[Matrix]) -> NDArray[np.float32]:
    after = max(each.shape[3] for each in neurons)
    before = max(each.shape[4] for each in neurons)
    result = np.zeros((len(neurons), 3, 2, before, 2, after), dtype=np.float32)
    for matrix, each in zip(result, neurons, strict=True):
        swapped = each.transpose(1, 0, 4, 2, 3)  # (powers, last, before, reported, after)
        matrix[:, :, : each.shape[4], :, : each.shape[3]] = swapped
    return result.reshape(len(neurons), 6 * before, 2 * after)

"""Layers that receive a quantum state: the angles of its preparation go with those of the neurons.

The exact laws of outcomes are those of each connected component of the circuit: for pairs of twins
whose preparations join nothing, four qubits' worth of numbers each. Nothing is approximated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ParameterExpression, QuantumCircuit
from qiskit.quantum_info import Statevector

from noise_models.channels import NoiseChannels
from qnnq.arrays import OutcomeArray
from qnnq.data.states.preparations import Preparations
from qnnq.errors import InputError
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws, Engine
from qnnq.execution.engines.response import (
    Placed,
    component_probabilities,
    measured_slots,
    placed_components,
)

MOST_QUBITS = 10
"""Of a component under noise, whose density matrix is calculated: 4^10 numbers, 8 MiB."""

MOST_PURE_QUBITS = 20
"""Of a component without noise."""

NUMBERS_AT_ONCE = 1 << 22
"""In the states of a component that are calculated together."""

PREPARATION = 1
"""The stream of random numbers that choose preparations."""

Law = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From rows of angles to probabilities of bits, (rows, 2 ** bits); the first counts most."""


class ReceivingEngine:
    """Gives the first layer the angles of the states' preparations.

    Args:
        engine: Measures layers; of the first one it gets the neurons' angles, then those of the
            preparation.
        preparations: Of the states that images are the numbers of.
    """

    def __init__(self, engine: Engine, preparations: Preparations) -> None:
        self._engine = engine
        self._preparations = preparations

    @property
    def images_per_call(self) -> int | None:
        """How many images one call of `measure` may get; None asks for all of them at once."""
        return self._engine.images_per_call

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        if layer:
            return self._engine.measure(layer, angles, draws)
        copies = self._preparations.copies
        uniforms = draws.uniforms(copies, (PREPARATION,))
        prepared = self._preparations.drawn(draws.images, uniforms)
        own = np.broadcast_to(angles.values, (*prepared.shape[:2], angles.shape[-1]))
        together = np.concatenate([own.astype(np.float64), prepared], axis=-1)
        return self._engine.measure(0, Angles.given(together), draws)


class ReceivingInstrument:
    """Samples the first layer from its exact laws, and the others by another engine.

    Args:
        components: Of the first layer's circuit.
        others: Measures the layers behind it, called 0, 1, ...
    """

    images_per_call = 1 << 12

    def __init__(self, components: Sequence["Component"], others: Engine) -> None:
        self._components = tuple(components)
        self._others = others

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        if layer:
            return self._others.measure(layer - 1, angles, draws)
        images, shots, columns = angles.shape
        rows = angles.values.reshape(-1, columns).astype(np.float64)
        width = sum(len(each.bits) for each in self._components)
        uniforms = draws.uniforms(width).reshape(-1, width)
        outcomes = np.empty((len(rows), width), dtype=np.int8)
        for component in self._components:
            drawn = component.sample(rows, uniforms[:, component.bits[0]])
            outcomes[:, component.bits] = 1 - 2 * drawn
        return outcomes.reshape(images, shots, width)


@dataclass(frozen=True, eq=False)
class Component:
    """Qubits that nothing joins to others.

    Attributes:
        bits: The bits that it records.
        columns: The angles that it has.
        law: Of the bits in their order, by rows of these angles.
        at_once: Rows that `law` takes.
    """

    bits: tuple[int, ...]
    columns: tuple[int, ...]
    law: Law
    at_once: int

    def sample(self, rows: NDArray[np.float64], uniforms: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return bits, (rows, bits), of rows of all angles and a random number for each."""
        distinct, place = np.unique(rows[:, self.columns], axis=0, return_inverse=True)
        pattern = np.empty(len(rows), dtype=np.int64)
        order = np.argsort(place.ravel(), kind="stable")
        ends = np.cumsum(np.bincount(place.ravel(), minlength=len(distinct)))
        for start in range(0, len(distinct), self.at_once):
            found = self.law(distinct[start : start + self.at_once])
            for number, law in enumerate(found, start):
                own = order[ends[number - 1] if number else 0 : ends[number]]
                upto = np.cumsum(law)
                chosen = np.searchsorted(upto, uniforms[own] * upto[-1], side="right")
                pattern[own] = np.minimum(chosen, len(law) - 1)
        return pattern[:, None] >> np.arange(len(self.bits))[::-1] & 1


def noisy_components(circuit: QuantumCircuit, channels: NoiseChannels) -> list[Component]:
    """Return the components of a compiled layer with their exact noisy laws.

    Raises:
        InputError: If one has more than `MOST_QUBITS` qubits.
    """
    found = []
    for qubits, placed in placed_components(circuit, channels):
        slots = measured_slots(circuit, placed)
        if not slots:
            continue
        if len(qubits) > MOST_QUBITS:
            raise InputError(
                f"states: their preparation joins {len(qubits)} qubits, expected at most "
                f"{MOST_QUBITS} with `engine` instrument; `engine` aer takes more"
            )
        columns = _columns(placed)
        law = _noisy_law(placed, qubits, slots, channels, columns)
        at_once = max(1, NUMBERS_AT_ONCE // 4 ** len(qubits))
        found.append(Component(tuple(sorted(slots.values())), columns, law, at_once))
    return found


def _columns(placed: Sequence[Placed]) -> tuple[int, ...]:
    """Return the indices of the parameters of instructions."""
    values = [value for item, _ in placed for value in item.operation.params]
    parameters = [v.parameters for v in values if isinstance(v, ParameterExpression)]
    return tuple(sorted({each.index for found in parameters for each in found}))


def _noisy_law(
    placed: list[Placed],
    qubits: list[int],
    slots: dict[int, int],
    channels: NoiseChannels,
    columns: tuple[int, ...],
) -> Law:
    def law(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        assignments = [dict(zip(columns, row, strict=True)) for row in rows.tolist()]
        found = component_probabilities(placed, qubits, slots, channels, assignments)
        return np.maximum(found.reshape(len(rows), -1), 0.0)

    return law


def pure_components(circuit: QuantumCircuit) -> list[Component]:
    """Return the components of a circuit as it is written, without noise.

    Raises:
        InputError: If one has more than `MOST_PURE_QUBITS` qubits.
    """
    found = []
    for qubits, placed in placed_components(circuit, NoiseChannels.none()):
        if len(qubits) > MOST_PURE_QUBITS:
            raise InputError(
                f"states: their preparation joins {len(qubits)} qubits, expected at most "
                f"{MOST_PURE_QUBITS} with `engine` ideal"
            )
        slots = measured_slots(circuit, placed)
        # Qiskit's first qubit is the least significant one.
        order = sorted(qubits, key=slots.__getitem__, reverse=True)
        part = QuantumCircuit(len(order))
        for item, where in placed:
            if item.operation.name != "measure":
                part.append(item.operation, [order.index(qubit) for qubit in where])
        columns = _columns(placed)
        bits = tuple(sorted(slots.values()))
        found.append(Component(bits, columns, _pure_law(part), 1))
    return found


def _pure_law(part: QuantumCircuit) -> Law:
    def law(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        bound = (part.assign_parameters(row) for row in rows.tolist())
        return np.stack([Statevector(each).probabilities() for each in bound])

    return law

"""The exact noisy response of a compiled layer to its RY angles.

The circuit of a layer falls apart into connected components (one neuron; a neuron and its
ancilla; what an inserted two-qubit gate or a ZZ coupling joins). In each component the
probabilities of the measured bits are trigonometric polynomials of degree 1 in each angle, because
RY(theta) acts on a density matrix as a rotation of its Pauli vector, linear in (1, cos theta,
sin theta). Three angles 0, 2 pi/3, 4 pi/3 for each neuron therefore determine them exactly; where a
network's coupling turns a neuron twice by half of its angle, five do.
Nothing is approximated: a component that is too large for that is refused.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

import numpy as np
import rustworkx as rx
from numpy.typing import NDArray
from qiskit.circuit import (
    CircuitInstruction,
    Delay,
    Gate,
    Measure,
    ParameterExpression,
    QuantumCircuit,
)
from qiskit.quantum_info import PTM, Operator

from noise_models.channels import NoiseChannels
from noise_models.sequence import LocalError, noisy_sequence
from qnnq.errors import InputError
from qnnq.execution.engines.layer_response import ComponentResponse, LayerResponse
from qnnq.execution.engines.polynomials import fit, grid
from transpile import CompiledLayer

GROUND_STATE = np.array([1.0, 0.0, 0.0, 1.0])  # the Pauli vector of |0><0|: <I>, <X>, <Y>, <Z>
_BIT_READERS = np.array([[0.5, 0, 0, 0.5], [0.5, 0, 0, -0.5]])  # Tr(P_bit rho) = reader . vector


LARGEST_STATE = 1 << 24
"""Numbers in the states of a component: 4 for each qubit times 3 for each neuron (128 MiB)."""


Placed = tuple[CircuitInstruction, tuple[int, ...]]
"""An instruction and its physical qubits."""


@lru_cache(maxsize=64)
def layer_response(layer: CompiledLayer, channels: NoiseChannels) -> LayerResponse:
    """Return the exact response of a compiled layer under its noise.

    Raises:
        InputError: If a probability is not finite.
    """
    components = component_responses(layer.circuit, channels, layer.shape.degree)
    for component in components:
        if not np.isfinite(component.coefficients).all():
            site = layer.sites[component.slots[0]]
            raise InputError(f"site {site}: expected finite probabilities, the noise gives others")
    return LayerResponse.of_components(layer.slot_of.astype(np.int64), layer.slots, components)


def component_responses(
    circuit: QuantumCircuit, channels: NoiseChannels, degree: int = 1
) -> list[ComponentResponse]:
    """Return the exact response of every component of a layer's ISA circuit.

    Args:
        circuit: An ISA circuit with parameters `angle[k]` and classical bit k for slot k, each
            measurement the last thing that happens on its qubit.
        channels: The noise of its gates, waits and measurements.
        degree: In how many equal parts the angle of a joined neuron turns it; of others, in one.

    Raises:
        InputError: If gates and ZZ couplings join too many neurons.
    """
    responses = []
    for qubits, placed in placed_components(circuit, channels):
        response = _component_response(circuit, placed, qubits, channels, degree)
        if response.slots:
            responses.append(response)
    return sorted(responses, key=lambda response: response.slots)


def placed_components(
    circuit: QuantumCircuit, channels: NoiseChannels
) -> list[tuple[list[int], list[Placed]]]:
    """Return the qubits, ascending, of each component of a circuit, and what happens to them."""
    placed = [
        (item, tuple(circuit.find_bit(qubit).index for qubit in item.qubits))
        for item in circuit.data
        if item.operation.name != "barrier"
    ]
    components = _components(circuit.num_qubits, placed, channels)
    inside: list[list[Placed]] = [[] for _ in components]
    number_of = {qubit: number for number, qubits in enumerate(components) for qubit in qubits}
    for item, physical in placed:
        inside[number_of[physical[0]]].append((item, physical))
    return [(sorted(qubits), own) for qubits, own in zip(components, inside, strict=True)]


def _components(qubits: int, placed: Iterable[Placed], channels: NoiseChannels) -> list[set[int]]:
    graph: rx.PyGraph = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(qubits))
    together = {physical for _, physical in placed}
    active = {qubit for physical in together for qubit in physical}
    for physical in together:
        graph.add_edges_from_no_data(list(zip(physical, physical[1:], strict=False)))
    coupled = [pair for pair in channels.coupling_rates if active.issuperset(pair)]
    graph.add_edges_from_no_data(coupled)
    return [nodes for nodes in rx.connected_components(graph) if nodes & active]


def _component_response(
    circuit: QuantumCircuit,
    placed: list[Placed],
    qubits: list[int],
    channels: NoiseChannels,
    degree: int,
) -> ComponentResponse:
    slot_of_qubit = measured_slots(circuit, placed)
    slots = sorted(slot_of_qubit.values())
    count = len(slots)
    points = grid(degree if count > 1 else 1)
    if 4 ** len(qubits) * len(points) ** count > LARGEST_STATE:
        raise InputError(
            f"noise: its ZZ coupling joins {count} neurons on {len(qubits)} qubits, more than "
            "the instrument engine calculates; expected `qubits` that are not coupled, or, but not "
            "in a fit, `engine` aer"
        )
    assignments = [dict(zip(slots, point, strict=True)) for point in product(points, repeat=count)]
    probabilities = component_probabilities(placed, qubits, slot_of_qubit, channels, assignments)
    fitted = fit(probabilities, count, len(points) // 2)
    coefficients = np.moveaxis(fitted, range(count), range(count, 2 * count))
    return ComponentResponse(tuple(slots), coefficients)


def component_probabilities(
    placed: list[Placed],
    qubits: list[int],
    slot_of_qubit: dict[int, int],
    channels: NoiseChannels,
    assignments: list[dict[int, float]],
) -> NDArray[np.float64]:
    """Return the probabilities of a component's recorded bits, (points, 2, ..., 2) by their slots.

    Args:
        placed: What happens to the component.
        qubits: Its qubits, ascending.
        slot_of_qubit: The classical bit of each measured one.
        channels: The noise.
        assignments: Of each point, values by the parameters' indices.
    """
    evolution = _Evolution(qubits, len(assignments), channels)
    operations = [(item.operation, physical) for item, physical in placed]
    for noisy in noisy_sequence(operations, channels):
        operation, physical = operations[noisy.position]
        evolution.suffer(noisy.before)
        if isinstance(operation, Gate):
            evolution.apply(gate_matrices(operation, assignments), physical)
        elif not isinstance(operation, Delay | Measure):
            raise ValueError(f"{operation.name}: expected gates, waits and final measurements")
        evolution.suffer(noisy.after)
    return _read(evolution.state(), qubits, slot_of_qubit, channels)


class _Evolution:
    """The state of some qubits, at every point of their angles, from |0...0> on."""

    def __init__(self, qubits: list[int], points: int, channels: NoiseChannels) -> None:
        self._qubits = qubits
        self._channels = channels
        # One axis of points, then one Pauli axis a qubit.
        self._state = np.ones((points,))
        for _ in qubits:
            self._state = np.multiply.outer(self._state, GROUND_STATE)
        # What is still to be applied to a qubit of its own: products of matrices are quick.
        self._pending = np.eye(4)[None]

    def suffer(self, errors: Iterable[LocalError]) -> None:
        """Apply errors."""
        for stages, where in errors:
            self.apply(self._channels.transfer(stages, len(where))[None], where)

    def apply(self, matrices: NDArray[np.float64], where: tuple[int, ...]) -> None:
        """Apply (1 or points, 4**n, 4**n) matrices to n qubits."""
        if len(self._qubits) == 1:
            self._pending = matrices @ self._pending
        else:
            axes = [self._qubits.index(qubit) for qubit in where]
            self._state = apply_transfer(matrices, self._state, axes)

    def state(self) -> NDArray[np.float64]:
        """Return the state, (points, 4, ..., 4)."""
        if len(self._qubits) == 1:
            return apply_transfer(self._pending, self._state, [0])
        return self._state


def measured_slots(circuit: QuantumCircuit, placed: Iterable[Placed]) -> dict[int, int]:
    """Return the classical bit of each measured qubit; nothing may follow a measurement."""
    slots: dict[int, int] = {}
    for item, physical in placed:
        if not slots.keys().isdisjoint(physical):
            raise ValueError(f"{item.operation.name} after a measurement of qubits {physical}")
        if item.operation.name == "measure":
            slots[physical[0]] = circuit.find_bit(item.clbits[0]).index
    return slots


def gate_matrices(gate: Gate, assignments: list[dict[int, float]]) -> NDArray[np.float64]:
    """Return the gate's Pauli transfer matrices, (1 or points, 4**n, 4**n)."""
    if not any(isinstance(value, ParameterExpression) for value in gate.params):
        return _transfer_matrix(gate.name, tuple(float(value) for value in gate.params), gate)[None]
    matrices = []
    for assignment in assignments:
        values = tuple(_bound(value, assignment) for value in gate.params)
        bound = gate.to_mutable()
        bound.params = list(values)
        matrices.append(_transfer_matrix(gate.name, values, bound))
    return np.stack(matrices)


def _bound(value: ParameterExpression | float, assignment: dict[int, float]) -> float:
    if not isinstance(value, ParameterExpression):
        return float(value)
    binding = {parameter: assignment[parameter.index] for parameter in value.parameters}
    return float(value.bind(binding).numeric())


_MATRICES: dict[tuple[str, tuple[float, ...]], NDArray[np.float64]] = {}


def _transfer_matrix(name: str, params: tuple[float, ...], gate: Gate) -> NDArray[np.float64]:
    key = (name, params)
    if key not in _MATRICES:
        _MATRICES[key] = PTM(Operator(gate)).data.real
    return _MATRICES[key]


def apply_transfer(
    matrices: NDArray[np.float64], state: NDArray[np.float64], axes: list[int]
) -> NDArray[np.float64]:
    """Apply (points, 4**n, 4**n) matrices to the Pauli axes of (points, 4, ..., 4) states.

    Qiskit's order: the first qubit of an instruction is the least significant digit.
    """
    first = [0, *(axis + 1 for axis in reversed(axes))]
    order = first + [axis for axis in range(state.ndim) if axis not in first]
    moved = state.transpose(order)
    flat = moved.reshape(len(state), 4 ** len(axes), -1)
    back = sorted(range(state.ndim), key=order.__getitem__)
    applied: NDArray[np.float64] = np.matmul(matrices, flat).reshape(moved.shape)
    return applied.transpose(back)


def _read(
    state: NDArray[np.float64],
    qubits: list[int],
    slot_of_qubit: dict[int, int],
    channels: NoiseChannels,
) -> NDArray[np.float64]:
    """Return probabilities of recorded bits, (points, 2, ..., 2) in the order of the slots."""
    for axis, qubit in reversed(list(enumerate(qubits))):
        if qubit not in slot_of_qubit:
            state = np.take(state, 0, axis=axis + 1)  # the identity component: a partial trace
    measured = [qubit for qubit in qubits if qubit in slot_of_qubit]
    for axis, qubit in enumerate(measured):
        reader = channels.readout_errors.get(qubit, np.eye(2)).T @ _BIT_READERS
        state = np.moveaxis(np.tensordot(state, reader, axes=(axis + 1, 1)), -1, axis + 1)
    order = np.argsort([slot_of_qubit[qubit] for qubit in measured])
    return np.transpose(state, [0, *(order + 1)])

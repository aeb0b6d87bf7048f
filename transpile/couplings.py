"""Couplings of neurons as gates; see `qnnq.networks.couplings` for what they do."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from qiskit.circuit import ParameterVector, QuantumCircuit
from qiskit.circuit.library import XXPlusYYGate

from transpile.errors import TranspileError, unknown

KINDS = ("cz", "cz-own", "xx+yy", "bell")


class Coupling(Protocol):
    """Neurons of one layer that gates join."""

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        ...

    @property
    def neurons(self) -> tuple[int, ...]:
        """Their numbers, in the order of the chain."""
        ...

    @property
    def angles(self) -> tuple[float, ...]:
        """Radians."""
        ...

    @property
    def degree(self) -> int:
        """In how many equal parts a neuron's own angle turns it."""
        ...


def check_couplings(couplings: Sequence[Coupling]) -> None:
    """Raise TranspileError for a kind that there is not, or a neuron in two couplings."""
    neurons = [neuron for coupling in couplings for neuron in coupling.neurons]
    for coupling in couplings:
        if coupling.kind not in KINDS:
            raise unknown("coupling", coupling.kind, KINDS)
    if len({*neurons}) < len(neurons):
        raise TranspileError("couplings: expected neurons that are in one coupling each")


def append_coupled_step(
    circuit: QuantumCircuit, coupling: Coupling, angle: ParameterVector, numbers: Sequence[int]
) -> None:
    """Rotate the neurons of a coupling, couple them and measure them.

    Args:
        circuit: A circuit whose qubits and bits are neurons and their outcomes.
        coupling: The coupling.
        angle: By which each neuron of the circuit is rotated, radians.
        numbers: Of the coupling's neurons in the circuit.
    """
    links = list(pairwise(numbers))
    if coupling.kind == "bell":
        circuit.ry(coupling.angles[0], numbers[0])
        for link in links:
            circuit.cx(*link)
    halved = coupling.kind == "cz-own"
    for number in numbers:
        circuit.ry(angle[number] / 2 if halved else angle[number], number)
    if coupling.kind == "xx+yy":
        for turn, link in zip(coupling.angles, links, strict=True):
            _exchange(circuit, turn, link)
    elif coupling.kind != "bell":
        for link in links:
            circuit.cz(*link)
        for turn, number in zip(coupling.angles, numbers, strict=True):
            circuit.ry(turn + angle[number] / 2 if halved else turn, number)
    circuit.measure(numbers, numbers)


def _exchange(circuit: QuantumCircuit, angle: float, link: tuple[int, int]) -> None:
    """Append exp(-i (angle / 4)(XX + YY)).

    Its gate is at an angle in [0, pi], which is RZZ at 0 to pi/2: devices take no other. Z on one
    of the qubits before and after turns the angle's sign, Z on both afterwards adds 2 pi to it.
    """
    rest = math.remainder(angle, 2 * math.pi)
    if rest < 0:
        circuit.z(link[0])
    circuit.append(XXPlusYYGate(abs(rest)), link)
    if rest < 0:
        circuit.z(link[0])
    if round((angle - rest) / (2 * math.pi)) % 2:
        circuit.z(link)

"""The activation step of one neuron: a rotation, then a projective or a weak measurement."""

import math

from qiskit.circuit import Clbit, ParameterExpression, QuantumCircuit, Qubit

from transpile.errors import TranspileError

PROJECTIVE = math.pi / 2
"""The entanglement angle g at which the measurement is projective and needs no ancilla."""


def check_entanglement(entanglement: float) -> float:
    """Return the entanglement angle g (radians); raise TranspileError outside (0, pi/2]."""
    if not 0 < entanglement <= PROJECTIVE:
        raise TranspileError(f"entanglement: expected 0 < g <= pi/2 radians, got {entanglement}")
    return float(entanglement)


def is_projective(entanglement: float) -> bool:
    """Whether the entanglement angle g (radians) measures the neuron itself, without an ancilla."""
    return check_entanglement(entanglement) == PROJECTIVE


def append_projective_step(
    circuit: QuantumCircuit, angle: float | ParameterExpression, neuron: Qubit, outcome: Clbit
) -> None:
    """Rotate the neuron by RY(angle), angle in radians, and measure it (arXiv 2503.15482).

    On |0> this gives P(r) = (1 + r cos angle) / 2; outcome +1 is bit 0.
    """
    circuit.ry(angle, neuron)
    circuit.measure(neuron, outcome)


def append_weak_step(
    circuit: QuantumCircuit,
    angle: float | ParameterExpression,
    entanglement: float,
    neuron: Qubit,
    ancilla: Qubit,
    outcome: Clbit,
) -> None:
    """Rotate the neuron by RY(angle) and measure it weakly through an ancilla in |0>.

    The ancilla is brought to |+>, coupled by RZY(-g) = exp(+i (g/2) Z_neuron Y_ancilla) and
    measured. Outcome r acts on the neuron as diag(sqrt((1 + r s)/2), sqrt((1 - r s)/2)) with
    s = sin g (arXiv 2503.15482), so on |0> P(r) = (1 + r s cos angle) / 2.

    RX(pi/2) RZZ(g) RX(-pi/2) on the ancilla equals RZY(-g), since RX(pi/2) turns Z into -Y: the
    RZZ angle is g itself, within the (0, pi/2] of fractional gates.
    """
    circuit.ry(angle, neuron)
    circuit.h(ancilla)
    circuit.rx(-math.pi / 2, ancilla)
    circuit.rzz(check_entanglement(entanglement), neuron, ancilla)
    circuit.rx(math.pi / 2, ancilla)
    circuit.measure(ancilla, outcome)

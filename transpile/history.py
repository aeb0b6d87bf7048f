"""Activation steps of several layers on the same qubits, for one fixed history of outcomes."""

import math

import numpy as np
from numpy.typing import ArrayLike
from qiskit.circuit import ClassicalRegister, QuantumCircuit, QuantumRegister

from transpile.activation_step import append_projective_step, append_weak_step, is_projective
from transpile.errors import TranspileError


def history_circuit(
    activations: ArrayLike, outcomes: ArrayLike, entanglement: ArrayLike
) -> QuantumCircuit:
    """Compose the activation steps of several layers; the neurons' qubits live on in between.

    activations: phi(z) of each step, (steps, width). outcomes: the outcomes +1/-1 that the angles
    assume, (steps - 1, width): step t rotates by theta = (pi/2) (r - phi), r being the outcome of
    the step before and +1 in the first. entanglement: the angle g in radians, one or (steps,).

    Registers: `neuron`, `ancilla` (where some g < pi/2) and `outcome0`, `outcome1`, ... for the
    steps. An ancilla is measured, reset and used again; with g = pi/2 the neuron is measured.
    The circuit follows the history only where its own outcomes are the assumed ones.
    Raises TranspileError for shapes that do not fit, outcomes other than +1/-1, or a bad g.
    """
    phi = np.asarray(activations, dtype=float)
    if phi.ndim != 2 or phi.size == 0:
        raise TranspileError(f"activations: expected shape (steps, width), got {phi.shape}")
    steps, width = phi.shape
    history = np.asarray(outcomes, dtype=float).reshape(-1, width)
    if history.shape != (steps - 1, width) or not np.all(np.abs(history) == 1):
        raise TranspileError(
            f"outcomes: expected +1/-1 in shape {(steps - 1, width)}, got {history.shape}"
        )
    if np.shape(entanglement) not in ((), (steps,)):
        raise TranspileError(
            f"entanglement: expected one angle or {steps}, got shape {np.shape(entanglement)}"
        )
    angles = np.broadcast_to(np.asarray(entanglement, dtype=float), (steps,))
    rotations = (math.pi / 2) * (np.vstack([np.ones((1, width)), history]) - phi)

    neuron = QuantumRegister(width, "neuron")
    circuit = QuantumCircuit(neuron, name="history")
    ancilla = QuantumRegister(width, "ancilla")
    if not all(is_projective(g) for g in angles):
        circuit.add_register(ancilla)
    ancillas_used = False
    for t, g in enumerate(angles):
        outcome = ClassicalRegister(width, f"outcome{t}")
        circuit.add_register(outcome)
        if is_projective(g):
            for k in range(width):
                append_projective_step(circuit, rotations[t, k], neuron[k], outcome[k])
            continue
        if ancillas_used:
            circuit.reset(ancilla)
        ancillas_used = True
        for k in range(width):
            append_weak_step(circuit, rotations[t, k], g, neuron[k], ancilla[k], outcome[k])
    return circuit

"""Conditional instructions on a timeline: rotations of a layer, and flips of measured ancillas."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ClassicalRegister, Clbit, IfElseOp, ParameterVector, QuantumCircuit
from qiskit.circuit.library import XGate
from qiskit.transpiler import Target

from transpile.errors import TranspileError
from transpile.feedforward import Branch
from transpile.native import to_isa
from transpile.schedule import as_late_as_possible
from transpile.timeline import Timeline, delay


class RotationTemplate:
    """RY of every neuron of a layer in a target's gates, scheduled, to be filled with angles.

    Args:
        target: The device.
        neurons: The physical qubits of the layer's neurons.
        ancillas: Physical qubits that branches may flip; every branch takes the same time.
        optimization_level: 0 to 3.
        seed: Of the transpiler.
    """

    def __init__(
        self,
        target: Target,
        neurons: Sequence[int],
        ancillas: Sequence[int],
        optimization_level: int,
        seed: int,
    ) -> None:
        self._target = target
        self._neurons = list(neurons)
        rotations = QuantumCircuit(len(neurons))
        for qubit, angle in enumerate(ParameterVector("angle", len(neurons))):
            rotations.ry(angle, qubit)
        isa = to_isa(rotations, target, self._neurons, optimization_level, seed)
        timed = as_late_as_possible(isa, target)
        last = max(instruction.end for instruction in timed)
        flips = [x_duration(target, qubit) for qubit in ancillas]
        self.duration = max([last, *flips])
        timeline = Timeline(isa.copy_empty_like(), target, neurons)
        for instruction in timed:
            timeline.append_timed(instruction, self.duration - last)
        timeline.wait(neurons, self.duration)
        self._circuit = timeline.circuit

    def body(
        self, angles: NDArray[np.float64], flips: Sequence[int]
    ) -> tuple[QuantumCircuit, list[int]]:
        """The rotations by angles other than 0 and X on `flips`; and on which physical qubits."""
        turned = [q for q, angle in zip(self._neurons, angles, strict=True) if angle]
        qubits = [*turned, *flips]
        index = {qubit: position for position, qubit in enumerate(qubits)}
        body = QuantumCircuit(len(qubits))
        for instruction in self._circuit.assign_parameters(angles).data:
            qubit = self._circuit.find_bit(instruction.qubits[0]).index
            if qubit in index:
                body.append(instruction.operation, (index[qubit],))
        timeline = Timeline(body, self._target)
        for qubit in flips:
            timeline.append(XGate(), (index[qubit],), 0.0, x_duration(self._target, qubit))
            timeline.wait((index[qubit],), self.duration)
        return body, qubits


def append_branch(
    timeline: Timeline,
    template: RotationTemplate,
    branch: Branch,
    last: ClassicalRegister,
    flips: Sequence[int],
    start: float,
) -> bool:
    """Append a branch that rotates neurons and flips ancillas; where it is not taken, they wait.

    Args:
        timeline: Where it is appended.
        template: The rotations of the neurons.
        branch: The condition and the angles.
        last: The outcomes of the layer before.
        flips: The ancillas to flip.
        start: Seconds.

    Returns:
        Whether there was anything to do.
    """
    body, qubits = template.body(branch.angles, flips)
    if not qubits:
        return False
    if len(branch.bits) == 1:
        condition: tuple[Clbit | ClassicalRegister, int] = (last[branch.bits[0]], branch.value)
    elif branch.bits == tuple(range(len(last))):
        condition = (last, branch.value)
    else:
        raise TranspileError(f"branch: expected one bit or all {len(last)}, got {branch.bits}")
    _append_conditional(timeline, condition, body, qubits, start, template.duration)
    return True


def append_flip(
    timeline: Timeline, condition: tuple[Clbit, int], ancilla: int, start: float, duration: float
) -> None:
    """Append an X on an ancilla where its own outcome was 1; it waits where it was 0."""
    body = QuantumCircuit(1)
    body.x(0)
    _append_conditional(timeline, condition, body, [ancilla], start, duration)


def x_duration(target: Target, qubit: int) -> float:
    """Seconds that an X takes; raises TranspileError where the target has none."""
    properties = target["x"].get((qubit,)) if "x" in target.operation_names else None
    if properties is None or properties.duration is None:
        raise TranspileError(f"target: expected x and its duration, found none on qubit {qubit}")
    return float(properties.duration)


def _append_conditional(
    timeline: Timeline,
    condition: tuple[Clbit | ClassicalRegister, int],
    body: QuantumCircuit,
    qubits: list[int],
    start: float,
    duration: float,
) -> None:
    otherwise = QuantumCircuit(len(qubits))
    for qubit in otherwise.qubits:
        otherwise.append(delay(duration, timeline.dt), (qubit,))
    timeline.append(IfElseOp(condition, body, otherwise), qubits, start, duration)

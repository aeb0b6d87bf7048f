"""Instructions at their times: the circuit that they make, with a Delay for every wait."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qiskit.circuit import CircuitInstruction, Clbit, Delay, Operation, QuantumCircuit
from qiskit.transpiler import Target

ROUNDING = 1e-15
"""Seconds; sums of durations that are equal differ by rounding, about 1e-22 s."""


class TimedInstruction(NamedTuple):
    """An instruction on physical qubits that takes `duration` seconds from `start` seconds."""

    instruction: CircuitInstruction
    qubits: tuple[int, ...]
    start: float
    duration: float

    @property
    def end(self) -> float:
        """Seconds."""
        return self.start + self.duration


class Timeline:
    """Appends instructions at their times to a circuit on a target's physical qubits.

    Args:
        circuit: The instructions are appended to it.
        target: The device.
        alive: Qubits that are in use when the timeline begins, at 0. Others are in |0> until their
            first instruction, and that is no wait.
    """

    def __init__(self, circuit: QuantumCircuit, target: Target, alive: Iterable[int] = ()) -> None:
        self.circuit = circuit
        self.dt = target.dt
        self._ready = dict.fromkeys(alive, 0.0)

    def append(
        self,
        operation: Operation,
        qubits: Sequence[int],
        start: float,
        duration: float,
        clbits: Sequence[Clbit] = (),
    ) -> None:
        """Append an instruction that takes `duration` seconds from `start` seconds."""
        self.wait(qubits, start)
        self.circuit.append(operation, qubits, clbits)
        self._ready.update(dict.fromkeys(qubits, start + duration))

    def append_timed(self, timed: TimedInstruction, after: float = 0.0) -> None:
        """Append a scheduled instruction, `after` seconds later than it was scheduled."""
        operation, clbits = timed.instruction.operation, timed.instruction.clbits
        if operation.name == "barrier":
            self.circuit.append(operation, timed.qubits)
        else:
            self.append(operation, timed.qubits, after + timed.start, timed.duration, clbits)

    def ready(self, qubit: int) -> float:
        """When the last instruction on a qubit in use ends, seconds."""
        return self._ready[qubit]

    def wait(self, qubits: Iterable[int], end: float) -> None:
        """Let those of the qubits that are in use wait until `end` seconds."""
        for qubit in qubits:
            duration = end - self._ready.get(qubit, end)
            if duration > ROUNDING:
                self.circuit.append(delay(duration, self.dt), (qubit,))
                self._ready[qubit] = end


def delay(duration: float, dt: float | None) -> Delay:
    """A Delay of `duration` seconds: in units of dt (seconds) where a target has it, else in s."""
    return Delay(duration, "s") if dt is None else Delay(round(duration / dt), "dt")


def aligned(seconds: float, target: Target) -> float:
    """The next time (s) at which the target can start a gate; any where it has no dt."""
    if target.dt is None:
        return seconds
    step: float = target.dt * max(target.pulse_alignment, 1)
    return math.ceil(seconds / step - 1e-6) * step

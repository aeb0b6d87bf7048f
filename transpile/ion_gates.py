"""The native gates of IonQ's machines, whose phases and angles are in turns.

As https://docs.ionq.com/guides/getting-started-with-native-gates defines them; the names are those
of qiskit-ionq, which need not be installed.
"""

import cmath
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from qiskit.circuit import Gate, ParameterExpression, QuantumCircuit
from qiskit.circuit.library import RXXGate

Turns: TypeAlias = float | ParameterExpression


class GPIGate(Gate):  # type: ignore[misc]
    """A rotation by pi about an axis of the equator: i R(pi, 2 pi phase)."""

    def __init__(self, phase: Turns) -> None:
        super().__init__("gpi", 1, [phase])

    def _define(self) -> None:
        self.definition = QuantumCircuit(1, global_phase=math.pi / 2)
        self.definition.r(math.pi, 2 * math.pi * self.params[0], 0)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return the unitary."""
        turned = cmath.exp(2j * math.pi * float(self.params[0]))
        return np.array([[0, turned.conjugate()], [turned, 0]], dtype=dtype)


class GPI2Gate(Gate):  # type: ignore[misc]
    """A rotation by pi / 2 about an axis of the equator: R(pi / 2, 2 pi phase)."""

    def __init__(self, phase: Turns) -> None:
        super().__init__("gpi2", 1, [phase])

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.r(math.pi / 2, 2 * math.pi * self.params[0], 0)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return the unitary."""
        turned = -1j * cmath.exp(2j * math.pi * float(self.params[0]))
        matrix = np.array([[1, -turned.conjugate()], [turned, 1]], dtype=dtype)
        return matrix / math.sqrt(2)


class MolmerSorensenGate(Gate):  # type: ignore[misc]
    """exp(-i pi angle A B): RXX(2 pi angle) about axes A, B at two phases on the equator.

    Its class has another name than qiskit-ionq's, which QPY takes for Qiskit's own MSGate.
    """

    def __init__(self, first: Turns, second: Turns, angle: Turns) -> None:
        super().__init__("ms", 2, [first, second, angle])

    def _define(self) -> None:
        first, second, angle = (2 * math.pi * turns for turns in self.params)
        self.definition = QuantumCircuit(2)
        for sign in (-1, 1):
            self.definition.rz(sign * first, 0)
            self.definition.rz(sign * second, 1)
            if sign < 0:
                self.definition.rxx(angle, 0, 1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return the unitary, the first qubit least significant."""
        first, second, angle = (2 * math.pi * float(turns) for turns in self.params)
        half = np.array([-0.5, 0.5])
        frame = np.exp(1j * np.add.outer(second * half, first * half)).ravel()
        matrix = np.asarray(RXXGate(angle).to_matrix())
        return np.asarray(frame[:, None] * matrix * frame.conj(), dtype=dtype)


GATES: dict[str, Callable[..., Gate]] = {"gpi": GPIGate, "gpi2": GPI2Gate, "ms": MolmerSorensenGate}


def with_ion_gates(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit with these gates in place of others of their names, as QPY reads them."""
    if not circuit.count_ops().keys() & GATES.keys():
        return circuit
    result = circuit.copy_empty_like()
    for item in circuit.data:
        make = GATES.get(item.operation.name)
        result.append(item.replace(operation=make(*item.operation.params)) if make else item)
    return result

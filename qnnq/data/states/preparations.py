"""All preparations of a data set of states as one parametrised circuit, and a table of its angles.

Between two-qubit gates every qubit turns by U(theta, phi, lambda). In front of each CZ both of its
qubits do, and in the end all of them. So one circuit prepares every state whose CZ gates are in the
same places, and a shot of another preparation is another row of angles.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from qnnq.data.states.dataset import States
from qnnq.errors import InputError

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

DIGITS = 12
"""Of an angle in radians: equal preparations have equal rows."""

HADAMARD = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
KNOWN = ("cz", "cx")
"""Two-qubit gates that are taken as they are; circuits with others are translated."""

Pairs = tuple[tuple[int, int], ...]
"""The qubits of CZ gates, in their order."""


@dataclass(frozen=True, eq=False)
class Preparations:
    """The preparations of some states.

    Attributes:
        qubits: Of one copy.
        copies: Copies that a shot takes, 1 or 2.
        gates: The CZ gates of one copy.
        angles: theta, phi and lambda of each turn in radians, (preparations, 3 * turns).
        starts: The first preparation of each state, and the end, (states + 1,).
    """

    qubits: int
    copies: int
    gates: Pairs
    angles: NDArray[np.float64]
    starts: NDArray[np.int64]

    @property
    def width(self) -> int:
        """Qubits of a shot."""
        return self.qubits * self.copies

    @property
    def mixed(self) -> bool:
        """Whether some state has several preparations, so that shots of it differ."""
        return len(self.starts) - 1 < len(self.angles)

    @property
    def columns(self) -> int:
        """Angles of a shot."""
        return self.copies * int(self.angles.shape[1])

    def of(self, states: NDArray[np.int64]) -> Self:
        """Return the preparations of some of the states."""
        first, last = self.starts[states], self.starts[states + 1]
        rows = [np.arange(a, b) for a, b in zip(first, last, strict=True)]
        starts = np.concatenate([[0], np.cumsum(last - first)])
        return replace(self, angles=self.angles[np.concatenate(rows)], starts=starts)

    def drawn(
        self, states: NDArray[np.int64], uniforms: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Return the angles of shots, each copy prepared in one of its state's ways at random.

        Args:
            states: Of the data set, (states,).
            uniforms: Random numbers in [0, 1), (states, shots, copies).

        Returns:
            Shape (states, shots, columns).
        """
        first = self.starts[states][:, None, None]
        number = self.starts[states + 1][:, None, None] - first
        chosen = first + np.minimum((uniforms * number).astype(np.int64), number - 1)
        return np.asarray(self.angles[chosen].reshape(*chosen.shape[:2], -1))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `drawn` needs, by name."""
        copies = np.array(self.copies)
        return {"prepared": self.angles, "prepared_from": self.starts, "prepared_copies": copies}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], width: int) -> Self:
        """Return what `arrays` made of preparations of so many qubits a shot, to draw from."""
        copies = int(arrays["prepared_copies"])
        starts = arrays["prepared_from"]
        return cls(width // copies, copies, (), arrays["prepared"], starts)

    def append_to(self, circuit: "QuantumCircuit", angles: "Iterable[object]") -> None:
        """Append the preparation of a shot: qubit i of copy c is qubit c * qubits + i.

        A turn is RZ(lambda), SX, RZ(theta + pi), SX, RZ(phi + pi); `angles` are in this order what
        the three rotations turn by.
        """
        each = iter(angles)

        def turn(qubit: int) -> None:
            for number in range(3):
                circuit.rz(next(each), qubit)
                if number < 2:
                    circuit.sx(qubit)

        for start in range(0, self.width, self.qubits):
            for a, b in self.gates:
                turn(start + a)
                turn(start + b)
                circuit.cz(start + a, start + b)
            for qubit in range(start, start + self.qubits):
                turn(qubit)


@lru_cache(maxsize=4)
def preparations_of(states: States) -> Preparations:
    """Return the preparations of a data set of states.

    Raises:
        InputError: If not all of them have their two-qubit gates in the same places.
    """
    gates: Pairs | None = None
    turns, starts = [], [0]
    for number, state in enumerate(states.states):
        for circuit in state.circuits:
            found, matrices = _in_turns(circuit)
            gates = found if gates is None else gates
            if found != gates:
                raise InputError(
                    f"state {number}: expected its two-qubit gates in the same places as those of "
                    f"state 0 ({len(gates)} CZ), got {len(found)} in others: all states are "
                    "prepared by one circuit with angles of their own"
                )
            turns.append(matrices)
        starts.append(starts[-1] + len(state.circuits))
    assert gates is not None
    angles = _angles(np.array(turns)).reshape(len(turns), -1)
    return Preparations(states.qubits, states.copies, gates, angles, np.array(starts))


def _in_turns(circuit: "QuantumCircuit") -> tuple[Pairs, list[NDArray[np.complex128]]]:
    """Return the CZ gates of a circuit, and the matrices of the turns before and after them."""
    items = [item for item in circuit.data if item.operation.name != "barrier"]
    if any(len(i.qubits) > 1 and i.operation.name not in KNOWN for i in items):
        from qiskit.transpiler import generate_preset_pass_manager

        manager = generate_preset_pass_manager(0, basis_gates=["u", "cz"], seed_transpiler=0)
        circuit = manager.run(circuit)
        items = list(circuit.data)
    present = [np.eye(2, dtype=complex) for _ in range(circuit.num_qubits)]
    gates: list[tuple[int, int]] = []
    turns = []
    for item in items:
        qubits = [circuit.find_bit(qubit).index for qubit in item.qubits]
        if len(qubits) == 1:
            present[qubits[0]] = item.operation.to_matrix() @ present[qubits[0]]
            continue
        first, second = qubits
        target = item.operation.name == "cx"
        if target:
            present[second] = HADAMARD @ present[second]
        turns += [present[first], present[second]]
        gates.append((first, second))
        present[first] = np.eye(2, dtype=complex)
        present[second] = HADAMARD if target else np.eye(2, dtype=complex)
    return tuple(gates), [*turns, *present]


def _angles(matrices: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Return what RZ, RZ, RZ of each turn turn by, (..., 3), of matrices (..., 2, 2)."""
    (a, b), (c, d) = np.moveaxis(matrices, (-2, -1), (0, 1))
    theta = 2 * np.arctan2(np.abs(c), np.abs(a))
    diagonal, flipped = np.abs(c) < 1e-9, np.abs(a) < 1e-9
    phi = np.angle(c) - np.angle(a)
    lam = np.angle(-b) - np.angle(a)
    phi = np.where(diagonal, 0.0, np.where(flipped, np.angle(c) - np.angle(-b), phi))
    lam = np.where(diagonal, np.angle(d) - np.angle(a), np.where(flipped, 0.0, lam))
    turned = np.stack([lam, theta + np.pi, phi + np.pi], axis=-1)
    wrapped = np.remainder(turned + np.pi, 2 * np.pi) - np.pi
    return np.asarray(np.round(wrapped, DIGITS) + 0.0)

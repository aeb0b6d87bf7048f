"""The errors of a sequence of operations, in the order in which they act.

Errors of gates, waits and measurements follow their operation. Two kinds depend on more:

- Leakage acts before a measurement, for all gates since the one before (`outcomes.Leakage`).
- A ZZ coupling of rate f (Hz) acts on two coupled qubits that are both in use, all the time but
  for their common gates, whose calibration contains it: exp(-2 pi i f t |11><11|), f = f11 - f10 -
  f01 + f00, which is what remains where each qubit's frequency is calibrated with the other in |0>
  (Tripathi et al., Phys. Rev. Applied 18, 024068 (2022)). It commutes with waits' dephasing,
  frame changes, and measurements; every other operation divides the time at its start. So the
  operations have to be scheduled: explicit delays, each as late as what follows it allows.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit.circuit import Delay, Measure, Operation

from noise_models.coherent import coupling_stages
from noise_models.outcomes import leaked_stages
from noise_models.stages import Stages

if TYPE_CHECKING:
    from noise_models.channels import NoiseChannels

Placed = tuple[Operation, tuple[int, ...]]  # an operation, its physical qubits
LocalError = tuple[Stages, tuple[int, ...]]  # stages, the physical qubits that they act on


_ROUNDING_S = 1e-13  # of sums of durations; a gate takes at least nanoseconds


@dataclass(frozen=True)
class NoisyOperation:
    """One operation of a sequence.

    Attributes:
        position: Its index in the sequence that was given.
        before, after: the errors that act before and after it, in order.
    """

    position: int
    before: tuple[LocalError, ...]
    after: tuple[LocalError, ...]


def noisy_sequence(operations: Sequence[Placed], channels: "NoiseChannels") -> list[NoisyOperation]:
    """Return the operations with their errors, in the order in which they begin.

    Args:
        operations: In an order that keeps that on each qubit; no control flow.
        channels: Their noise; operations on other qubits than its own have none.

    Raises:
        NoiseError: An error that is not known (`check_coverage` finds it before).
    """
    order: Sequence[int] = range(len(operations))
    couplings = _Couplings(operations, channels)
    if channels.coupling_rates:
        order = sorted(order, key=couplings.starts.__getitem__)
    last = {
        qubit: position
        for position, (operation, qubits) in enumerate(operations)
        for qubit in qubits
        if operation.name != "barrier"
    }
    gates: Counter[int] = Counter()
    result = []
    for position in order:
        operation, qubits = operations[position]
        before = couplings.before(position)
        after: tuple[LocalError, ...] = ()
        if isinstance(operation, Measure):
            leaked = leaked_stages(channels.leakage, gates.pop(qubits[0], 0))
            before += ((leaked, qubits),) if leaked else ()
        elif (operation.name, qubits) in channels.physical_gates:
            gates.update(qubits)
        known = channels.qubits.issuperset(qubits)
        if known and (not isinstance(operation, Measure) or last[qubits[0]] > position):
            stages = channels.after(operation, qubits)
            after = ((stages, qubits),) if stages else ()
        result.append(NoisyOperation(position, before, after))
    return result


class _Couplings:
    """The ZZ phases between the operations of a sequence."""

    def __init__(self, operations: Sequence[Placed], channels: "NoiseChannels") -> None:
        self._operations = operations
        self._channels = channels
        self.starts: Sequence[float] = ()
        self._pairs: Mapping[int, list[tuple[int, int]]] = {}
        self._until: dict[tuple[int, int], float] = {}
        if channels.coupling_rates:
            durations = [channels.duration(*placed) for placed in operations]
            self.starts = _latest_starts(operations, durations)
            self._ends = [s + d for s, d in zip(self.starts, durations, strict=True)]
            self._pairs = self._coupled()

    def before(self, position: int) -> tuple[LocalError, ...]:
        """Return the phases that have to act before an operation."""
        operation, qubits = self._operations[position]
        if not self._pairs or isinstance(operation, Delay | Measure):
            return ()
        if self._channels.is_virtual(operation, qubits):
            return ()
        errors: list[LocalError] = []
        for pair in dict.fromkeys(pair for qubit in qubits for pair in self._pairs[qubit]):
            elapsed = self.starts[position] - self._until.get(pair, self.starts[position])
            if elapsed > _ROUNDING_S:
                stages = coupling_stages(self._channels.coupling_rates[pair], elapsed)
                errors.append((stages, pair))
            own = set(pair) <= set(qubits)
            self._until[pair] = self._ends[position] if own else self.starts[position]
        return tuple(errors)

    def _coupled(self) -> Mapping[int, list[tuple[int, int]]]:
        used = {qubit for _, qubits in self._operations for qubit in qubits}
        pairs = defaultdict(list)
        for pair in self._channels.coupling_rates:
            if used.issuperset(pair):
                for qubit in pair:
                    pairs[qubit].append(pair)
        return pairs


def _latest_starts(operations: Sequence[Placed], durations: Sequence[float]) -> list[float]:
    """Return when each operation begins, in seconds before the end of them all (negative)."""
    begins: dict[int, float] = {}
    starts = [0.0] * len(operations)
    for position in reversed(range(len(operations))):
        qubits = operations[position][1]
        starts[position] = min(begins.get(qubit, 0.0) for qubit in qubits) - durations[position]
        begins.update(dict.fromkeys(qubits, starts[position]))
    return starts

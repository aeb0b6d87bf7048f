"""The errors of a sequence of operations, in the order in which they act.

Errors of gates, waits and measurements follow their operation. Two kinds depend on more:

- Leakage acts before a measurement, for all gates since the one before (`outcomes.Leakage`).
- A ZZ coupling of rate f (Hz) acts on two coupled qubits that are both in use, all the time but
  for their common gates, whose calibration contains it: exp(-2 pi i f t |11><11|), f = f11 - f10 -
  f01 + f00, which is what remains where each qubit's frequency is calibrated with the other in |0>
  (Tripathi et al., Phys. Rev. Applied 18, 024068 (2022)). It commutes with waits' dephasing,
  frame changes, and measurements; every other operation divides the time at its start, where it
  and its error act at once. Qubits that wait relax at the same time (`coupled_waiting`). So the
  operations have to be scheduled: explicit delays, each as late as what follows it allows.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit.circuit import Delay, Measure, Operation

from noise_models.coherent import coupling_stages
from noise_models.coupled_waiting import coupled_relaxation
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
    last = _last_positions(operations)
    gates: Counter[int] = Counter()
    result = []
    for position in order:
        operation, qubits = operations[position]
        before = couplings.before(position)
        after: tuple[LocalError, ...] = ()
        if isinstance(operation, Measure):
            leaked = leaked_stages(channels.leakage.get(qubits[0], 0.0), gates.pop(qubits[0], 0))
            before += ((leaked, qubits),) if leaked else ()
        elif (operation.name, qubits) in channels.physical_gates:
            gates.update(qubits)
        known = channels.qubits.issuperset(qubits)
        is_wait = isinstance(operation, Delay | Measure)
        is_last = isinstance(operation, Measure) and last[qubits[0]] == position
        if known and not is_last and not (is_wait and couplings.relaxes(qubits[0])):
            stages = channels.after(operation, qubits)
            after = ((stages, qubits),) if stages else ()
        result.append(NoisyOperation(position, before, after))
    return result


def relaxes_while_coupled(operations: Sequence[Placed], channels: "NoiseChannels") -> bool:
    """Whether a qubit of the sequence relaxes in a wait during which a ZZ coupling turns it."""
    couplings = _Couplings(operations, channels)
    return any(
        isinstance(operation, Delay) and couplings.relaxes(qubits[0])
        for operation, qubits in operations
    )


class _Couplings:
    """The ZZ phases between the operations of a sequence, and what relaxes at the same time."""

    def __init__(self, operations: Sequence[Placed], channels: "NoiseChannels") -> None:
        self._operations = operations
        self._channels = channels
        self.starts: Sequence[float] = ()
        self._pairs: Mapping[int, list[tuple[int, int]]] = {}
        self._until: dict[tuple[int, int], float] = {}
        self._rates: dict[int, tuple[float, float]] = {}
        if channels.coupling_rates:
            durations = [channels.duration(*placed) for placed in operations]
            self.starts = _latest_starts(operations, durations)
            self._ends = [s + d for s, d in zip(self.starts, durations, strict=True)]
            self._pairs = self._coupled()
            rates = {qubit: channels.flip_rates(qubit) for qubit in self._pairs}
            self._rates = {qubit: flips for qubit, flips in rates.items() if any(flips)}
            self._waits = self._waiting()
            self._last_turn = self._last_turns()

    def relaxes(self, qubit: int) -> bool:
        """Whether a qubit relaxes where it waits, and couplings turn it."""
        return qubit in self._rates

    def before(self, position: int) -> tuple[LocalError, ...]:
        """Return the phases and the relaxation that have to act before an operation."""
        operation, qubits = self._operations[position]
        if not self._pairs or isinstance(operation, Delay) or self._is_virtual(position):
            return ()
        now = self.starts[position]
        if isinstance(operation, Measure):
            return self._relaxation(qubits[0], now)
        errors: tuple[LocalError, ...] = ()
        own = dict.fromkeys(pair for qubit in qubits for pair in self._pairs.get(qubit, ()))
        for pair in own:
            errors += self._phase(pair, now)
        for qubit in dict.fromkeys((*qubits, *(qubit for pair in own for qubit in pair))):
            errors += self._relaxation(qubit, now)
        for pair in own:
            if set(pair) <= set(qubits):
                self._until[pair] = self._ends[position]
        return errors

    def _phase(self, pair: tuple[int, int], now: float) -> tuple[LocalError, ...]:
        """Return the phase of a pair since it was asked for last."""
        elapsed = now - self._until.get(pair, now)
        self._until[pair] = max(now, self._until.get(pair, now))
        if elapsed <= _ROUNDING_S:
            return ()
        return ((coupling_stages(self._channels.coupling_rates[pair], elapsed), pair),)

    def _relaxation(self, qubit: int, now: float) -> tuple[LocalError, ...]:
        """Return what a qubit suffers in its waits since it was asked for last, phases first."""
        waited = 0.0
        waits = self._waits.get(qubit, [])
        while waits and waits[0][0] < now:
            start, end = waits.pop(0)
            waited += min(end, now) - start
            if end > now:
                waits.insert(0, (now, end))
                break
        if waited <= _ROUNDING_S:
            return ()
        # A neighbour that nothing turns any more is read as a population, whose phase is none.
        pairs = {
            other: pair
            for pair in self._pairs[qubit]
            for other in pair
            if other != qubit and self._last_turn.get(other, -math.inf) >= now
        }
        alone = self._channels.waiting(qubit, waited)
        if not pairs:
            return ((alone, (qubit,)),)
        phases = tuple(error for pair in pairs.values() for error in self._phase(pair, now))
        turned = [
            2 * math.pi * self._channels.coupling_rates[pair] * waited for pair in pairs.values()
        ]
        down, up = self._rates[qubit]
        stages = coupled_relaxation(alone, down * waited, up * waited, turned)
        return (*phases, (stages, (qubit, *pairs)))

    def _coupled(self) -> Mapping[int, list[tuple[int, int]]]:
        used = {qubit for _, qubits in self._operations for qubit in qubits}
        pairs = defaultdict(list)
        for pair in self._channels.coupling_rates:
            if used.issuperset(pair):
                for qubit in pair:
                    pairs[qubit].append(pair)
        return pairs

    def _waiting(self) -> Mapping[int, list[tuple[float, float]]]:
        """Return from when to when each relaxing qubit waits, ascending."""
        waits = defaultdict(list)
        last = _last_positions(self._operations)
        for position, (operation, qubits) in enumerate(self._operations):
            is_wait = isinstance(operation, Delay) or (
                isinstance(operation, Measure) and last[qubits[0]] > position
            )
            if is_wait and self.relaxes(qubits[0]):
                waits[qubits[0]].append((self.starts[position], self._ends[position]))
        return waits

    def _last_turns(self) -> Mapping[int, float]:
        """Return the start of the last operation on each qubit that can turn a coherence."""
        last: dict[int, float] = {}
        for position, (operation, qubits) in enumerate(self._operations):
            if not (isinstance(operation, Delay | Measure) or self._is_virtual(position)):
                last.update(dict.fromkeys(qubits, self.starts[position]))
        return last

    def _is_virtual(self, position: int) -> bool:
        return self._channels.is_virtual(*self._operations[position])


def _last_positions(operations: Sequence[Placed]) -> dict[int, int]:
    """Return the position of the last operation on each qubit."""
    return {
        qubit: position
        for position, (operation, qubits) in enumerate(operations)
        for qubit in qubits
        if operation.name != "barrier"
    }


def _latest_starts(operations: Sequence[Placed], durations: Sequence[float]) -> list[float]:
    """Return when each operation begins, in seconds before the end of them all (negative)."""
    begins: dict[int, float] = {}
    starts = [0.0] * len(operations)
    for position in reversed(range(len(operations))):
        qubits = operations[position][1]
        starts[position] = min(begins.get(qubit, 0.0) for qubit in qubits) - durations[position]
        begins.update(dict.fromkeys(qubits, starts[position]))
    return starts

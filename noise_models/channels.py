"""The noise channels of a specification on the qubits in use."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Delay, Gate, Measure, Operation
from qiskit.quantum_info import PTM, SuperOp
from qiskit.transpiler import Target
from qiskit_aer.noise import QuantumError

from noise_models.aer import quantum_error
from noise_models.elements import (
    CalibratedInstruction,
    Element,
    calibrated_instructions,
    delay_seconds,
    describe,
    qubit_calibration,
)
from noise_models.errors import NoiseError
from noise_models.factors import Factors, steady
from noise_models.source import NoiseSource
from noise_models.sources import noise_sources
from noise_models.specification import NoiseSpecification
from noise_models.stages import ComplexArray, Stages, superoperator


@dataclass(frozen=True, eq=False)
class NoiseChannels:
    """The noise of one specification on some physical qubits of one target.

    An instruction's error acts after the ideal instruction; a readout error acts on the outcome.

    Attributes:
        qubits: The physical qubits that it was built for.
        stages: The error of each instruction on each tuple of physical qubits; none: exact.
        readout_errors: Of each qubit, shape (2, 2): [prepared, measured]; none: exact.
        exact: Elements that have no error because the model says so.
        refused: Elements for which the model has no valid or no complete error, and why; measuring
            qubit q is the element ("measure", (q,)). `check_coverage` raises for circuits that
            use one.
        sources: The active terms.
        durations: Seconds of each instruction; none: not known.
        physical_gates: The gates that the device plays.
        coupling_rates: Hz, of the ZZ coupling of each coupled pair of qubits, ascending; none: 0.
        leakage: Probability that a qubit leaves |0> and |1> in a physical gate; none: 0.
        correlated_readout: Probability that the outcomes of a coupled pair flip together, after
            the readout errors of each; engines apply it to the reported bits.
        dt: Seconds, the unit of delays that are given in it; None: not known.
    """

    qubits: frozenset[int]
    stages: Mapping[Element, Stages]
    readout_errors: Mapping[int, NDArray[np.float64]]
    exact: frozenset[Element]
    refused: Mapping[Element, str]
    sources: tuple[NoiseSource, ...]
    durations: Mapping[Element, float]
    physical_gates: frozenset[Element]
    coupling_rates: Mapping[tuple[int, int], float]
    leakage: Mapping[int, float]
    correlated_readout: Mapping[tuple[int, int], float]
    dt: float | None
    _transfers: dict[int, tuple[Stages, NDArray[np.float64]]] = field(
        default_factory=dict, repr=False
    )

    @classmethod
    def none(cls) -> Self:
        """Return those of a circuit without noise."""
        return cls(frozenset(), {}, {}, frozenset(), {}, (), {}, frozenset(), {}, {}, {}, None)

    @property
    def acts_in_waits(self) -> bool:
        """Whether something happens to qubits while nothing acts on them."""
        return any(source.acts_in_waits for source in self.sources)

    @cached_property
    def gate_errors(self) -> Mapping[Element, QuantumError]:
        """The error of each noisy instruction, by name and physical qubits in the gate's order."""
        return {e: quantum_error(stages, len(e[1])) for e, stages in self.stages.items()}

    def waiting(self, qubit: int, duration_s: float) -> Stages:
        """Return what a physical qubit suffers that waits: T1 and T2 of all terms.

        Raises:
            NoiseError: Neither T1 nor T2 of the qubit is known.
        """
        try:
            return tuple(
                stage for source in self.sources for stage in source.waiting(qubit, duration_s)
            )
        except NoiseError as error:
            raise NoiseError(f"{describe('delay', (qubit,))}: {error}") from None

    def flip_rates(self, qubit: int) -> tuple[float, float]:
        """Return the rates (1/s) at which a waiting qubit decays to |0>, is excited to |1>."""
        rates = [source.flip_rates(qubit) for source in self.sources]
        return math.fsum(down for down, _ in rates), math.fsum(up for _, up in rates)

    def measuring(self, qubit: int) -> Stages:
        """Return what a measured qubit suffers that is used again.

        The calibrated readout error contains the decay until the outcome, so the outcome is that
        of the state as it enters, and the state that the qubit fell into then relaxes for the
        duration of the measurement.

        Raises:
            NoiseError: The qubit relaxes, and the duration or its T1 and T2 are not known.
        """
        duration = self.durations.get(("measure", (qubit,)))
        if duration is not None:
            return self.waiting(qubit, duration)
        if self.waiting(qubit, 1.0) or self.coupling_rates:
            where = describe("measure", (qubit,))
            raise NoiseError(f"{where}: the device's calibration lacks its duration")
        return ()

    def after(self, operation: Operation, qubits: tuple[int, ...]) -> Stages:
        """Return what acts after an operation of a circuit on these physical qubits.

        After a measurement it matters only where the qubit is used again.

        Raises:
            NoiseError: As `waiting` and `measuring`; a delay whose duration is not known.
        """
        if isinstance(operation, Delay):
            return self.waiting(qubits[0], self.duration(operation, qubits))
        if isinstance(operation, Measure):
            return self.measuring(qubits[0])
        return self.stages.get((operation.name, qubits), ())

    def duration(self, operation: Operation, qubits: tuple[int, ...]) -> float:
        """Return the seconds that an operation of a circuit takes; 0 for one that is not known.

        Raises:
            NoiseError: A delay whose duration is not known.
        """
        if not isinstance(operation, Delay):
            return self.durations.get((operation.name, qubits), 0.0)
        try:
            return delay_seconds(operation, self.dt)
        except NoiseError as error:
            raise NoiseError(f"{describe('delay', qubits)}: {error}") from None

    def is_virtual(self, operation: Operation, qubits: tuple[int, ...]) -> bool:
        """Whether a gate is a change of frame, which takes no time and has no error."""
        element = (operation.name, qubits)
        return isinstance(operation, Gate) and element not in self.physical_gates

    def transfer(self, stages: Stages, count: int) -> NDArray[np.float64]:
        """Return the Pauli transfer matrix of stages on `count` qubits, (4**count, 4**count).

        That of stages of these channels is calculated once.
        """
        # The stages are kept, so that no others can come to have their id.
        known = self._transfers.get(id(stages))
        if known is None:
            known = stages, PTM(SuperOp(superoperator(stages, count))).data.real
            self._transfers[id(stages)] = known
        return known[1]

    def superoperator(self, name: str, qubits: tuple[int, ...]) -> ComplexArray:
        """Return `SuperOp(gate_errors[name, qubits]).data`, or the identity where there is none.

        Shape (4**n, 4**n), column-stacking, the gate's first qubit least significant.
        """
        return superoperator(self.stages.get((name, qubits), ()), len(qubits))


def build_channels(
    specification: NoiseSpecification,
    target: Target,
    qubits: Iterable[int],
    measurement: str = "measure",
    factors: Factors = steady,
) -> NoiseChannels:
    """Build the noise channels for the qubits in use and the couplings between them.

    A device term means the given target. An element whose error does not exist (a power of an
    error worse than random, missing calibration) is refused when a circuit uses it, not here.

    Args:
        specification: The noise, its terms acting from left to right.
        target: The device: its instructions, durations and calibration.
        qubits: Physical qubits.
        measurement: The device's instruction that a circuit's measurements stand for; its errors
            and durations are used. (Circuits say `measure`; Aer knows no other.)
        factors: What the strengths are multiplied by, element by element.

    Raises:
        NoiseError: A qubit that the target does not have.
    """
    used = frozenset(qubits)
    strangers = sorted(used - set(range(target.num_qubits or 0)))
    if strangers:
        raise NoiseError(
            f"noise: found qubit {strangers[0]}, expected 0 to {target.num_qubits - 1}"
        )
    calibration = qubit_calibration(target, used, measurement)
    sources = noise_sources(specification, calibration, target.num_qubits or 0, factors)
    stages: dict[Element, Stages] = {}
    readout_errors: dict[int, NDArray[np.float64]] = {}
    exact: set[Element] = set()
    refused: dict[Element, str] = {}
    instructions = list(calibrated_instructions(target, used))
    for instruction in instructions:
        element = (instruction.name, instruction.qubits)
        found, problem = _gate_error(sources, instruction)
        if found:
            stages[element] = found
        elif problem is None:
            exact.add(element)
        if problem is not None:
            refused[element] = problem
    for qubit in sorted(used):
        element = ("measure", (qubit,))
        if not target.instruction_supported(measurement, (qubit,)):
            continue
        try:
            matrix = _readout_error(sources, qubit)
        except NoiseError as error:
            refused[element] = f"measure on qubit {qubit}: {error}"
            continue
        if matrix is None:
            exact.add(element)
        else:
            readout_errors[qubit] = matrix
    durations = {(i.name, i.qubits): i.duration for i in instructions}
    durations |= {("measure", (q,)): c.readout_duration for q, c in calibration.items()}
    pairs = sorted({(min(i.qubits), max(i.qubits)) for i in instructions if len(i.qubits) == 2})
    rates = {pair: math.fsum(source.coupling_rate(pair) for source in sources) for pair in pairs}
    stay = {
        pair: math.prod(1 - 2 * source.correlated_readout(pair) for source in sources)
        for pair in pairs
    }
    leakage = {q: 1 - math.prod(1 - s.leakage(q) for s in sources) for q in sorted(used)}
    return NoiseChannels(
        qubits=used,
        stages=stages,
        readout_errors=readout_errors,
        exact=frozenset(exact),
        refused=refused,
        sources=tuple(sources),
        durations={e: duration for e, duration in durations.items() if duration is not None},
        physical_gates=frozenset((i.name, i.qubits) for i in instructions if i.is_physical_gate),
        coupling_rates={pair: rate for pair, rate in rates.items() if rate},
        leakage={qubit: probability for qubit, probability in leakage.items() if probability},
        correlated_readout={pair: (1 - kept) / 2 for pair, kept in stay.items() if kept != 1},
        dt=target.dt,
    )


def _gate_error(
    sources: list[NoiseSource], instruction: CalibratedInstruction
) -> tuple[Stages, str | None]:
    """Return the stages after an instruction, and why it must not be used (None: it may)."""
    where = instruction.description
    if len(instruction.qubits) > 2 and sources:
        return (), f"{where}: noise is defined for gates on one or two qubits"
    try:
        found = tuple(stage for source in sources for stage in source.gate_stages(instruction))
    except NoiseError as error:
        return (), f"{where}: {error}"
    lacks = next(filter(None, (source.missing(instruction) for source in sources)), None)
    return found, None if lacks is None else f"{where}: the device's calibration lacks its {lacks}"


def _readout_error(sources: list[NoiseSource], qubit: int) -> NDArray[np.float64] | None:
    """Return the product of all readout errors of a qubit, None if there is none."""
    result = np.eye(2)
    for source in sources:
        matrix = source.readout(qubit)
        if matrix is not None:
            result = result @ matrix
    return None if np.array_equal(result, np.eye(2)) else result

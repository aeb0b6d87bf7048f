"""Error rates of a noise specification on a device, qubit by qubit."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from qiskit.transpiler import Target

from noise_models.channels import NoiseChannels, build_channels
from noise_models.elements import Element
from noise_models.errors import NoiseError
from noise_models.specification import NoiseSpecification
from noise_models.stages import average_infidelity, superoperator

# The gate that stands for all on one qubit: the first of these that the device has.
_ONE_QUBIT_GATES = ("sx", "rx", "x", "r", "ry", "u", "u3", "gpi2")


@dataclass(frozen=True)
class CouplingRate:
    """A two-qubit gate with a neighbour, and what else joins the two.

    Attributes:
        neighbour: The other qubit.
        gate: The gate's name.
        error: Its average gate infidelity, None if it is refused.
        zz_hz: The rate of the ZZ coupling.
        correlated_readout: Probability that both outcomes flip together.
    """

    neighbour: int
    gate: str
    error: float | None
    zz_hz: float = 0.0
    correlated_readout: float = 0.0


@dataclass(frozen=True)
class QubitRates:
    """The noise of one qubit under a specification.

    Attributes:
        t1, t2: seconds; at strength x the device's divided by x; None: no relaxation.
        readout_p01, readout_p10: probability of reading a prepared 0 as 1, a prepared 1 as 0.
        gate, gate_error: a one-qubit gate and its average gate infidelity.
        idle_error: Average infidelity of waiting for a microsecond.
        leakage: Probability that a gate takes the qubit out of |0> and |1>.
        couplings: Two-qubit gates, best first; the better of the two directions of a pair.

    An error is None where the model refuses the element (see `NoiseChannels.refused`) or the
    device does not have it.
    """

    qubit: int
    t1: float | None
    t2: float | None
    readout_p01: float | None
    readout_p10: float | None
    gate: str | None
    gate_error: float | None
    idle_error: float | None
    leakage: float
    couplings: tuple[CouplingRate, ...]


def rates(
    specification: NoiseSpecification, target: Target, qubits: Iterable[int] | None = None
) -> tuple[QubitRates, ...]:
    """Return the rates of these qubits (None: all) and of the couplings between them.

    Raises:
        NoiseError: A qubit that the target does not have.
    """
    used = frozenset(range(target.num_qubits) if qubits is None else qubits)
    channels = build_channels(specification, target, used)
    sources = channels.sources
    known = {*channels.stages, *channels.exact, *channels.refused}
    couplings = _couplings(channels, sorted(e for e in known if len(e[1]) == 2))
    rows = []
    for qubit in sorted(used):
        rate1, rate2 = np.sum([(0.0, 0.0), *(s.relaxation_rates(qubit) for s in sources)], axis=0)
        p01, p10 = _readout(channels, qubit)
        gate = next((g for g in _ONE_QUBIT_GATES if (g, (qubit,)) in known), None)
        rows.append(
            QubitRates(
                qubit,
                float(1 / rate1) if rate1 else None,
                float(1 / rate2) if rate2 else None,
                p01,
                p10,
                gate,
                None if gate is None else _error(channels, (gate, (qubit,))),
                _idle_error(channels, qubit),
                channels.leakage.get(qubit, 0.0),
                couplings.get(qubit, ()),
            )
        )
    return tuple(rows)


def _error(channels: NoiseChannels, element: Element) -> float | None:
    if element in channels.refused:
        return None
    return max(0.0, average_infidelity(channels.superoperator(*element)))


def _idle_error(channels: NoiseChannels, qubit: int) -> float | None:
    try:
        stages = channels.waiting(qubit, 1e-6)
    except NoiseError:
        return None
    return max(0.0, average_infidelity(superoperator(stages, 1)))


def _readout(channels: NoiseChannels, qubit: int) -> tuple[float | None, float | None]:
    matrix = channels.readout_errors.get(qubit)
    if matrix is not None:
        return float(matrix[0, 1]), float(matrix[1, 0])
    exact = ("measure", (qubit,)) in channels.exact
    return (0.0, 0.0) if exact else (None, None)


def _couplings(
    channels: NoiseChannels, elements: Iterable[Element]
) -> dict[int, tuple[CouplingRate, ...]]:
    best: dict[tuple[int, int, str], float | None] = {}
    for name, pair in elements:
        error = _error(channels, (name, pair))
        for qubit, neighbour in (pair, pair[::-1]):
            other = best.get((qubit, neighbour, name))
            known = [e for e in (error, other) if e is not None]
            best[qubit, neighbour, name] = min(known, default=None)
    result: dict[int, list[CouplingRate]] = {}
    for (qubit, neighbour, name), error in best.items():
        pair = (min(qubit, neighbour), max(qubit, neighbour))
        zz, flips = (
            rates.get(pair, 0.0) for rates in (channels.coupling_rates, channels.correlated_readout)
        )
        result.setdefault(qubit, []).append(CouplingRate(neighbour, name, error, zz, flips))
    for found in result.values():
        found.sort(key=lambda each: (each.error is None, each.error or 0.0, each.neighbour))
    return {qubit: tuple(found) for qubit, found in result.items()}

"""Pairs of twins on a device: where they fit, and what its noise leaves of their contrast."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ParameterVector, QuantumCircuit
from qiskit.transpiler import Target

from noise_models.channels import NoiseChannels, build_channels
from noise_models.coverage import check_coverage
from noise_models.specification import NoiseSpecification
from qnnq.data.states.hidden_pauli import ANGLE, PHASE
from qnnq.data.states.paulis import Paulis
from qnnq.errors import InputError
from qnnq.execution.engines.response import component_responses
from qnnq.execution.states.pair_neuron import CHARACTERS, Digits, append_pair_neuron
from transpile.calibration import read_calibration
from transpile.isa import OPTIMIZATION_LEVEL
from transpile.matching import cheapest_disjoint, largest_matching
from transpile.native import to_isa

Pair = tuple[int, int]


def pair_capacity(target: Target) -> int:
    """Return how many disjoint pairs of coupled, fault-free qubits a device has."""
    return largest_matching(read_calibration(target).pair_couplings)


def eigenstates_circuit(pairs: int) -> QuantumCircuit:
    """Return the circuit of any hidden Pauli: eigenstates of two copies, then pairs, measured.

    Qubits 2 i and 2 i + 1 are twins. RY(angle[k]) and RZ(phase[k]) prepare qubit k; classical bit
    k is its outcome.
    """
    angle, phase = ParameterVector("angle", 2 * pairs), ParameterVector("phase", 2 * pairs)
    circuit = QuantumCircuit(2 * pairs, 2 * pairs)
    for qubit in range(2 * pairs):
        circuit.ry(angle[qubit], qubit)
        circuit.rz(phase[qubit], qubit)
    for first in range(0, 2 * pairs, 2):
        append_pair_neuron(circuit, first, first + 1)
    circuit.measure(range(2 * pairs), range(2 * pairs))
    return circuit


def compile_pairs(target: Target, pairs: Sequence[Pair]) -> QuantumCircuit:
    """Compile `eigenstates_circuit` for these pairs of physical qubits, (first, second) each."""
    qubits = [qubit for pair in pairs for qubit in pair]
    circuit = eigenstates_circuit(len(pairs))
    return to_isa(circuit, target, qubits, OPTIMIZATION_LEVEL, seed=0)


@dataclass(frozen=True, eq=False)
class PairResponses:
    """What pairs answer to eigenstates of a Pauli's letter.

    Attributes:
        table: Probabilities [pair, letter, bit of the first, bit of the second, digit], where bit 0
            stands for the eigenvalue +1; the identity's rows are Z's.
    """

    table: NDArray[np.float64]

    @cached_property
    def contrast(self) -> NDArray[np.float64]:
        """What is left of each pair's chi, (pairs, 4): 1 for the identity and without noise."""
        signs = np.array([1, -1])
        means = np.einsum("plabd,ld,a,b->pl", self.table, CHARACTERS, signs, signs) / 4
        means[:, 0] = 1.0
        return np.asarray(means)

    @property
    def full_weight_contrast(self) -> float:
        """What is left of chi_P for Paulis without identities, on average over their letters."""
        return float(self.contrast[:, 1:].mean(axis=1).prod())

    @property
    def uniform_contrast(self) -> float:
        """What is left of chi_P on average over all Paulis."""
        return float(self.contrast.mean(axis=1).prod())

    def sample(
        self,
        rng: np.random.Generator,
        pauli: Paulis,
        first: NDArray[np.int64],
        second: NDArray[np.int64],
    ) -> Digits:
        """Draw outcomes, (shots, n), of two copies that were prepared as these eigenstates.

        Args:
            rng: Random numbers.
            pauli: P, (n,).
            first: Bits of the first copy, (shots, n).
            second: Bits of the second one.
        """
        law = self.table[np.arange(len(pauli)), pauli, first, second]
        drawn = rng.random(first.shape)[..., None] > np.cumsum(law, axis=-1)[..., :3]
        digits: Digits = drawn.sum(axis=-1)
        return digits


def device_responses(
    target: Target, specification: NoiseSpecification, pairs: Sequence[Pair]
) -> PairResponses:
    """Return the exact responses of the compiled circuit under a noise.

    Raises:
        InputError: Where the noise joins pairs to one another.
        NoiseError: Where it does not cover the circuit.
    """
    circuit = compile_pairs(target, pairs)
    used = frozenset(qubit for pair in pairs for qubit in pair)
    channels = build_channels(specification, target, used)
    check_coverage(circuit, channels, specification)
    by_phase = {phase: _responses(circuit, channels, phase) for phase in sorted({*PHASE})}
    table = np.stack([_rows(by_phase[PHASE[letter]], letter) for letter in range(4)], axis=1)
    return PairResponses(table)


def _responses(
    circuit: QuantumCircuit, channels: NoiseChannels, phase: float
) -> NDArray[np.float64]:
    """Return coefficients [pair, bit, bit, power of the first angle, of the second]."""
    phases = [each for each in circuit.parameters if each.name.startswith("phase")]
    bound = circuit.assign_parameters(dict.fromkeys(phases, phase))
    found = component_responses(bound, channels)
    if any(len(response.slots) != 2 for response in found):
        raise InputError("noise: its ZZ coupling joins pairs of twins; expected separate pairs")
    return np.stack([response.coefficients for response in found])


def _rows(coefficients: NDArray[np.float64], letter: int) -> NDArray[np.float64]:
    """Return [pair, bit of the first, bit of the second, digit]."""
    angles = ANGLE[letter]
    powers = np.stack([np.ones(2), np.cos(angles), np.sin(angles)], axis=1)
    rows = np.einsum("pijxy,ax,by->pabij", coefficients, powers, powers)
    return np.asarray(rows.reshape(*rows.shape[:3], 4))


def choose_pairs(
    target: Target,
    specification: NoiseSpecification,
    count: int,
    which: Literal["best", "median"] = "best",
) -> list[Pair]:
    """Choose disjoint pairs by the contrast that a noise leaves them.

    Args:
        target: The device.
        specification: The noise.
        count: Pairs.
        which: `best`: those of the largest product; `median`: the middle ones of as many pairs as
            the device takes, chosen in the same way.

    Raises:
        InputError: Where the device cannot place so many, with both numbers.
    """
    costs = pair_costs(target, specification)
    room = largest_matching(costs)
    if not 1 <= count <= room:
        raise InputError(f"pairs of twins: expected 1 to {room} on this device, got {count}")
    found = cheapest_disjoint(costs, room if which == "median" else count, {}, 0)
    assert found is not None
    start = (room - count) // 2 if which == "median" else 0
    return found[0][start : start + count]


def pair_costs(target: Target, specification: NoiseSpecification) -> dict[Pair, float]:
    """Return -ln of the mean contrast of X, Y and Z for each fault-free pair of a device."""
    costs: dict[Pair, float] = {}
    left = sorted(read_calibration(target).pair_couplings)
    while left:
        used: set[int] = set()
        disjoint = []
        for pair in left:
            if used.isdisjoint(pair):
                disjoint.append(pair)
                used.update(pair)
        responses = device_responses(target, specification, disjoint)
        means = responses.contrast[:, 1:].mean(axis=1)
        lost = -np.log(np.maximum(means, 1e-9))
        costs |= dict(zip(disjoint, lost.tolist(), strict=True))
        left = [pair for pair in left if pair not in costs]
    return costs

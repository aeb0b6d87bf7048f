"""Drift: error rates and readout that wander from one block of shots to the next.

Each qubit's gates and relaxation, its readout, and each pair's gate have a factor of their own that
multiplies the strength of their errors: F = exp(sigma y - sigma**2 / 2), whose mean is 1, with y a
stationary Ornstein-Uhlenbeck process of variance 1 and correlation exp(-|t - t'| / time). What
relaxes or turns a qubit for a time follows the qubit's factor in gates on pairs too; a ZZ coupling
follows its pair's, correlated readout the readout's of the pair.

Log-normal rates: Burnett et al., npj Quantum Information 5, 54 (2019) show T1 and T2 that wander by
tens of per cent over hours.
"""

import math
from dataclasses import dataclass

import numpy as np

from noise_models.errors import NoiseError
from noise_models.factors import Wanderer
from noise_models.specification import NoiseSpecification, NoiseTerm

_STREAM = 0xD41F7  # apart from the streams of outcomes, which have the same seed
_WANDERERS: dict[Wanderer, int] = {"error": 0, "readout": 1}

_Element = tuple[Wanderer, tuple[int, ...]]


class Drift:
    """The factors of blocks of shots that begin at equal distances in time.

    An element's factors depend on no other element, and not on which blocks are asked for.

    Args:
        term: `drift(sigma=.., time=..)`.
        block_s: Seconds from the beginning of a block to that of the next.
        seed: Equal seeds give equal factors.
    """

    def __init__(self, term: NoiseTerm, block_s: float, seed: int) -> None:
        self._sigma = term.number("sigma")
        self._kept = math.exp(-block_s / term.number("time"))
        self._seed = seed
        self._wanders: dict[_Element, tuple[np.random.Generator, list[float]]] = {}

    def block(self, number: int) -> "BlockFactors":
        """Return the factors of one block, 0 for the first."""
        return BlockFactors(self, number)

    def factor(self, element: _Element, block: int) -> float:
        """Return the factor of an element in a block.

        Raises:
            NoiseError: It is beyond all numbers.
        """
        if element not in self._wanders:
            self._wanders[element] = self._random(element), []
        random, wander = self._wanders[element]
        missing = block + 1 - len(wander)
        for draw in random.standard_normal(max(0, missing)).tolist():
            before = wander[-1] if wander else draw
            kept = self._kept if wander else 1.0
            wander.append(kept * before + math.sqrt(1 - kept**2) * draw)
        try:
            return math.exp(self._sigma * wander[block] - self._sigma**2 / 2)
        except OverflowError:
            raise NoiseError(
                f"noise term drift: found sigma = {self._sigma:g}, expected one whose factors are "
                "finite"
            ) from None

    def _random(self, element: _Element) -> np.random.Generator:
        wanderer, qubits = element
        key = (_STREAM, _WANDERERS[wanderer], *qubits)
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=key))


@dataclass(frozen=True)
class BlockFactors:
    """The factors of one block: `factors.Factors`."""

    drift: Drift
    number: int

    def __call__(self, wanderer: Wanderer, qubits: tuple[int, ...]) -> float:
        """Return the factor of a qubit or a pair."""
        return self.drift.factor((wanderer, tuple(sorted(qubits))), self.number)


def drift_term(specification: NoiseSpecification) -> NoiseTerm | None:
    """Return the drift of a specification, None if nothing wanders."""
    return next((term for term in specification.active_terms if term.name == "drift"), None)


def without_drift(specification: NoiseSpecification) -> NoiseSpecification:
    """Return the noise that drift wanders about."""
    return NoiseSpecification(tuple(term for term in specification.terms if term.name != "drift"))

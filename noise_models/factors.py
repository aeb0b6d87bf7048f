"""What the strength of a noise is multiplied by, element by element."""

from collections.abc import Hashable
from typing import Literal, Protocol

Wanderer = Literal["error", "readout"]
"""What has a factor of its own on each qubit and each pair: everything but the readout, or it."""


class Factors(Hashable, Protocol):
    """Gives the factor of one qubit, or of a pair; equal ones give the same."""

    def __call__(self, wanderer: Wanderer, qubits: tuple[int, ...]) -> float:
        """Return a factor, >= 0."""
        ...


def steady(wanderer: Wanderer, qubits: tuple[int, ...]) -> float:
    """Return 1: noise that does not wander."""
    return 1.0

"""Least numbers of single copies, proven for every scheme that measures one copy at a time.

The state is (1 + s c P)/2^n with P uniform over the 4^n - 1 Paulis other than the identity and a
random sign s. `docs/quantum-data.md` derives the three bounds from one average: over P,
<psi|P|psi>^2 is 1/(2^n + 1) for every pure state psi.
"""

import math

from qnnq.statistics.copies import CONTRAST, WANTED


def naming_floor(qubits: int) -> int:
    """Return the copies without which no non-adaptive single-copy scheme names P in 95 %.

    Fano's inequality: the mean information of one copy is at most that of its most telling
    direction, D(c) = ((1 + c) ln(1 + c) + (1 - c) ln(1 - c))/2, divided by 2^n + 1.

    Args:
        qubits: n.
    """
    names = float(4**qubits - 1)
    entropy = -WANTED * math.log(WANTED) - (1 - WANTED) * math.log(1 - WANTED)
    needed = math.log(names) - entropy - (1 - WANTED) * math.log(names - 1)
    gained = ((1 + CONTRAST) * math.log1p(CONTRAST) + (1 - CONTRAST) * math.log1p(-CONTRAST)) / 2
    return math.ceil(needed * float(2**qubits + 1) / gained)


def adaptive_naming_floor(qubits: int) -> int:
    """Return the copies without which no single-copy scheme at all, adaptive or not, names P."""
    guess = 1 / (4**qubits - 1)
    return _adaptive(qubits, binary_divergence(guess, WANTED))


def adaptive_telling_floor(qubits: int, accuracy: float = WANTED) -> int:
    """Return the same for telling P from an anticommuting Q, both told after the last copy."""
    return _adaptive(qubits, binary_divergence(0.5, accuracy))


def binary_divergence(p: float, q: float) -> float:
    """Return the Kullback-Leibler divergence (nats) of a coin p from a coin q, both in (0, 1)."""
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


def _adaptive(qubits: int, divergence: float) -> int:
    a_copy = -math.log1p(-(CONTRAST**2)) / 2 / float(2**qubits + 1)
    return math.ceil(divergence / a_copy)

"""Single-copy schemes that name a hidden Pauli, simulated without noise.

All of them measure stabiliser bases. A basis shows the values of the 2^n - 1 Paulis of its group;
of (1 + s c P)/2^n the outcomes are fair but for P's, which is s with chance (1 + c)/2 where P is in
the group.
"""

import math

import numpy as np

from qnnq.statistics.copies import CONTRAST


def unbiased_bases_in_turn(rng: np.random.Generator, qubits: int, copies: int) -> bool:
    """Whether P is named after the mutually unbiased bases in turn, by maximum likelihood.

    The 2^n + 1 bases share no Pauli (W. K. Wootters and B. D. Fields, Ann. Phys. 191, 363 (1989);
    as stabilisers J. Lawrence, C. Brukner and A. Zeilinger, Phys. Rev. A 65, 032320 (2002)), so
    all that counts is that every P is one character of one basis. The sign is unknown.
    """
    size = 2**qubits
    rounds = np.full(size + 1, copies // (size + 1))
    rounds[rng.permutation(size + 1)[: copies % (size + 1)]] += 1
    basis = np.repeat(np.arange(size + 1), rounds)
    outcome = rng.integers(0, size, copies)
    own, hidden = rng.integers(size + 1), 1  # by symmetry P is any character of any basis
    here = basis == own
    wrong = (outcome[here] & hidden) != (rng.random(here.sum()) < (1 - CONTRAST) / 2)
    outcome[here] ^= hidden * wrong
    sums = np.bincount(basis * size + outcome, minlength=(size + 1) * size).reshape(-1, size)
    for place in range(qubits):
        a, b = np.moveaxis(sums.reshape(size + 1, -1, 2, 2**place), 2, 0)
        sums = np.stack([a + b, a - b], axis=2).reshape(size + 1, size)
    evidence = np.logaddexp(
        *(
            (rounds[:, None] + sign * sums) / 2 * math.log1p(CONTRAST)
            + (rounds[:, None] - sign * sums) / 2 * math.log1p(-CONTRAST)
            for sign in (1, -1)
        )
    )
    evidence[:, 0] = -np.inf  # the identity
    best = np.argwhere(evidence > evidence.max() - 1e-9)
    return bool(np.all(rng.permutation(best)[0] == (own, hidden)))


def adaptive_bases(rng: np.random.Generator, qubits: int, copies: int) -> np.ndarray:
    """Whether P is the most likely Pauli after each copy, (copies,), bases by the posterior.

    Each basis is spanned greedily by the most likely Paulis that commute with one another. A Pauli
    is i^|x z| X^x Z^z, its number 2^n x + z.
    """
    x, z = np.divmod(np.arange(4**qubits), 2**qubits)
    hidden, sign = int(rng.integers(1, len(x))), 1 - 2 * int(rng.integers(2))
    evidence = np.zeros((2, len(x)))  # ln of the likelihoods of both signs
    up, down = math.log1p(CONTRAST), math.log1p(-CONTRAST)
    right = np.zeros(copies, bool)
    for copy in range(copies):
        group, values = _measure(rng, np.logaddexp(*evidence), x, z, qubits)
        (place,) = np.nonzero(group == hidden)
        if len(place):
            seen = sign * (1 - 2 * int(rng.random() < (1 - CONTRAST) / 2))
            if values[place[0]] != seen:  # turn a generator that P contains
                generator = int(place[0]) & -int(place[0])
                values[np.arange(len(group)) & generator > 0] *= -1
        own, values = group[1:], values[1:]
        evidence[0, own] += np.where(values > 0, up, down)
        evidence[1, own] += np.where(values > 0, down, up)
        likely = np.logaddexp(*evidence)[1:]
        right[copy] = 1 + int(np.argmax(likely + 1e-9 * rng.random(len(likely)))) == hidden
    return right


def _measure(
    rng: np.random.Generator, likely: np.ndarray, x: np.ndarray, z: np.ndarray, qubits: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose a basis; return the numbers of its Paulis and values, of a state without any."""
    likely = likely + 1e-6 * rng.random(len(x))
    group, values = np.zeros(1, np.int64), np.ones(1, np.int64)
    for _ in range(qubits):
        likely[group] = -np.inf
        new = int(np.argmax(likely))
        anticommutes = (np.bitwise_count(x & z[new]) + np.bitwise_count(z & x[new])) % 2
        likely[anticommutes == 1] = -np.inf
        product = group ^ new
        phase = sum(
            sign * np.bitwise_count(a & b).astype(np.int64)
            for sign, a, b in (
                (1, x[group], z[group]),
                (1, x[new], z[new]),
                (-1, x[product], z[product]),
                (2, z[group], x[new]),
            )
        )
        turned = values * (1 - phase % 4) * (1 - 2 * int(rng.integers(2)))
        group, values = np.concatenate([group, product]), np.concatenate([values, turned])
    return group, values

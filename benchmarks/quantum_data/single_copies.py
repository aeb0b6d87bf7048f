"""Single-copy schemes that name a hidden Pauli, simulated without noise.

All of them measure stabiliser bases. A basis shows the values of the 2^n - 1 Paulis of its group;
of (1 + s c P)/2^n the outcomes are fair but for P's, which is s with chance (1 + c)/2 where P is in
the group.
"""

import math
from collections.abc import Callable

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


Basis = tuple[np.ndarray, Callable[[np.random.Generator, int], np.ndarray]]
"""Letters of the Paulis without identities that a basis shows, 0 to 2 for X, Y and Z, (shown, n),
and what draws their values in so many copies of a state that has none of them, (copies, shown)."""


def ghz_basis(qubits: int) -> Basis:
    """Return a GHZ basis: X and even numbers of Y, and for even n all Z."""
    subsets = np.arange(2**qubits)
    own = np.bitwise_count(subsets)
    ys = (subsets[own % 2 == 0, None] >> np.arange(qubits)) & 1
    signs = (-1) ** (ys.sum(axis=1) // 2)
    with_z = qubits % 2 == 0
    letters = np.concatenate([ys, np.full((int(with_z), qubits), 2)])

    def values(rng: np.random.Generator, copies: int) -> np.ndarray:
        z = rng.integers(0, 2, (copies, qubits))
        parity = (z @ ys.T + rng.integers(0, 2, (copies, 1))) % 2
        found = (1 - 2 * parity) * signs
        last = 1 - 2 * (z.sum(axis=1, keepdims=True) % 2)
        return np.concatenate([found, last], axis=1) if with_z else found

    return letters, values


def bell_basis(qubits: int) -> Basis:
    """Return Bell measurements of qubits 0 and 1, 2 and 3, ...: XX, YY and ZZ of each."""
    pairs = qubits // 2
    chosen = np.indices((3,) * pairs).reshape(pairs, -1).T

    def values(rng: np.random.Generator, copies: int) -> np.ndarray:
        x, z = 1 - 2 * rng.integers(0, 2, (2, copies, pairs))
        own = np.stack([x, -x * z, z], axis=-1)
        return own[:, np.arange(pairs), chosen].prod(axis=-1)

    return np.repeat(chosen, 2, axis=1), values


def random_axes(rng: np.random.Generator, basis: Basis, qubits: int, copies: int) -> bool:
    """Whether a Pauli without identities is named by a basis with local axes drawn for each copy.

    By maximum likelihood; the sign is unknown.
    """
    letters, draw = basis
    axes = np.argsort(rng.random((copies, qubits, 3)), axis=-1)
    shown = axes[:, np.arange(qubits), letters] @ 3 ** np.arange(qubits)  # (copies, shown)
    hidden, sign = int(rng.integers(3**qubits)), 1 - 2 * int(rng.integers(2))
    values = draw(rng, copies)
    copy, place = np.nonzero(shown == hidden)
    wanted = sign * np.where(rng.random(len(copy)) < (1 - CONTRAST) / 2, -1, 1)
    while len(wrong := np.flatnonzero(values[copy, place] != wanted)):
        values[copy[wrong]] = draw(rng, len(wrong))
    plus = np.bincount(shown.ravel(), values.ravel() > 0, 3**qubits)
    minus = np.bincount(shown.ravel(), values.ravel() < 0, 3**qubits)
    up, down = math.log1p(CONTRAST), math.log1p(-CONTRAST)
    evidence = np.logaddexp(plus * up + minus * down, plus * down + minus * up)
    return bool(rng.choice(np.flatnonzero(evidence > evidence.max() - 1e-9)) == hidden)

"""Exact tables of copies, and proven floors below every one of them."""

import itertools
import math

import numpy as np
import pytest

from qnnq.statistics.copies import (
    anticommuting_weights,
    copies_needed,
    pair_accuracy,
    pair_copies_needed,
    random_pauli_bases,
    random_stabiliser_bases,
    right_answers,
    rotated_ghz_bases,
    told_after,
    unbiased_bases_in_turn,
)
from qnnq.statistics.floors import (
    adaptive_naming_floor,
    adaptive_telling_floor,
    binary_divergence,
    naming_floor,
)


def coin(sides, p):
    return math.prod(p if side else 1 - p for side in sides)


def test_pair_accuracy_is_that_of_all_outcomes():
    hidden = itertools.product([0, 1], repeat=3)
    expected = sum(
        coin(a, 0.85) * coin(b, 0.5) * (1 if sum(a) > sum(b) else (sum(a) == sum(b)) / 2)
        for a, b in itertools.product(hidden, list(itertools.product([0, 1], repeat=3)))
    )
    assert pair_accuracy(3, 0.7) == pytest.approx(expected, abs=1e-14)


def test_two_copies_need_these():
    left = (1, 0.9, 0.8, 0.7, 0.5, 0.3, 0.1)
    assert [pair_copies_needed(0.9025 * f) for f in left] == [10, 14, 18, 24, 50, 146, 1326]
    # 3 % a pair, without identities, n = 2, 4, 6, 8
    assert [pair_copies_needed(0.9025 * 0.97**n) for n in (2, 4, 6, 8)] == [12, 14, 16, 18]
    assert pair_copies_needed(0.9025 * 0.856) <= 18  # the best pairs of fake_kingston, n = 8


@pytest.mark.parametrize("sign_known", [False, True])
def test_right_answers_are_bayes_rule_over_all_outcomes(sign_known):
    table = right_answers(0.8, sign_known, most=3)
    signs = [0.8] if sign_known else [0.8, -0.8]

    def likelihood(outcomes):
        return np.mean([math.prod(1 + c * x for x in outcomes) for c in signs])

    for i, j in np.ndindex(4, 4):
        right = 0.0
        for a in itertools.product([1, -1], repeat=i):
            for b in itertools.product([1, -1], repeat=j):
                p, q = likelihood(a), likelihood(b)
                right += p / 2 ** (i + j) * (0.5 if math.isclose(p, q) else float(p > q))
        assert table[i, j] == pytest.approx(right, abs=1e-12)


def test_weights_are_those_of_all_pairs():
    paulis = np.array(list(itertools.product(range(4), repeat=2)))[1:]
    counts = np.zeros((3, 3))
    for p, q in itertools.product(paulis, paulis):
        if np.sum((p != q) & (p > 0) & (q > 0)) % 2:
            counts[np.sum(p > 0), np.sum(q > 0)] += 1
    np.testing.assert_allclose(anticommuting_weights(2), counts / counts.sum(), atol=1e-15)


@pytest.fixture(scope="module")
def unknown_sign():
    return right_answers()


def test_laws_are_laws():
    for law in (random_stabiliser_bases, unbiased_bases_in_turn, rotated_ghz_bases):
        for copies in (1, 7, 1000):
            assert law(2)(copies).sum() == pytest.approx(1, abs=1e-12)
    assert random_pauli_bases(2)(9).sum() == pytest.approx(1, abs=1e-12)


def test_single_copies_need_these(unknown_sign):
    def needed(law):
        return copies_needed(told_after(law, unknown_sign))

    assert [needed(random_stabiliser_bases(n)) for n in (2, 4, 6, 8)] == [25, 88, 340, 1344]
    assert [needed(unbiased_bases_in_turn(n)) for n in (2, 4, 6, 8)] == [26, 88, 335, 1325]
    assert [needed(rotated_ghz_bases(n)) for n in (2, 4, 6, 8)] == [15, 46, 115, 265]
    assert [needed(random_pauli_bases(n)) for n in (2, 4)] == [30, 165]
    known = right_answers(sign_known=True)
    assert copies_needed(told_after(random_stabiliser_bases(8), known)) == 980


def test_floors():
    assert [naming_floor(n) for n in (2, 4, 6, 8)] == [21, 150, 869, 4611]
    assert [adaptive_naming_floor(n) for n in (2, 4, 6, 8)] == [11, 44, 168, 662]
    assert [adaptive_telling_floor(n) for n in (2, 4, 6, 8)] == [4, 13, 47, 184]


def test_no_scheme_is_below_its_floor(unknown_sign):
    for n in (2, 4, 6):
        for law in (random_stabiliser_bases, unbiased_bases_in_turn):
            assert copies_needed(told_after(law(n), unknown_sign)) > adaptive_telling_floor(n)
        assert adaptive_naming_floor(n) < naming_floor(n)


def test_the_average_behind_the_floors():
    rng = np.random.default_rng(0)
    letters = np.array([np.eye(2), [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], np.diag([1, -1])])
    psi = rng.normal(size=4) + 1j * rng.normal(size=4)
    psi /= np.linalg.norm(psi)
    squares = [
        abs(psi.conj() @ np.kron(letters[a], letters[b]) @ psi) ** 2
        for a, b in itertools.product(range(4), repeat=2)
        if a or b
    ]
    assert np.mean(squares) == pytest.approx(1 / 5, abs=1e-14)


def test_the_adaptive_floor_is_a_bound_where_the_best_scheme_is_known():
    """One qubit, one copy: no basis does better than guessing among those that it shows."""
    assert binary_divergence(0.5, 0.5) == 0
    # n = 1, accuracy of one copy in the Z basis for "Z or X", sign known: (1 + 0.95/2)/2
    accuracy = (1 + 0.95 / 2) / 2
    assert adaptive_telling_floor(1, accuracy) <= 1

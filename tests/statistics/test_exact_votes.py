"""The majority of n shots, against all ways in which n votes can fall."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom

from qnnq.statistics import exact_votes
from qnnq.statistics.exact_votes import majority_probability
from qnnq.statistics.votes import majority_votes


def enumerated(probabilities, named, shots):
    total = 0.0
    for counts in itertools.product(range(shots + 1), repeat=len(probabilities)):
        if sum(counts) == shots and majority_votes(np.array([counts]))[0] == named:
            ways = math.factorial(shots) / math.prod(map(math.factorial, counts))
            total += ways * math.prod(p**n for p, n in zip(probabilities, counts))
    return total


@pytest.mark.parametrize(("classes", "shots"), [(2, 1), (2, 6), (3, 5), (4, 4), (4, 7), (5, 3)])
def test_the_majority_against_all_votes(classes, shots):
    rng = np.random.default_rng(classes * 100 + shots)
    probabilities = rng.dirichlet(np.full(classes, 0.7), 5)
    probabilities[0] = np.eye(classes)[0]
    probabilities[1, -1] = 0
    probabilities[1] /= probabilities[1].sum()
    for named in range(classes):
        found = majority_probability(probabilities, np.full(5, named), shots)
        expected = [enumerated(row, named, shots) for row in probabilities]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_chances_of_all_classes_add_up_to_one_for_many_shots():
    probabilities = np.random.default_rng(0).dirichlet(np.full(10, 0.3), 3)
    total = sum(majority_probability(probabilities, np.full(3, c), 101) for c in range(10))
    np.testing.assert_allclose(total, 1, atol=1e-10)


@pytest.mark.parametrize("shots", [99, 100, 1001])
def test_the_majority_of_two_classes_is_binomial(shots):
    ahead = np.array([0.45, 0.5, 0.52])
    probabilities = np.stack([ahead, 1 - ahead], axis=1)
    found = majority_probability(probabilities, np.zeros(3, int), shots)
    np.testing.assert_allclose(found, binom.sf((shots - 1) // 2, shots, ahead), atol=1e-12)


def test_sure_images_are_those_of_the_whole_sum(monkeypatch):
    """Leaving out what is surer than 1e-12 changes no more."""
    probabilities = np.random.default_rng(3).dirichlet(np.full(4, 0.2), 200)
    named = np.random.default_rng(4).integers(0, 4, 200)
    found = majority_probability(probabilities, named, 45)
    _, unsure = exact_votes._sure(probabilities, named, 45)
    assert 20 < len(unsure) < 150
    monkeypatch.setattr(exact_votes, "SURE", 0.0)
    np.testing.assert_allclose(found, majority_probability(probabilities, named, 45), atol=4e-12)

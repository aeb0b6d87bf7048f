"""Means over seeds: their intervals cover, their tests keep their rate, one seed is as before."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.one_shot_coverage import SETTINGS, measured
from qnnq.errors import InputError
from qnnq.statistics import (
    Accuracy,
    behaviour,
    between,
    bootstrap_over_images,
    confusion,
    difference,
    effective_wilson,
    intervals,
    mcnemar,
    mean_chance,
    share_right,
    sign_flip,
    widened,
    wilson,
)

FALSE_ALARM = 1e-6


def at_least(hits, samples, share):
    """Whether so many hits are no sign of a true share below; errs once in a million."""
    return hits >= binom.ppf(FALSE_ALARM, samples, share)


@pytest.mark.parametrize("setting", SETTINGS)
def test_one_shot_of_few_nearly_perfect_images(setting):
    coverage, width = measured(*setting, samples=400)
    assert at_least(round(400 * coverage), 400, 0.93)
    assert width <= 1.3


def test_the_named_setting_is_covered():
    """10 images x 15 shots at 0.995, where a bootstrap covered 83 to 86 %; 2,000 samples."""
    coverage, width = measured(10, 15, 0.995, 0.0, samples=2000)
    assert coverage >= 0.93
    assert width <= 1.3


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_interval_of_several_seeds_covers(seeds):
    """Images of their own difficulty, a vote of each a seed: 85.7 % right on average."""
    rng = np.random.default_rng(seeds)
    samples, inside = 400, 0
    for _ in range(samples):
        right = rng.binomial(seeds, rng.beta(3, 0.5, 60)) / seeds
        found = share_right(right)
        inside += found.low <= 3 / 3.5 <= found.high
    assert at_least(inside, samples, 0.94)
    assert inside <= binom.ppf(1 - FALSE_ALARM, samples, 0.97)


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_what_seeds_share_widens_the_interval(seeds):
    """Each seed moves all images by 4 points, which counting alone does not see."""
    rng = np.random.default_rng(seeds)
    samples, inside, alone = 300, 0, 0
    for _ in range(samples):
        day = rng.normal(0, 0.04, (seeds, 1))
        right = (rng.random((seeds, 2000)) < np.clip(0.8 + day, 0, 1)).astype(float)
        counted = share_right(right.mean(axis=0))
        variance, freedom = between(right)
        found = widened(counted, np.sqrt(variance), freedom)
        inside += found.low <= 0.8 <= found.high
        alone += counted.low <= 0.8 <= counted.high
    assert at_least(inside, samples, 0.93)
    assert alone < 0.75 * samples


def test_the_variance_between_seeds_by_hand():
    answers = np.array([[1.0, 1, 0, 0], [1, 1, 1, 1]])
    # Means 0.5 and 1: variance 1/8; the rest is +-1/4 everywhere, 8/16 over 3 degrees of freedom.
    assert between(answers) == (pytest.approx((1 / 8 - 8 / 16 / 3 / 4) / 2), 1)
    assert between(answers[:1]) == (0, np.inf)
    same = widened(Accuracy(0.5, 0.4, 0.6), 0.05)
    few = widened(Accuracy(0.5, 0.4, 0.6), 0.05, 1)
    assert few.low < same.low < 0.4


def test_one_seed_is_wilson_and_mcnemar():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 40)) < 0.7
    found = share_right(a)
    assert (found.low, found.high) == wilson(int(a.sum()), 40)
    assert difference(a, b).p_value == mcnemar(a, b)
    assert sign_flip(a.astype(float) - b) == pytest.approx(mcnemar(a, b))


def test_the_sign_flip_test_against_all_flips():
    differences = np.array([1 / 3, -2 / 3, 1, 1 / 3, 0, 1, 2 / 3, -1 / 3])
    signs = np.array([*itertools.product((-1, 1), repeat=len(differences))])
    sums = np.abs(signs @ differences)
    expected = np.mean(sums >= abs(differences.sum()) - 1e-9)
    assert sign_flip(differences) == pytest.approx(expected)
    assert sign_flip(np.zeros(5)) == 1
    drawn = sign_flip(differences * np.pi)  # no common step: by 200,000 draws
    assert drawn == pytest.approx(expected, abs=5 * np.sqrt(expected / 200_000))


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0, 4.0])
def test_the_sign_flip_test_of_many_sizes_against_all_flips(shift):
    """Whole sizes, whose distribution is made exactly; the saddlepoint takes them as any sizes."""
    sizes = np.arange(1, 201)
    counts = np.full(200, 3)
    found = round(shift * float(np.sqrt((counts * sizes**2).sum())) / 2) * 2
    exact = intervals._exact_flips(sizes, counts, found)
    near = intervals._saddlepoint_flips(sizes.astype(float), counts, float(found))
    assert near == pytest.approx(exact, rel=0.01)


def test_the_sign_flip_test_of_probabilities_draws_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    many, few = rng.normal(0.002, 0.1, 5000), rng.normal(0.1, 0.1, 150)
    monkeypatch.setattr(np.random, "default_rng", None)
    assert 0 < sign_flip(many) < 1
    assert sign_flip(few) < 1e-9  # not the least of 200,000 draws


def test_the_bootstrap_takes_values_that_are_alike_together():
    values = np.random.default_rng(0).beta(5, 1, 3000)
    low, high = bootstrap_over_images(values)
    half = 1.96 * values.std() / np.sqrt(3000)
    assert (high - low) / 2 == pytest.approx(half, rel=0.06)
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=half / 10)


def test_chances_have_intervals_over_images():
    values = np.random.default_rng(1).beta(5, 1, 200)
    found = mean_chance(values)
    assert (found.low, found.high) == effective_wilson(values, np.inf)
    assert found.low < values.mean() < found.high
    alike = mean_chance(np.full(20, 0.7))
    assert 0.6 < alike.low < 0.7 < alike.high < 0.8
    alone = mean_chance(np.array([0.7]))
    assert (alone.low, alone.high) == wilson(0.7, 1)


@pytest.mark.parametrize(("seeds", "others"), [(3, 3), (5, 2), (3, 1)])
def test_the_sign_flip_test_keeps_its_rate(seeds, others):
    """Two networks that are equally good on every image; images share no difficulty with seeds."""
    rng = np.random.default_rng([seeds, others])
    samples, found = 400, 0
    for _ in range(samples):
        chance = rng.beta(3, 0.6, 60)
        a, b = (rng.binomial(number, chance) / number for number in (seeds, others))
        found += sign_flip(a - b) <= 0.05
    assert found <= binom.ppf(1 - FALSE_ALARM, samples, 0.05)


def test_a_share_is_not_right():
    shares = np.array([0.3, 1.0])
    with pytest.raises(InputError, match="expected right or wrong, got shares"):
        behaviour(shares, shares)
    found = difference(shares, np.array([0.0, 1.0]))
    assert found.value == pytest.approx(0.15)


def test_confusion_counts_each_seed():
    table = confusion(np.array([0, 1]), np.array([[0, 0], [0, 1], [2, -1]]), 3)
    assert table.tolist() == [[2, 0, 1], [1, 1, 0], [0, 0, 0]]

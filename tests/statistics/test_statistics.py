"""Intervals against published values, exact formulas and their stated coverage."""

import math

import numpy as np
import pytest
from scipy.special import stdtrit
from scipy.stats import beta, binom

from benchmarks.breakdown_coverage import coverage
from qnnq.errors import InputError
from qnnq.statistics import (
    accuracies,
    behaviour,
    bootstrap_over_images,
    breakdown,
    difference,
    majority_votes,
    mcnemar,
    wilson,
)
from qnnq.statistics.intervals import student_quantile


@pytest.mark.parametrize("freedom", [1, 999, 1000, 9999, 10**6])
@pytest.mark.parametrize("probability", [0.75, 0.975, 0.99995])
def test_quantiles_of_student(freedom, probability):
    exact = stdtrit(freedom, probability)
    assert student_quantile(freedom, probability) == pytest.approx(exact, rel=1e-12)


def test_wilson_against_textbook_values():
    # Newcombe, Stat. Med. 17, 857 (1998), table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 55), (55, 55), (10_000, 10_000)])
def test_no_zero_width_at_the_ends(successes, n):
    value = successes / n
    for low, high in (wilson(successes, n), bootstrap_over_images(np.full(n, value))):
        assert low < high
        assert low <= value <= high


@pytest.mark.parametrize(("successes", "n"), [(3, 55), (30, 55), (55, 55), (9_000, 10_000)])
def test_bootstrap_of_single_shots_is_the_jeffreys_interval(successes, n):
    values = np.arange(n) < successes
    expected = beta(successes + 0.5, n - successes + 0.5)
    low, high = bootstrap_over_images(values)
    # 4,000 replicates: the 2.5 % quantile sits within 1 % of probability (4 sigma: false alarm
    # 6e-5 a side, were the seed not fixed).
    assert 0.015 < expected.cdf(low) < 0.035
    assert high == 1.0 if successes == n else 0.965 < expected.cdf(high) < 0.985


def test_bootstrap_sees_that_shots_of_one_image_are_correlated():
    always = np.repeat([0.0, 1.0], [20, 80])
    low, high = bootstrap_over_images(always)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / 100), rel=0.1)
    mixed_low, mixed_high = bootstrap_over_images(np.full(100, 0.8))
    assert mixed_high - mixed_low < 0.4 * (high - low)


def test_bootstrap_coverage():
    # 600 samples of 60 images, per-image accuracies from Beta(4, 1), mean 0.8, 15 shots.
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(600):
        low, high = bootstrap_over_images(rng.binomial(15, rng.beta(4, 1, 60)) / 15)
        inside += low <= 0.8 <= high
    # False alarm of either side about 1e-6 for a true coverage within [0.93, 0.97].
    assert binom.ppf(1e-6, 600, 0.93) <= inside <= binom.ppf(1 - 1e-6, 600, 0.97)


def test_bootstrap_is_reproducible():
    values = np.linspace(0, 1, 37)
    assert bootstrap_over_images(values) == bootstrap_over_images(values[::-1])


def test_mcnemar_exact():
    a = np.array([True] * 8 + [False] * 2 + [True] * 50)
    b = np.array([False] * 8 + [True] * 2 + [True] * 50)
    # 2 P(X <= 2), X ~ Bin(10, 1/2)
    assert mcnemar(a, b) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert mcnemar(a, a) == 1.0
    with pytest.raises(InputError, match="same images"):
        mcnemar(a, b[:-1])


def test_ties_go_to_the_lowest_class():
    assert majority_votes(np.array([[0, 2, 2], [3, 0, 3], [1, 1, 4]])).tolist() == [1, 0, 2]


def test_accuracies_by_hand():
    counts = np.array([[3, 1], [2, 2], [0, 4], [4, 0]])
    sums = np.array([[2.5, 1.5], [1.5, 2.5], [1.0, 3.0], [3.0, 1.0]])
    found = accuracies(counts, sums, np.array([0, 1, 1, 1]), shots=4)
    assert found["single_shot"].value == pytest.approx((3 + 2 + 4 + 0) / 16)
    assert found["majority"].value == 0.5
    assert found["soft_vote"].value == 0.75
    assert (found["majority"].low, found["majority"].high) == wilson(2, 4)


def test_accuracies_of_one_image_are_over_its_shots():
    found = accuracies(np.array([[11, 85]]), np.array([[11.0, 85.0]]), np.array([1]), shots=96)
    assert (found["single_shot"].low, found["single_shot"].high) == wilson(85, 96)


def test_accuracies_reject_wrong_totals():
    with pytest.raises(InputError, match="5 votes"):
        accuracies(np.array([[3, 1]]), np.array([[3.0, 1.0]]), np.array([0]), shots=5)


def curve(accuracies, images=1000):
    """Answers with exactly these accuracies; an image that is wrong stays wrong."""
    return [np.arange(images) < round(accuracy * images) for accuracy in accuracies]


def test_breakdown_by_hand():
    # Falling evenly in asinh(x / smallest): the interpolation is exact.
    strengths = [0, 1, 4, 16]
    even = curve(0.9 - 0.2 * np.arcsinh(strengths), 100_000)
    assert breakdown(strengths, even, 0.7).value == pytest.approx(math.sinh(1), rel=1e-4)
    assert breakdown([0, 1], curve([0.9, 0.7]), 0.8).value == pytest.approx(
        math.sinh(math.asinh(1) / 2)
    )
    assert breakdown([1, 2], curve([0.5, 0.4]), 0.8).value == pytest.approx(1)
    assert breakdown([0, 1], curve([0.9, 0.85]), 0.8).value == math.inf


def test_a_dip_is_no_breakdown():
    """Accuracies that begin near the threshold dip below it by chance; the fit pools them."""
    found = breakdown([0, 1, 2, 4, 8], curve([0.801, 0.799, 0.806, 0.802, 0.5]), 0.8)
    assert found.value > 4
    assert found.low == 0


@pytest.mark.parametrize("margin", [0.3, 4.0])
def test_breakdown_interval_covers(margin):
    """40 sweeps of 300 images; `benchmarks/breakdown_coverage.py` does more, and more settings."""
    inside = coverage(images=300, margin=margin, sweeps=40, seed=5)
    # False alarm about 1e-6 for a true coverage of at least 0.93.
    assert 40 * inside >= binom.ppf(1e-6, 40, 0.93)


def test_breakdown_below_a_reference_network():
    right = curve([0.9, 0.7])
    found = breakdown([0, 1], right, curve([0.8])[0])
    assert found.value == pytest.approx(math.sinh(math.asinh(1) / 2))
    never = breakdown([0, 1], right, curve([0.1])[0])
    assert (never.value, never.low, never.high) == (math.inf, math.inf, math.inf)
    with pytest.raises(InputError, match="same images"):
        breakdown([0, 1], right, curve([0.8], 999)[0])
    with pytest.raises(InputError, match="increasing"):
        breakdown([1, 0], right, 0.5)


def test_breakdown_a_margin_below_the_first_point():
    right = curve([0.9, 0.88], 10_000)
    found = breakdown([0, 1], right, right[0], margin=0.01)
    assert found.value == pytest.approx(math.sinh(math.asinh(1) / 2))
    # 200 images of 10,000 change their answer; the loss is even in asinh(x).
    for end, sign in ((found.low, 1), (found.high, -1)):
        loss = 0.02 + sign * 1.96 * math.sqrt(0.02 * 0.98 / 10_000)
        assert end == pytest.approx(math.sinh(math.asinh(1) * 0.01 / loss), rel=0.02)
    shares = [np.full(10_000, 0.75), np.full(10_000, 0.65)]  # of each image's shots
    found = breakdown([0, 1], shares, shares[0], margin=0.05)
    assert found.value == pytest.approx(math.sinh(math.asinh(1) / 2))


def test_difference_of_paired_answers():
    found = difference(curve([0.9])[0], curve([0.8])[0])
    assert found.value == pytest.approx(0.1)
    # All changes have one sign: a Jeffreys-like interval around 100 of 1,000.
    assert found.low == pytest.approx(0.083, abs=0.005)
    assert found.high == pytest.approx(0.120, abs=0.005)
    assert found.p_value == pytest.approx(2 * 0.5**100)
    same = difference(curve([0.9])[0], curve([0.9])[0])
    assert same.low < 0 < same.high
    assert same.p_value == 1


def test_images_by_behaviour():
    found = behaviour([True, False, True, False], [True, True, False, False])
    assert [part.tolist() for part in (found.both_right, found.gained, found.lost)] == [
        [0],
        [1],
        [2],
    ]
    assert found.both_wrong.tolist() == [3]

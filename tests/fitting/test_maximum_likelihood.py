"""Estimates, intervals and goodness of fit, on a model whose likelihood has a closed form.

A setting's shots are wrong with probability p, p01 or p10 by the setting, so counts are binomial.
"""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom, kstest

from noise_models.free import FreeSpecification
from qnnq.data.load import load_data
from qnnq.fitting.explanation import explain, verdict, weights
from qnnq.fitting.goodness import goodness
from qnnq.fitting.likelihood import Likelihood
from qnnq.fitting.maximum_likelihood import DROP, maximize
from qnnq.fitting.observation import Observation
from qnnq.networks.bundled import load_model
from qnnq.runs.request import RunRequest

NETWORK, DATA = load_model("mnist16-a0.5"), load_data("mnist-test")
LABEL = int(DATA.labels[6929])


def observation(right, shots=400, votes=False, pairs=0):
    counts = np.zeros((1, 10), np.int64)
    counts[0, LABEL], counts[0, (LABEL + 1) % 10] = right, shots - right
    return Observation(
        RunRequest(images="6929", pairs=pairs),
        NETWORK,
        DATA,
        np.array([6929]),
        np.array([shots]),
        right,
        counts if votes else None,
    )


def row(wrong):
    found = np.zeros((1, 10))
    found[0, LABEL], found[0, (LABEL + 1) % 10] = 1 - wrong, wrong
    return found


def same(specification):
    """Two settings that are wrong with the same probability."""
    return [row(specification.terms[0].number("p01"))] * 2


def different(specification):
    """Two settings, one wrong with p01, one with (p01 + p10) / 2."""
    p01, p10 = (specification.terms[0].number(key) for key in ("p01", "p10"))
    return [row(p01), row((p01 + p10) / 2)]


def fitted(text, forward, *right, votes=False):
    data = [observation(each, votes=votes) for each in right]
    return maximize(Likelihood(FreeSpecification.parse(text), data, forward))


@pytest.mark.parametrize("votes", [False, True])
def test_one_parameter_has_the_interval_of_its_deviance(votes):
    found = fitted("readout(p=?)", same, 360, 350, votes=votes)
    share = 90 / 800
    assert found.values[0] == pytest.approx(share, abs=0.03 * 0.0112)

    def margin(p):
        return binom.logpmf(90, 800, p) - binom.logpmf(90, 800, share) + DROP

    expected = brentq(margin, 0.01, share), brentq(margin, share, 0.3)
    interval = found.intervals[0]
    np.testing.assert_allclose((interval.low, interval.high), expected, atol=0.05 * 0.0112)


def test_the_profile_of_two_parameters():
    """p01 alone is as if only its own setting were there, since p10 fits the other one whatever."""
    found = fitted("readout(p01=?, p10=?)", different, 360, 340)
    np.testing.assert_allclose(found.values, [0.1, 0.2], atol=0.002)

    def margin(p):
        return binom.logpmf(40, 400, p) - binom.logpmf(40, 400, 0.1) + DROP

    expected = brentq(margin, 0.01, 0.1), brentq(margin, 0.1, 0.3)
    interval = found.intervals[0]
    np.testing.assert_allclose((interval.low, interval.high), expected, atol=0.1 * 0.015)


def test_an_interval_ends_where_the_range_does():
    found = fitted("readout(p=?)", same, 400, 400)
    assert found.values[0] == pytest.approx(0, abs=1e-4)
    assert found.intervals[0].low == 0
    assert found.intervals[0].high == pytest.approx(DROP / 800, rel=0.1)


@pytest.mark.parametrize("votes", [False, True])
def test_p_values_of_a_true_model_are_uniform(votes):
    """Kolmogorov and Smirnov; false-alarm rate 1e-6."""
    random = np.random.default_rng(4)
    found = [
        goodness(fitted("readout(p=?)", same, *random.binomial(400, 0.9, 2), votes=votes))[
            0
        ].p_value
        for _ in range(30)
    ]
    assert kstest(found, "uniform").pvalue > 1e-6


def test_a_wrong_model_is_rejected_and_a_right_one_preferred():
    data = [observation(370), observation(300)]
    explanations = [
        explain(Likelihood(FreeSpecification.parse(text), data, forward))
        for text, forward in (("readout(p=?)", same), ("readout(p01=?, p10=?)", different))
    ]
    wrong, right = explanations
    assert wrong.p_value < 0.001
    assert right.p_value > 0.9  # as many parameters as settings
    assert weights(explanations)[1] > 0.999
    assert verdict(explanations).startswith("It cannot be told: readout(p01=?, p10=?) has as many")
    assert verdict(explanations[:1]).startswith("None of these explains")
    assert right.aic == pytest.approx(4 - 2 * right.log_likelihood)
    assert [point.measured for point in right.predictions] == [0.925, 0.75]


def test_what_is_held_out_is_predicted():
    free = FreeSpecification.parse("readout(p=?)")
    two = Likelihood(free, [observation(360), observation(360)], same)
    other = Likelihood(free, [observation(300, pairs=3)], lambda noise: same(noise)[:1])
    found = explain(two, other)
    last = found.predictions[-1]
    assert last.held_out
    assert not last.holds
    # The error of the parameter, from 800 shots, and that of counting 400.
    deviation = np.sqrt(0.09 / 800 + 0.09 / 400)
    assert last.high - last.value == pytest.approx(1.96 * deviation, rel=0.02)

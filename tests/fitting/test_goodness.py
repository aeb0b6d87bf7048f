"""A fit that says no, on a model in closed form.

A shot of an image is wrong with a probability that two terms of the noise add to, by weights that
differ between two settings and from image to image.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from noise_models.free import FreeSpecification
from qnnq.data.load import load_data
from qnnq.fitting.explanation import EXPLAINS, explain, verdict
from qnnq.fitting.goodness import goodness
from qnnq.fitting.likelihood import Likelihood
from qnnq.fitting.maximum_likelihood import maximize
from qnnq.fitting.mechanisms import mechanisms, unfitted
from qnnq.fitting.observation import Observation
from qnnq.networks.bundled import load_model
from qnnq.runs.request import RunRequest

NETWORK, DATA = load_model("mnist16-a0.5"), load_data("mnist-test")
IMAGES, SHOTS = np.arange(30), 20
LABELS = DATA.labels[IMAGES].astype(int)
SIZES = np.linspace(0.5, 1.5, len(IMAGES))
FITTED = FreeSpecification.parse("readout(p=?0:0.3)")
OTHER = FreeSpecification.parse("phase_damping(p=?)")
UNSEEN = FreeSpecification.parse("leakage(p=?)")
RUNS = 20


def wrong(readout, damping, setting):
    """Return the probability of each image."""
    shares = ((1.0, 0.2), (1.0, 2.0))[setting]
    return SIZES * (shares[0] * readout + shares[1] * damping)


def model(noise):
    """Two classes of ten can be named: the right one and the next."""
    numbers = {term.name: term.number("p01") or term.number("p") for term in noise.terms}
    found = []
    for setting in range(2):
        p = wrong(numbers.get("readout", 0), numbers.get("phase_damping", 0), setting)
        rows = np.zeros((len(IMAGES), 10))
        rows[IMAGES, LABELS], rows[IMAGES, (LABELS + 1) % 10] = 1 - p, p
        found.append(rows)
    return found


def drawn(random, readout, damping=0.0, alike=0.0):
    """Return votes; `alike`: the correlation of the shots of an image."""
    found = []
    for setting in range(2):
        p = wrong(readout, damping, setting)
        if alike:
            p = random.beta(p * (1 - alike) / alike, (1 - p) * (1 - alike) / alike)
        misses = random.binomial(SHOTS, p)
        votes = np.zeros((len(IMAGES), 10), np.int64)
        votes[IMAGES, LABELS], votes[IMAGES, (LABELS + 1) % 10] = SHOTS - misses, misses
        shots = np.full(len(IMAGES), SHOTS)
        request = RunRequest(images="0:30", pairs=setting)
        right = int(votes[IMAGES, LABELS].sum())
        found.append(Observation(request, NETWORK, DATA, IMAGES, shots, right, votes))
    return found


def fit(data, simulated=None):
    return Likelihood(FITTED, data, model, simulated)


def explained(data):
    return explain(fit(data), None, lambda a, b: unfitted(a, b, [OTHER, UNSEEN]))


@pytest.fixture(scope="module")
def campaigns():
    """Fits of the true noise, of one with another mechanism, of overdispersed counts."""
    random = np.random.default_rng(20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qnnq.fitting.goodness.REPLICATES", 199)
        return {
            name: [explained(drawn(random, **noise)) for _ in range(RUNS)]
            for name, noise in {
                "true": {"readout": 0.1},
                "other": {"readout": 0.04, "damping": 0.04},
                "overdispersed": {"readout": 0.1, "alike": 0.15},
            }.items()
        }


def explains(explanations):
    return sum(verdict([each]).startswith(f"{FITTED.text} explains") for each in explanations)


def test_a_true_noise_explains(campaigns):
    """Refused at the rate that is said; false-alarm rate 1e-6."""
    refused = RUNS - explains(campaigns["true"])
    assert binom.sf(refused - 1, RUNS, EXPLAINS) > 1e-6
    assert all("readout" in each.fitted for each in campaigns["true"])


def test_a_noise_without_the_mechanism_does_not_explain(campaigns):
    assert explains(campaigns["other"]) <= RUNS // 10
    said = verdict(campaigns["other"][:1])
    assert "What is missing looks most like phase_damping" in said
    sizes = [each.rivals[0].found for each in campaigns["other"]]
    assert all(size is not None and size.startswith("phase_damping(p=0.0") for size in sizes)


def test_overdispersed_counts_are_refused_by_their_images(campaigns):
    found = campaigns["overdispersed"]
    assert explains(found) <= RUNS // 10
    # The variance of SHOTS shots of correlation 0.15 is 1 + 0.15 (SHOTS - 1) of that by counting;
    # its spread is that of 60 images' squares, about 25 % a run.
    mean = np.mean([each.overdispersion.value for each in found])
    assert mean == pytest.approx(1 + 0.15 * (SHOTS - 1), rel=0.25)
    assert "no noise of independent shots" in verdict(found[:1])
    plain = np.mean([each.overdispersion.value for each in campaigns["true"]])
    assert plain == pytest.approx(1, abs=5 * 0.25 / np.sqrt(RUNS))


def test_images_that_differ_by_as_much_to_both_sides_are_seen():
    """Summed over the images of a class, the counts are what the noise expects."""
    data = drawn(np.random.default_rng(7), 0.15)
    far = []
    for setting, each in enumerate(data):
        misses = np.rint(SHOTS * wrong(0.15, 0, setting)).astype(int)
        for label in np.unique(LABELS):
            own = IMAGES[label == LABELS]
            half = len(own) // 2
            most = min(misses[own[half : 2 * half]], default=0)
            misses[own[:half]] += most
            misses[own[half : 2 * half]] -= most
        votes = np.zeros_like(each.votes)
        votes[IMAGES, LABELS], votes[IMAGES, (LABELS + 1) % 10] = SHOTS - misses, misses
        far.append(replace(each, votes=votes, right=int((SHOTS - misses).sum())))
    found = explained(far)
    assert found.by_class > 0.3
    assert found.by_image < 0.01
    assert "explains" not in verdict([found]).replace("None of these explains", "")


def test_a_score_is_that_of_the_closed_form():
    """Binomial counts: the slope of the log-likelihood, less what the parameter makes up for."""
    data = drawn(np.random.default_rng(3), 0.1, 0.01)
    likelihood = fit(data)
    found = maximize(likelihood)
    others = unfitted(likelihood, found.values, [OTHER, UNSEEN])
    assert others.unseen == (UNSEEN.text,)
    (score,) = goodness(found, others.directions)[1]
    slopes = np.array([[s * SIZES for s in (1.0, 0.2)], [s * SIZES for s in (1.0, 2.0)]])
    p = np.array([wrong(found.values[0], 0, setting) for setting in range(2)])
    misses = np.array([SHOTS - each.votes[IMAGES, LABELS] for each in data])
    weight = SHOTS / (p * (1 - p))
    readout, damping = slopes[:, 0], slopes[:, 1]
    gradient = (((misses - SHOTS * p) / (p * (1 - p))) * damping).sum()
    own, mixed, fitted = (
        (weight * a * b).sum()
        for a, b in ((damping, damping), (damping, readout), (readout, readout))
    )
    expected = gradient / np.sqrt(own - mixed**2 / fitted)
    # The size is finite, the estimate has an accuracy, and the deviation is from 1999 draws.
    assert score.deviations == pytest.approx(expected, abs=0.2)
    size = score.share * score.direction.size
    assert size == pytest.approx(gradient / (own - mixed**2 / fitted), rel=0.25)


def test_a_rival_is_named_with_what_it_would_leave_of_the_fit():
    """At one setting the two terms add to the same number."""
    data = drawn(np.random.default_rng(5), 0.1)[:1]
    likelihood = Likelihood(FITTED, data, lambda noise: model(noise)[:1])
    found = explain(likelihood, None, lambda a, b: unfitted(a, b, [OTHER]))
    (rival,) = found.rivals
    assert rival.is_rival
    assert rival.instead.startswith("readout(p=")
    assert rival.instead in verdict([found])


def test_simulated_probabilities_are_as_wide_as_their_shots_leave_them():
    """With as many simulated shots as real ones, counts scatter by twice as much."""
    data = drawn(np.random.default_rng(6), 0.1, alike=0.1)
    exact, simulated = (
        goodness(maximize(fit(data, each)))[0].overdispersion for each in (None, [SHOTS] * 2)
    )
    assert simulated.value == pytest.approx(exact.value / 2, rel=0.1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"p_value": 0.02}, "counts this far from it are rare (p = 0.02"),
        ({"degrees_of_freedom": 0}, "as many parameters as"),
        ({"undetermined": ("readout.p",)}, "whatever readout.p is"),
        ({"p_value": 0.001}, "None of these explains the counts"),
    ],
)
def test_what_is_no_explanation_is_not_called_one(changes, says, campaigns):
    found = next(each for each in campaigns["true"] if each.p_value > 0.1)
    assert verdict([found]).startswith(f"{FITTED.text} explains")
    said = verdict([replace(found, **changes)])
    assert says in said
    assert not said.startswith(FITTED.text)


def test_every_mechanism_that_is_not_fitted_is_listed():
    texts = [each.text for each in mechanisms("fake_torino", FITTED)]
    assert "readout(p=?)" not in texts
    assert {"readout(p01=?, p10=0)", "zz(rate=?)", "relaxation(t1=120us, t2=80us)*?"} <= set(texts)
    assert "fake_torino(gate=off, relaxation=off, readout=off)*?" in texts
    strength = FreeSpecification.parse("relaxation(t1=120us, t2=80us)*?")
    assert strength.text not in [each.text for each in mechanisms("fake_torino", strength)]

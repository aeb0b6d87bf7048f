"""The forward model and the likelihood, against independent calculations."""

import math
from functools import reduce

import numpy as np
import pytest
from scipy.stats import binom, chi2

from noise_models import NoiseSpecification
from noise_models.free import FreeSpecification
from qnnq.data.load import load_data
from qnnq.execution.class_probabilities import class_probabilities, is_enumerable
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.fitting.forward import InstrumentForward
from qnnq.fitting.likelihood import Likelihood, log_sum_probability
from qnnq.fitting.observation import Observation
from qnnq.networks.bundled import load_model
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

IMAGES = np.array([6929, 12])
SHOTS = 30_000


def test_enumerated_classes_are_those_that_the_engine_samples():
    """Chi-square; false-alarm rate 1e-6 for both images together."""
    network, data = load_model("mnist16-a0.5"), load_data("mnist-test")
    deployment = deploy(RunRequest(noise="fake_torino*4", pairs=10, copies=2), network)
    exact = class_probabilities(network, data.images[IMAGES], IMAGES, deployment.responses)
    np.testing.assert_allclose(exact.sum(axis=1), 1)
    mode = Stepwise(deployment.engine("instrument"), network.entanglements)
    counts = run_shots(network, data.images[IMAGES], IMAGES, mode, SHOTS, seed=3).counts
    for row, found in zip(exact, counts, strict=True):
        likely = row * SHOTS >= 5
        expected = np.append(row[likely], row[~likely].sum() + 1e-12) * SHOTS
        seen = np.append(found[likely], found[~likely].sum())
        statistic = ((seen - expected) ** 2 / expected)[expected > 1].sum()
        assert chi2.sf(statistic, (expected > 1).sum() - 1) > 5e-7


def test_only_narrow_projective_networks_are_enumerable():
    assert is_enumerable(load_model("mnist16-a0.5"))
    assert not is_enumerable(load_model("mnist16-a0.5-g3pi8"))


def test_the_forward_model_samples_and_enumerates_alike():
    """Many shots are enumerated, few are sampled: six standard errors, false-alarm rate 2e-9."""
    network, data = load_model("mnist16-a0.5"), load_data("mnist-test")
    request = RunRequest(images="6929", pairs=5)
    many, few = (
        Observation(request, network, data, IMAGES[:1], np.array([shots]), 0)
        for shots in (1_000_000, 100)
    )
    forward = InstrumentForward([many, few], "fake_torino")
    exact, sampled = forward(NoiseSpecification.parse("readout(p=0.05)"))
    right = exact[0, 2]
    assert 0.5 < right < 0.999
    assert abs(sampled[0, 2] - right) < 6 * math.sqrt(right * (1 - right) / 100_000) + 1e-4


@pytest.mark.parametrize("total", [0, 1, 17, 40, 59, 60])
def test_the_sum_of_binomials_is_their_convolution(total):
    shots, p = np.array([20, 30, 10]), np.array([0.9, 0.2, 0.6])
    pmf = reduce(
        np.convolve, [binom.pmf(np.arange(n + 1), n, q) for n, q in zip(shots, p, strict=True)]
    )
    tolerance = 1e-9 if total in (0, 60) else 0.1 if total in (1, 59) else 0.005
    assert math.exp(log_sum_probability(total, shots, p)) == pytest.approx(
        pmf[total], rel=tolerance
    )


def test_the_shots_of_one_image_are_binomial():
    found = log_sum_probability(7, np.array([10]), np.array([0.6]))
    assert found == pytest.approx(binom.logpmf(7, 10, 0.6))


COUPLED = "0,1,3,4,6,7,9,10,12,13,17,27,19,20,22,23"
"""Eight pairs of coupled qubits of fake_torino, no two of which are coupled."""


def test_a_static_zz_coupling_has_a_likelihood_with_its_maximum_there():
    """Half and one and a half times the rate are less likely, by far more than chance does.

    A difference of 12 of the log-likelihood is five standard deviations of the rate.
    """
    true = "fake_torino + zz(rate=400kHz)"
    network, data = load_model("mnist16-a0.5"), load_data("mnist-test")
    images = np.arange(6)
    request = RunRequest(noise=true, qubits=COUPLED, images="0:6", pairs=8, shots=60, seed=5)
    result = prepare(request).execute(with_error=False)
    votes, shots = result.counts, result.counts.sum(axis=1)
    right = int(votes[images, result.labels].sum())
    seen = Observation(request, network, data, images, shots, right, votes)
    free = FreeSpecification.parse("fake_torino + zz(rate=?)", ["fake_torino"])
    likelihood = Likelihood(free, [seen], InstrumentForward([seen], "fake_torino", 30))
    half, whole, more = (likelihood.log(np.array([rate])) for rate in (2e5, 4e5, 6e5))
    assert whole > max(half, more) + 12

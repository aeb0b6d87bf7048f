"""The shot loop and the noise-free engine against enumeration, and what must not change counts."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from qnnq.execution import shot_loop
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.networks.network import Network
from tests.execution.enumeration import class_distribution

FALSE_ALARM = 1e-6
SHOTS = 50_000


def small_network(stretch, entanglement, widths=(4, 3, 3, 2), seed=1, **physics):
    rng = np.random.default_rng(seed)
    weights = tuple(
        rng.normal(0, 0.9, (out, into)) for into, out in zip(widths, widths[1:], strict=False)
    )
    return Network(weights, stretch=stretch, entanglement=entanglement, **physics)


def mode_of(network):
    return Stepwise(IdealEngine(network.entanglements), network.entanglements)


def assert_same_distribution(counts, expected):
    """Pearson's chi-square at a false-alarm rate of 1e-6; cells with expectation < 5 are pooled."""
    order = np.argsort(expected)
    pooled_counts, pooled_expected = [0.0], [0.0]
    for index in order:
        if pooled_expected[-1] >= 5:
            pooled_counts.append(0.0)
            pooled_expected.append(0.0)
        pooled_counts[-1] += counts[index]
        pooled_expected[-1] += expected[index]
    observed, wanted = np.array(pooled_counts), np.array(pooled_expected)
    statistic = ((observed - wanted) ** 2 / wanted).sum()
    assert statistic < chi2.isf(FALSE_ALARM, max(1, len(wanted) - 1))


@pytest.mark.parametrize("activation", ["htanh", "tanh"])
@pytest.mark.parametrize(
    ("stretch", "entanglement", "last_projective"),
    [
        (0.8, math.pi / 2, False),
        (0.0, 5 * math.pi / 19, False),
        (0.7, 3 * math.pi / 8, False),
        (0.7, math.pi / 5, True),
    ],
)
def test_votes_follow_the_enumerated_distribution(
    activation, stretch, entanglement, last_projective
):
    network = small_network(
        stretch, entanglement, activation=activation, last_projective=last_projective
    )
    pixels = np.array([[0.1, 0.9, 0.4, 0.7]])
    votes = shot_loop.run_shots(network, pixels, np.array([3]), mode_of(network), SHOTS, seed=5)
    assert votes.counts.sum() == SHOTS
    expected = class_distribution(network, pixels[0])
    assert expected.min() > 0.01
    assert_same_distribution(votes.counts[0], SHOTS * expected)


@pytest.mark.parametrize("entanglement", [math.pi / 2, 3 * math.pi / 8])
def test_every_layer_has_its_own_activation(entanglement):
    widths = (4, 3, 2, 3, 3)
    activations, stretches = ("tanh", "linear", "linear"), (0.0, 0.9, 2.0)
    network = small_network(stretches, entanglement, widths=widths, activation=activations)
    pixels = np.array([[0.2, 0.8, 0.5, 0.3]])
    votes = shot_loop.run_shots(network, pixels, np.array([0]), mode_of(network), SHOTS, seed=2)
    expected = SHOTS * class_distribution(network, pixels[0])
    assert_same_distribution(votes.counts[0], expected)
    # No clipped activation gives the same.
    clipped = small_network(stretches, entanglement, widths=widths, activation="htanh")
    with pytest.raises(AssertionError):
        assert_same_distribution(votes.counts[0], SHOTS * class_distribution(clipped, pixels[0]))


def test_unequal_widths_keep_the_states_of_the_neurons_that_go_on():
    network = small_network(0.5, math.pi / 5, widths=(4, 2, 4, 3, 3))
    pixels = np.array([[0.2, 0.8, 0.5, 0.3]])
    votes = shot_loop.run_shots(network, pixels, np.array([0]), mode_of(network), SHOTS, seed=2)
    assert_same_distribution(votes.counts[0], SHOTS * class_distribution(network, pixels[0]))


def test_softmax_sums_add_up_to_the_shots():
    network = small_network(0.5, math.pi / 2)
    pixels = np.random.default_rng(0).random((7, 4))
    votes = shot_loop.run_shots(network, pixels, np.arange(7), mode_of(network), 11, seed=0)
    np.testing.assert_allclose(votes.softmax_sums.sum(axis=1), 11)


@pytest.mark.parametrize("entanglement", [math.pi / 2, 1.0])
def test_counts_depend_on_neither_block_size_threads_nor_other_images(monkeypatch, entanglement):
    network = small_network(0.0, entanglement, widths=(20, 6, 6, 4), seed=3)
    images = np.random.default_rng(1).integers(0, 256, (60, 20), dtype=np.uint8)
    indices = np.arange(100, 160)

    def counts(selection, threads=1):
        return shot_loop.run_shots(
            network, images[selection], indices[selection], mode_of(network), 9, 4, None, threads
        ).counts

    whole = counts(np.arange(60))
    monkeypatch.setattr(shot_loop, "BYTES_PER_BLOCK", 50 * 9 * 20 * 7)
    np.testing.assert_array_equal(counts(np.arange(60), threads=3), whole)
    some = np.array([5, 6, 7, 40, 12])
    np.testing.assert_array_equal(counts(some), whole[some])


def test_progress_counts_every_image_once():
    network = small_network(0.5, math.pi / 2)
    seen = []
    shot_loop.run_shots(
        network, np.zeros((9, 4)), np.arange(9), mode_of(network), 2, 0, seen.append
    )
    assert sum(seen) == 9


def draws(images, shots=3, seed=7, layer=1):
    return Draws(seed, layer, np.array(images), shots)


def test_uniforms_belong_to_the_image():
    together = draws([4, 5, 6, 9]).uniforms(5)
    assert together.shape == (4, 3, 5)
    for place, image in enumerate([4, 5, 6, 9]):
        np.testing.assert_array_equal(draws([image]).uniforms(5)[0], together[place])
    assert not np.array_equal(together, draws([4, 5, 6, 9], layer=2).uniforms(5))
    assert not np.array_equal(together, draws([4, 5, 6, 9], seed=8).uniforms(5))


def test_runs_of_one_seed_and_other_shots_share_no_numbers():
    few, many = (draws(list(range(10)), shots=shots).uniforms(4).ravel() for shots in (15, 30))
    # 600 pairs, equal with a chance of 2^-24 each: false alarm far below 1e-6
    assert (few == many[: few.size]).sum() < 6


def test_uniforms_are_uniform():
    """Kolmogorov-Smirnov at a false-alarm rate of 1e-6, and no correlation between images."""
    from scipy.stats import kstest

    values = draws(list(range(500)), shots=20).uniforms(16)
    assert kstest(values.ravel(), "uniform").pvalue > FALSE_ALARM
    flat = values.reshape(500, -1) - 0.5
    neighbours = (flat[1:] * flat[:-1]).mean() * 12
    assert abs(neighbours) < 5 / math.sqrt(flat[1:].size)

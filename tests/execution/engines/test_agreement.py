"""Every engine against another one: outcome counts, per neuron and per vote (chi-square)."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from qnnq.errors import InputError
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.engines.packing import pack
from qnnq.execution.engines.response import layer_response
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

FALSE_ALARM = 1e-6
SYNTHETIC = "depolarizing(p1=0.01, p2=0.03) + readout(p01=0.02, p10=0.06)"


def two_samples(first, second):
    """Return (statistic, degrees of freedom) of the homogeneity of two tables of counts.

    Each row is a distribution of its own; rows must have equal totals in both tables.
    """
    total = first + second
    used = total > 0
    statistic = ((first - second) ** 2)[used] / total[used]
    return statistic.sum(), int((used.sum(axis=1) - 1).clip(min=0).sum())


def assert_same_distribution(first, second):
    statistic, freedom = two_samples(np.asarray(first, float), np.asarray(second, float))
    assert statistic < chi2.isf(FALSE_ALARM, freedom), (statistic, freedom)


def network(entanglement, stretch=0.6, widths=(4, 6, 6, 3)):
    rng = np.random.default_rng(2)
    weights = tuple(
        rng.normal(0, 0.8, (out, into)) for into, out in zip(widths, widths[1:], strict=False)
    )
    return Network(weights, stretch=stretch, entanglement=entanglement)


def neuron_counts(engine, layers, angles, shots):
    """Counts of (+1, -1) for every image and neuron of the first layer, (images * width, 2)."""
    images = len(angles)
    draws = Draws(3, 0, np.arange(images), shots)
    outcomes = engine.measure(0, Angles.given(angles[:, None, :].astype(np.float32)), draws)
    minus = (outcomes < 0).sum(axis=1).ravel()
    return np.stack([shots - minus, minus], axis=1)


CASES = {
    "method1": (math.pi / 2, {}),
    "method2": (1.0, {}),
    "method1-sx": (math.pi / 2, {"pairs": 4}),
    "method1-cz": (math.pi / 2, {"pairs": 3, "pair_gate": "cz"}),
    "copies": (math.pi / 2, {"copies": 3}),
    "copies-cz": (math.pi / 2, {"copies": 2, "pairs": 2, "pair_gate": "cz"}),
}
NOISES = ["fake_kingston", "fake_sherbrooke*4", "fake_nighthawk(relaxation=off)", SYNTHETIC]
QUICK = [
    ("method1", "fake_nighthawk(relaxation=off)"),
    ("method2", "fake_sherbrooke*4"),
    ("method1-sx", "fake_sherbrooke*4"),
    ("method1-cz", "fake_kingston"),
    ("copies", SYNTHETIC),
    ("copies-cz", "fake_sherbrooke*4"),
]
"""Each case and each noise; all of them together are among the slow tests."""


@pytest.mark.parametrize(
    ("case", "noise"),
    [
        pytest.param(*pair, marks=() if pair in QUICK else pytest.mark.slow)
        for pair in itertools.product(CASES, NOISES)
    ],
)
def test_instrument_and_aer_give_the_same_outcomes_of_every_neuron(noise, case):
    entanglement, options = CASES[case]
    deployed = deploy(RunRequest(noise=noise, **options), network(entanglement))
    angles = np.random.default_rng(1).uniform(-math.pi, math.pi, (3, 6))
    counts = [
        neuron_counts(deployed.engine(name), deployed.layers, angles, 600)
        for name in ("aer", "instrument")
    ]
    assert_same_distribution(*counts)


@pytest.mark.parametrize(
    ("noise", "entanglement"),
    [
        ("ideal", 0.8),
        ("fake_kingston*3", math.pi / 2),
        pytest.param("ideal", math.pi / 2, marks=pytest.mark.slow),
        pytest.param("fake_kingston*3", 0.8, marks=pytest.mark.slow),
    ],
)
def test_correlations_between_joined_neurons_agree(noise, entanglement):
    if entanglement < math.pi / 2:
        deployed = deploy(RunRequest(noise=noise), network(entanglement))
    else:
        deployed = deploy(RunRequest(noise=noise, pairs=5, pair_gate="cz"), network(entanglement))
    angles = np.tile(np.linspace(0.4, 2.5, 6, dtype=np.float32), (3, 1, 1))
    draws = Draws(1, 0, np.arange(3), 1000)
    patterns = []
    for name in ("aer", "instrument"):
        bits = deployed.engine(name).measure(0, Angles.given(angles), draws) < 0
        code = bits @ (1 << np.arange(6))
        patterns.append(np.stack([np.bincount(row, minlength=64) for row in code]))
    assert_same_distribution(*patterns)


DEVICES = ["fake_kingston", "fake_sherbrooke", "fake_nighthawk"]
MODELS = ["mnist16-a0.5", "mnist16-a0-g3pi8", "mnist16-a0.5-g5pi19"]


@pytest.mark.parametrize(
    ("device", "model"),
    [
        pytest.param(
            *pair, marks=() if pair in list(zip(DEVICES, MODELS))[:2] else pytest.mark.slow
        )
        for pair in itertools.product(DEVICES, MODELS)
    ],
)
def test_aer_without_noise_and_the_ideal_engine_agree_on_votes(device, model):
    common = {"model": model, "images": "0:5", "shots": 150}
    aer = prepare(RunRequest(engine="aer", noise="ideal", device=device, **common)).execute()
    ideal = prepare(RunRequest(engine="ideal", noise="ideal", **common)).execute()
    assert_same_distribution(aer.counts, ideal.counts)


@pytest.mark.parametrize(
    ("model", "images", "shots"),
    [("mnist16-a0.5", "0:3", 150), ("mnist16-a0.5-g3pi8", "0:1", 80)],
)
def test_instrument_and_aer_agree_on_votes_under_noise(model, images, shots):
    common = {"model": model, "images": images, "shots": shots, "noise": "fake_torino*5"}
    aer = prepare(RunRequest(engine="aer", **common)).execute()
    instrument = prepare(RunRequest(engine="instrument", **common)).execute()
    assert_same_distribution(aer.counts, instrument.counts)


def test_a_layer_wider_than_the_chip_runs_in_parts():
    wide = network(math.pi / 2, widths=(4, 10, 3))
    noise = "readout(p01=0.02, p10=0.1)"
    deployed = deploy(RunRequest(noise=noise, device="fake_lagos"), wide)
    assert deployed.layers[0].parts == 2
    angles = np.random.default_rng(1).uniform(-math.pi, math.pi, (5, 10))
    counts = [
        neuron_counts(deployed.engine(name), deployed.layers, angles, 1200)
        for name in ("aer", "instrument")
    ]
    assert_same_distribution(*counts)
    paired = deploy(RunRequest(noise=noise, device="fake_lagos", pairs=2, pair_gate="cz"), wide)
    counts = [
        neuron_counts(paired.engine(name), paired.layers, angles, 1200)
        for name in ("aer", "instrument")
    ]
    assert_same_distribution(*counts)


def test_an_image_gets_the_same_result_whatever_is_run_beside_it():
    common = {"noise": "fake_torino*5", "shots": 20, "copies": 3}
    whole = prepare(RunRequest(images="0:12", **common)).execute().counts
    for selection in ("4", "11,2,7", "3:9"):
        some = prepare(RunRequest(images=selection, **common)).execute()
        np.testing.assert_array_equal(some.counts, whole[some.images])


def test_images_of_any_selection_share_the_executions_of_the_copies():
    deployed = deploy(RunRequest(noise="ideal", copies=3), network(math.pi / 2))
    images = np.array([4, 5, 9, 2, 7, 8])  # copies 1, 2, 0, 2, 1, 2
    angles = np.repeat(np.arange(6.0)[:, None, None], 6, axis=2)
    packed = pack(deployed.layers[0], Angles.given(angles), Draws(0, 0, images, 2))
    assert packed.angles.shape == (3 * 2, 18)
    np.testing.assert_array_equal(
        packed.angles[packed.rows[:, 0], packed.slots[:, 0]], angles[:, 0]
    )
    places = np.unique(packed.rows * 18 + packed.slots)
    assert places.size == packed.rows.size  # nobody shares a place


@pytest.mark.parametrize("images", ["0", "1"])
def test_copies_that_get_no_image(images):
    options = {"copies": 2, "pairs": 1, "pair_gate": "cz", "images": images, "shots": 3}
    assert prepare(RunRequest(**options)).execute().counts.sum() == 3


def test_probabilities_that_are_not_finite_are_refused():
    deployed = deploy(RunRequest(noise="ideal"), network(math.pi / 2))
    layer = deployed.layers[0]
    (qubit,) = layer.sites[2].measured
    broken = replace(deployed.channels[0], readout_errors={qubit: np.full((2, 2), np.nan)})
    with pytest.raises(InputError, match=f"site {layer.sites[2]}: expected finite probabilities"):
        layer_response(layer, broken)


def test_neurons_keep_the_noise_of_their_own_qubits():
    """Image i uses copy i mod copies: its readout errors are those of that copy's qubits.

    Five standard errors below, 12 values: false alarm 3e-6.
    """
    single = network(math.pi / 2, widths=(4, 6, 3))
    deployed = deploy(RunRequest(noise="fake_torino*20", copies=2), single)
    layer, channels = deployed.layers[0], deployed.channels[0]
    angles = np.zeros((2, 1, 6), dtype=np.float32)
    shots = 200_000
    draws = Draws(0, 0, np.arange(2), shots)
    outcomes = deployed.engine("instrument").measure(0, Angles.given(angles), draws)
    rates = (outcomes < 0).mean(axis=1)
    for copy in range(2):
        for neuron in range(6):
            (qubit,) = layer.sites[layer.slot_of[copy, neuron]].measured
            least = channels.readout_errors[qubit][0, 1]  # gate errors come on top
            assert rates[copy, neuron] > least - 5 * math.sqrt(least / shots)
    assert len({round(float(rate), 3) for rate in rates.ravel()}) > 6


def test_ideal_engine_equals_the_closed_form():
    """Five standard errors, four angles: false alarm 2e-6."""
    angles = np.array([[0.3, 1.2, 2.9, -2.0]])
    shots = 400_000
    counts = neuron_counts(IdealEngine([0.9]), None, angles, shots)
    for row, angle in zip(counts, angles[0], strict=True):
        minus = (1 - math.sin(0.9) * math.cos(angle)) / 2
        assert abs(row[1] / shots - minus) < 5 * math.sqrt(minus * (1 - minus) / shots)

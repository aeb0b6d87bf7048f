"""Layers that answer without a session give the counts and softmax sums of those with one."""

import hashlib
import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from qnnq.data.load import load_data
from qnnq.execution import shot_loop
from qnnq.execution.engines.base import DRAWN, Draws
from qnnq.execution.engines.close_draws import decide, thresholds
from qnnq.execution.engines.coupled import ideal_responses
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.engines.layer_response import JoinedNeurons, LayerResponse
from qnnq.execution.modes.fresh_layers import ByImage, ByPattern, fresh_layers
from qnnq.execution.modes.patterns import outcomes_of, pattern_of
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.modes.wide_layer import WideLayer
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.bundled import bundled_models, load_model
from qnnq.networks.exact_sums import CoarseSums, ExactSums
from qnnq.networks.network import Network
from tests.networks.coupled import coupling_of


def network_of(widths, activation="htanh", stretch=0.5, biases=False, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    weights = [
        rng.normal(0, into**-0.5, (out, into)).astype(dtype)
        for into, out in zip(widths, widths[1:], strict=False)
    ]
    own = [rng.normal(0, 0.2, out).astype(dtype) for out in widths[1:]] if biases else ()
    return Network(tuple(weights), tuple(own), activation=activation, stretch=stretch)


def noisy_mode(network, copies=1):
    """Every neuron of every copy has its own noise."""
    rng = np.random.default_rng(9)
    responses = []
    for width in network.widths:
        form = np.array([0.5, -0.47, 0.0])[:, None, None] + rng.normal(0, 0.01, (3, copies, width))
        responses.append(LayerResponse(form, ((),) * copies))
    return Stepwise(InstrumentEngine(responses), network.entanglements)


def plain(network, images, indices, mode, shots, monkeypatch):
    """The votes of sessions, and of logits computed shot by shot."""
    with monkeypatch.context() as patch:
        patch.setattr(shot_loop, "fresh_layers", lambda net, *_: [None] * net.hidden)
        patch.setattr(shot_loop, "LARGEST_TABLE", 0)
        return run_shots(network, images, indices, mode, shots, 3)


def assert_same(found, expected):
    np.testing.assert_array_equal(found.counts, expected.counts)
    np.testing.assert_array_equal(found.softmax_sums, expected.softmax_sums)  # unrounded


def test_numbers_are_those_of_the_generator():
    key = {"entropy": 5, "spawn_key": (1, 3)}
    bits = np.random.PCG64DXSM(np.random.SeedSequence(**key))
    bits.advance(2 * 8)  # images 0 and 1, of 15 numbers and one that is left
    expected = np.random.Generator(bits).random(16, dtype=np.float32)[:15].reshape(3, 5)
    drawn = Draws(5, 1, np.array([7, 2]), 3)
    np.testing.assert_array_equal(drawn.uniforms(5)[1], expected)
    np.testing.assert_array_equal(drawn.numbers(5)[1], (expected * DRAWN).astype(np.int32))
    assert Draws(5, 1, np.array([], dtype=np.int64), 3).numbers(5).shape == (0, 3, 5)


def test_thresholds_decide_as_double_precision_does():
    rng = np.random.default_rng(0)
    grid = rng.integers(0, DRAWN, 2000) / DRAWN
    moved = grid + rng.choice([-(2.0**-41), -(2.0**-42), 0, 2.0**-42, 2.0**-40], 2000)
    exact = np.concatenate([rng.random(2000), moved, [0, 0.5, 1, 1 - 2.0**-53, 2.0**-60]])
    limits = thresholds(exact)
    for step in (-1, 0, 1):
        numbers = np.clip(limits + step, 0, DRAWN - 1)
        expected = decide(exact, (numbers / DRAWN).astype(np.float32))
        np.testing.assert_array_equal(np.where(numbers >= limits, 1, -1), expected)


@pytest.mark.parametrize("width", [1, 8, 9, 16, 17])
def test_patterns_list_all_outcomes(width):
    found = outcomes_of(np.arange(1 << width), width)
    assert len(found) == 2**width
    np.testing.assert_array_equal(pattern_of(found), np.arange(2**width))


NARROW = [
    {"activation": "htanh"},
    {"activation": "htanh", "stretch": 0.0, "dtype": np.float64},
    {"activation": "tanh", "biases": True},
    {"activation": "linear", "biases": True, "dtype": np.float64},
]


@pytest.mark.parametrize("physics", NARROW)
@pytest.mark.parametrize("copies", [1, 3])
def test_tables_give_the_counts_of_sessions(physics, copies, monkeypatch):
    network = network_of((30, 6, 9, 5, 4), **physics)
    mode = noisy_mode(network, copies)
    images = np.random.default_rng(1).integers(0, 256, (400, 30), dtype=np.uint8)
    indices = np.concatenate([np.arange(100, 480), np.arange(20)])
    kinds = [ByImage, ByPattern, ByPattern]
    assert list(map(type, fresh_layers(network, mode, 400, 9))) == kinds
    expected = plain(network, images, indices, mode, 9, monkeypatch)
    monkeypatch.setattr(shot_loop, "BYTES_PER_BLOCK", 50 * 9 * 9 * 90)
    for threads in (1, 2, 5):
        assert_same(run_shots(network, images, indices, mode, 9, 3, None, threads), expected)


@pytest.mark.parametrize("copies", [1, 2])
def test_tables_of_joined_neurons_give_the_counts_of_sessions(copies, monkeypatch):
    couplings = (
        (coupling_of("cz", (0, 3)), coupling_of("bell", (2, 5))),
        (coupling_of("xx+yy", (8, 1, 4, 6)), coupling_of("cz", (2, 0, 3))),
        (coupling_of("cz", (4, 1)), coupling_of("cz", (0, 3, 2))),
    )
    network = replace(network_of((30, 6, 9, 5, 4), stretch=1.0), couplings=couplings)
    responses = [
        LayerResponse(np.repeat(one.exact, copies, axis=1), one.joined * copies)
        for one in ideal_responses(network)
    ]
    mode = Stepwise(InstrumentEngine(responses), network.entanglements)
    images = np.random.default_rng(1).integers(0, 256, (300, 30), dtype=np.uint8)
    kinds = [ByImage, ByPattern, ByPattern]
    assert list(map(type, fresh_layers(network, mode, 300, 9))) == kinds
    expected = plain(network, images, np.arange(300), mode, 9, monkeypatch)
    assert_same(run_shots(network, images, np.arange(300), mode, 9, 3), expected)


WIDE = [
    {"activation": "htanh"},
    {"activation": "htanh", "stretch": 0.0, "biases": True},
    {"activation": "tanh", "biases": True, "dtype": np.float64},
    {"activation": "linear", "stretch": 2.0, "biases": True, "dtype": np.float64},
]


@pytest.mark.parametrize("physics", WIDE)
@pytest.mark.parametrize("copies", [1, 2])
def test_coarse_sums_give_the_counts_of_sessions(physics, copies, monkeypatch):
    network = network_of((30, 64, 200, 10), **physics)
    mode = noisy_mode(network, copies)
    images = np.random.default_rng(1).random((60, 30))
    layers = fresh_layers(network, mode, 60, 9)
    assert list(map(type, layers)) == [ByImage, WideLayer]
    exactly = []
    limits = WideLayer._limits

    def counted(self, inputs, copy, neuron):
        exactly.append(len(inputs))
        return limits(self, inputs, copy, neuron)

    monkeypatch.setattr(WideLayer, "_limits", counted)
    expected = plain(network, images, np.arange(60), mode, 9, monkeypatch)
    for threads in (1, 5):
        votes = run_shots(network, images, np.arange(60), mode, 9, 3, None, threads)
        assert_same(votes, expected)
    assert sum(exactly) < 0.01 * 2 * 60 * 9 * 200


def test_outcomes_that_coarse_sums_leave_open_are_decided_exactly(monkeypatch):
    """Without those, a sign network of tiny sums would answer otherwise."""
    weight = np.array([[2.0**-23] + [1.0, -1.0] * 20] * 3, dtype=np.float32)
    layers = (np.ones((41, 2), np.float32), weight, np.ones((2, 3), np.float32))
    network = Network(layers, activation="htanh", stretch=0.0)
    mode = Stepwise(
        InstrumentEngine(
            [LayerResponse(np.array([0.5, -0.5, 0.0])[:, None, None] * np.ones((1, 1, w)), ((),))
             for w in (41, 3)]
        ),
        network.entanglements,
    )  # fmt: skip
    layer = fresh_layers(network, mode, 8, 4)[1]
    assert isinstance(layer, WideLayer)
    inputs = np.ones((8, 4, 41), dtype=np.int8)
    inputs[:4, :, 0] = -1  # the sums are +-2^-23, which float32 weights beside 40 lose
    outcomes = layer(inputs, Draws(0, 1, np.arange(8), 4))
    assert (outcomes == inputs[:, :, :1]).all()
    monkeypatch.setattr(layer, "_vague", np.full(3, -1, dtype=np.float32))
    assert not (layer(inputs, Draws(0, 1, np.arange(8), 4)) == inputs[:, :, :1]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_coarse_sums_are_within_their_error_and_in_any_order_the_same(dtype):
    rng = np.random.default_rng(2)
    weight, bias = rng.normal(0, 1, (40, 300)).astype(dtype), rng.normal(0, 1, 40).astype(dtype)
    outcomes = rng.choice(np.array([-1, 1], dtype=np.int8), (500, 300))
    exact, coarse = ExactSums(weight, bias, 1), CoarseSums(weight, bias)
    z = exact(outcomes)
    error = np.abs(coarse(outcomes) - z)
    assert (error <= coarse.error).all()
    assert error.max() > 0
    order = rng.permutation(300)
    again = CoarseSums(weight[:, order], bias)(outcomes[:, order])
    np.testing.assert_array_equal(again, coarse(outcomes))
    rows, neurons = rng.integers(0, 500, 99), rng.integers(0, 40, 99)
    np.testing.assert_array_equal(exact.at(outcomes[rows], neurons), z[rows, neurons])


def test_one_neuron_of_vague_sums_is_0_as_all_are():
    sums = ExactSums(np.array([[0.1, 0.2, -0.3], [1.0, 1.0, 1.0]]), None, 1)
    outcomes = np.ones((2, 3), dtype=np.int8)
    np.testing.assert_array_equal(sums.at(outcomes, np.array([0, 1])), [0, 3])


def test_what_hangs_on_more_than_what_arrives_asks_a_session():
    network = network_of((5, 4, 4, 3))
    groups = [JoinedNeurons(np.array([[0, k]]), np.full((1, 4, 9), 1 / 36)) for k in (1, 2)]
    form = np.zeros((3, 2, 4))
    other_in_each_copy = [LayerResponse(form, ((groups[0],), (groups[1],)))] * 2
    mode = Stepwise(InstrumentEngine(other_in_each_copy), network.entanglements)
    assert fresh_layers(network, mode, 900, 9) == [None] * 2
    spare_neurons = [LayerResponse(np.zeros((3, 1, 6)), ((groups[0],),))] * 2
    mode = Stepwise(InstrumentEngine(spare_neurons), network.entanglements)
    assert fresh_layers(network, mode, 900, 9) == [None] * 2
    halved = replace(network, couplings=((coupling_of("cz-own", (0, 1)),),) * 2)
    mode = Stepwise(InstrumentEngine(ideal_responses(halved)), network.entanglements)
    assert fresh_layers(halved, mode, 900, 9) == [None] * 2
    weak = Network(network.weights, stretch=0.5, entanglement=1.0, last_projective=True)
    assert fresh_layers(weak, noisy_mode(weak), 900, 9) == [None] * 2
    few = fresh_layers(network, noisy_mode(network), 3, 2)
    assert few == [None] * 2


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("scale", "stretch", "wide"),
    [(1e-30, 0.5, False), (1e30, 0.5, False), (1, 1e-300, False), (1, 0.5, True), (0, 0.5, True)],
)
def test_what_single_precision_does_not_hold_asks_a_session(scale, stretch, wide):
    network = network_of((5, 40, 4, 3), dtype=np.float64)
    weights = (network.weights[0], network.weights[1] * scale, network.weights[2])
    network = Network(weights, stretch=stretch)
    layer = fresh_layers(network, noisy_mode(network), 900, 9)[1]
    assert isinstance(layer, WideLayer) == wide


PROJECTIVE = [name for name in bundled_models() if load_model(name).entanglement == math.pi / 2]


@pytest.mark.slow
@pytest.mark.parametrize("model", PROJECTIVE)
def test_bundled_networks_on_all_test_images(model, monkeypatch):
    network, data = load_model(model), load_data("mnist-test")
    indices = np.arange(len(data.labels))
    mode = noisy_mode(network, copies=1)
    expected = plain(network, data.images, indices, mode, 15, monkeypatch)
    for threads in (1, 2, 5):
        assert_same(run_shots(network, data.images, indices, mode, 15, 3, None, threads), expected)


WIDE_NETWORKS = {
    "512-512": ((784, 512, 512, 10), {}),
    "512-512, sign": ((784, 512, 512, 10), {"stretch": 0.0}),
    "512-512, linear": ((784, 512, 512, 10), {"activation": "linear", "stretch": 2.0}),
    "64-300-64": ((784, 64, 300, 64, 10), {"biases": True, "dtype": np.float64}),
}


def wide_digests(images=1000):
    """Digests of the counts and softmax sums of wide networks; see the test below."""
    data, found = load_data("mnist-test"), {}
    for name, (widths, physics) in WIDE_NETWORKS.items():
        network = network_of(widths, **physics)
        votes = run_shots(
            network, data.images[:images], np.arange(images), noisy_mode(network), 15, 3
        )
        found[name] = hashlib.sha256(votes.counts.tobytes()).hexdigest()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", list(WIDE_NETWORKS))
def test_wide_networks_on_a_thousand_images(name, monkeypatch):
    widths, physics = WIDE_NETWORKS[name]
    network, data = network_of(widths, **physics), load_data("mnist-test")
    images, indices, mode = data.images[:1000], np.arange(1000), noisy_mode(network)
    expected = plain(network, images, indices, mode, 15, monkeypatch)
    for threads in (1, 2, 5):
        assert_same(run_shots(network, images, indices, mode, 15, 3, None, threads), expected)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["Haswell", "Nehalem", "Prescott"])
def test_kernels_of_matrix_products_change_no_count(kernel):
    code = f"import json; from {__name__} import wide_digests; print(json.dumps(wide_digests(200)))"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"OPENBLAS_CORETYPE": kernel},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(found.stdout) == wide_digests(200)

"""Pre-activations are the same whatever order a matrix product adds in, and 0 where they are 0."""

import math

import numpy as np
import pytest

from qnnq.execution import shot_loop
from qnnq.networks.exact_sums import ExactSums
from qnnq.networks.network import Network
from tests.execution.test_shot_loop import mode_of

RNG = np.random.default_rng(0)
INPUTS = {
    "outcomes": 2 * RNG.integers(0, 2, (40, 300), dtype=np.int8) - 1,
    "bytes": RNG.integers(0, 256, (40, 300), dtype=np.uint8),
    "floats": RNG.random((40, 300)),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("scale", [1.0, 1e-320, 1e290])
def test_the_order_of_the_sum_changes_no_bit(kind, scale):
    inputs, weight = INPUTS[kind], RNG.normal(0, 1, (20, 300)) * scale
    largest = 1 if kind == "outcomes" else 255
    whole = ExactSums(weight, None, largest)(inputs)
    order = RNG.permutation(300)
    again = ExactSums(weight[:, order], None, largest)(inputs[:, order])
    np.testing.assert_array_equal(again, whole)
    np.testing.assert_array_equal(ExactSums(weight, None, largest)(inputs[3:4]), whole[3:4])


@pytest.mark.parametrize("kind", INPUTS)
def test_sums_are_those_of_exact_arithmetic(kind):
    inputs, weight = INPUTS[kind], RNG.normal(0, 1, (5, 300))
    bias = RNG.normal(0, 1, 5)
    found = ExactSums(weight, bias, 1 if kind == "outcomes" else 255)(inputs)
    unit = 255 if kind == "bytes" else 1
    exact = [
        [math.fsum(row * vector) / unit + b for row, b in zip(weight, bias, strict=True)]
        for vector in inputs.astype(float)
    ]
    # floats: 24 bits of every pixel, 300 of them with weights up to 4
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-5 if kind == "floats" else 1e-9)


def test_bytes_and_their_fractions_are_the_same_pixels():
    weight = RNG.normal(0, 1, (5, 300))
    sums = ExactSums(weight, None, 255)
    np.testing.assert_allclose(sums(INPUTS["bytes"] / 255), sums(INPUTS["bytes"]), rtol=1e-14)


def test_decimal_weights_that_cancel_give_zero():
    outcomes = np.array([[1, 1, -1]], dtype=np.int8)
    weight = np.array([[0.1, 0.2, 0.3]])
    assert ExactSums(weight, None, 1)(outcomes)[0, 0] == 0
    assert ExactSums(weight, np.array([0.7]), 1)(outcomes)[0, 0] == 0.7
    assert ExactSums(10 * weight, np.array([-6.0]), 1)(abs(outcomes))[0, 0] == 0
    assert ExactSums(weight + 1e-14, None, 1)(outcomes)[0, 0] > 0


def test_counts_of_decimal_weights_depend_on_neither_block_size_nor_threads(monkeypatch):
    """Weights on a grid of 0.1 make most pre-activations of a sign network 0 now and then."""
    rng = np.random.default_rng(4)
    widths = (30, 9, 9, 4)
    weights = tuple(
        np.round(rng.normal(0, 0.3, (out, into)), 1)
        for into, out in zip(widths, widths[1:], strict=False)
    )
    network = Network(weights)
    mode = mode_of(network)
    images = rng.integers(0, 2, (500, 30), dtype=np.uint8) * 255

    def counts(threads=1):
        return shot_loop.run_shots(
            network, images, np.arange(500), mode, 5, 1, None, threads
        ).counts

    whole = counts()
    for values in (9 * 5, 9 * 5 * 3, 9 * 5 * 64):
        monkeypatch.setattr(shot_loop, "BYTES_PER_BLOCK", 50 * values)
        np.testing.assert_array_equal(counts(threads=2), whole)

"""What identifies a row and decides a draw does not hang on the last bit of an angle."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.close_draws import decide_close, outcomes_from
from qnnq.execution.engines.packing import merge_rows
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.activation import phi, rotated, state_after, wrap
from qnnq.networks.bundled import load_model
from qnnq.networks.single_precision import single_precision
from qnnq.statistics import soft_votes
from tests.last_bits import moved


class Recorder:
    """Answers by chance, and keeps the angles that it is asked to measure."""

    images_per_call = None

    def __init__(self):
        self.random = np.random.default_rng(0)

    def measure(self, layer, angles, draws):
        self.angles = angles
        self.outcomes = np.int8(1) - 2 * self.random.integers(
            0, 2, (len(angles), draws.shots, angles.shape[-1]), dtype=np.int8
        )
        return self.outcomes


def test_rows_are_told_apart_and_ordered_by_their_origins():
    random = np.random.default_rng(0)
    origins = random.integers(0, 2, (200, 3)).astype(float)
    angles = np.sqrt(2 + origins)
    expected = merge_rows(angles, origins)
    assert sum(len(group.angles) for group in expected) == 8
    for group, other in zip(expected, merge_rows(moved(angles, random), origins), strict=True):
        np.testing.assert_array_equal(other.places, group.places)
        np.testing.assert_allclose(other.angles, group.angles, rtol=1e-15)


@pytest.mark.parametrize("widths", [(3, 3, 3), (2, 4, 3), (4, 2, 5)])
def test_angles_of_a_past_in_double_precision(widths):
    entanglements = (0.8, 1.2, math.pi / 2)
    recorder, random = Recorder(), np.random.default_rng(1)
    session = Stepwise(recorder, entanglements).start()
    alpha = last = None
    for layer, (width, g) in enumerate(zip(widths, entanglements)):
        activations = random.uniform(-1, 1, (5, 1 if layer == 0 else 7, width)).astype(np.float32)
        draws = Draws(0, layer, np.arange(5), 7)
        outcomes = session.step(layer, activations, draws)
        double = np.broadcast_to(activations, outcomes.shape).astype(np.float64)
        exact = wrap(rotated(double, alpha, last))
        found = recorder.angles
        index = np.indices(outcomes.shape)
        assert (
            np.abs(wrap(found.at(tuple(index)) - exact)).max() < 3e-6
        )  # of their float32 rotations
        assert (np.abs(wrap(found.values - exact)) <= found.error + 3e-6).all()
        assert len(found.origins()) == 5
        alpha, last = state_after(outcomes, exact, g), outcomes


def test_draws_close_to_their_probability_are_decided_in_double_precision():
    minus = np.full((1, 3, 1), 0.25, dtype=np.float32)
    uniforms = np.array([0.25 - 2**-22, 0.25, 0.6], dtype=np.float32).reshape(1, 3, 1)
    outcomes = outcomes_from(minus, uniforms)
    assert outcomes.ravel().tolist() == [-1, 1, 1]
    asked = []

    def exact(index):
        asked.append(index[1].tolist())
        return np.array([0.25 - 2**-21, 0.25 + 1e-15])

    decide_close(outcomes, minus, uniforms, 1e-6, exact)
    assert asked == [[0, 1]]
    assert outcomes.ravel().tolist() == [1, 1, 1]  # a quarter and a last bit is a quarter


def test_tanh_is_rounded_in_one_way():
    """Arguments whose tanh is within its last bits of the middle between two float32."""
    middles = np.float64(np.float32(0.3)) + 2.0**-26 + 2.0**-25 * np.arange(200)
    z = np.arctanh(middles)
    exact = []
    with localcontext() as context:
        context.prec = 50
        for each in z.tolist():
            power = (2 * Decimal(each)).exp()
            exact.append((power - 1) / (power + 1) > Decimal(middles[len(exact)]))
    above = (middles + 2.0**-26).astype(np.float32)
    expected = np.where(exact, above, np.nextafter(above, np.float32(0)))
    random = np.random.default_rng(2)
    for _ in range(3):
        values = moved(moved(phi(z, "tanh", 1.0), random), random)
        np.testing.assert_array_equal(single_precision(values, z, "tanh", 1.0), expected)


def test_soft_votes_that_last_bits_tell_apart_are_ties():
    third = 0.1 + 0.2
    assert soft_votes(np.array([[0.3, third, 0.1], [0.3, 0.3 + 1e-6, 0.4]])).tolist() == [0, 2]


def test_a_thread_of_a_run_starts_no_others_for_its_products():
    class Looking(Recorder):
        images_per_call = 1
        found = ()

        def measure(self, layer, angles, draws):
            blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
            self.found = {*self.found, *(pool["num_threads"] for pool in blas)}
            return super().measure(layer, angles, draws)

    network, looking = load_model("mnist16-a0"), Looking()
    mode = Stepwise(looking, network.entanglements)
    run_shots(network, np.zeros((4, 784), np.uint8), np.arange(4), mode, 1, 0, threads=2)
    assert looking.found == {1}


def test_given_angles_are_what_they_are():
    values = np.linspace(-3, 3, 6, dtype=np.float32).reshape(3, 1, 2)
    some = Angles.given(values)[np.array([2, 0])]
    np.testing.assert_array_equal(some.settled(), values[[2, 0]])
    index = np.array([1]), np.array([4]), np.array([1])
    np.testing.assert_array_equal(some.at(index), values[0, 0, 1:])

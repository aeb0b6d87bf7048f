"""The interval of what a measured response predicts, against closed forms and a simulation."""

import numpy as np
import pytest

from qnnq.jobs.twin_check import SIMULATED, TwinPrediction, judge

IMAGES, SHOTS = 50, 10
RNG_SEED = 8


def test_the_interval_holds_the_calibration_and_the_counting() -> None:
    right = np.full(IMAGES, 0.8)
    redrawn = np.stack([right + 0.03, right - 0.03])
    found = TwinPrediction(right, redrawn).accuracy(SHOTS)
    share = (0.8 * SIMULATED + 0.5) / (SIMULATED + 1)
    counting = share * (1 - share) * (1 / SHOTS + 1 / SIMULATED) / IMAGES
    assert found.value == pytest.approx(0.8)
    assert found.high - found.value == pytest.approx(1.959964 * np.sqrt(0.03**2 + counting))
    exact = TwinPrediction(right, np.stack([right, right])).accuracy(SHOTS)
    assert exact.high - exact.value == pytest.approx(1.959964 * np.sqrt(counting))


def test_images_that_are_always_right_leave_an_error() -> None:
    certain = TwinPrediction(np.ones(2), np.ones((3, 2))).accuracy(SHOTS)
    assert certain.low < 1
    assert certain.high == 1


def test_intervals_hold_what_such_a_device_shows_in_95_of_100() -> None:
    """Of 2,000 simulated devices: five standard errors, false-alarm rate 6e-7, and 1 % for p."""
    random = np.random.default_rng(RNG_SEED)
    labels = np.zeros(IMAGES, np.int64)
    held = 0
    for _ in range(2000):
        truth = random.uniform(0.4, 0.9, IMAGES)
        error = random.normal(0, 0.02)  # of the calibration, the same for all images
        predicted = random.binomial(SIMULATED, truth + error) / SIMULATED
        redrawn = predicted + random.normal(0, 0.02, 40)[:, None]
        votes = random.binomial(SHOTS, truth)
        whole, parts = judge(
            TwinPrediction(predicted, redrawn), np.stack([votes, SHOTS - votes], axis=1), labels
        )
        assert [part.images for part in parts] == [5] * 10
        held += whole.inside
    assert abs(held / 2000 - 0.95) < 5 * np.sqrt(0.95 * 0.05 / 2000) + 0.01

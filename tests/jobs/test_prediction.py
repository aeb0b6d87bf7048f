"""What a run is expected to show: before it is paid, and beside what it showed."""

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, Files
from loopback import Server
from test_paid_time import interrupt

from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.jobs.engine import RuntimeEngine
from qnnq.jobs.prediction import MOST_IMAGES, Prediction, _expected, age, comparison, predict_run
from qnnq.networks.network import Network
from qnnq.statistics import Accuracy

IMAGES, RUNS, REPETITIONS = 60, 20, 2000


@pytest.mark.parametrize("shots", [1, 10])
def test_intervals_hold_95_of_100_runs(shots: int) -> None:
    """Five standard errors, false-alarm rate 6e-7; 1.5 % for steps of single shots and 20 runs.

    A single shot is like a majority: right or wrong.
    """
    random = np.random.default_rng(4)
    truth = random.beta(4, 1, (REPETITIONS, IMAGES))
    share = random.binomial(shots, truth, (RUNS + 1, REPETITIONS, IMAGES)) / shots
    held = 0
    for number in range(REPETITIONS):
        found = _expected(share[:RUNS, number], IMAGES, 0.25 / shots)
        held += found.low - 1e-9 <= share[RUNS, number].mean() <= found.high + 1e-9
    assert abs(held / REPETITIONS - 0.95) < 5 * math.sqrt(0.95 * 0.05 / REPETITIONS) + 0.015


def test_images_that_were_not_simulated_widen_it() -> None:
    """Images that are always right or always wrong: only which were simulated is left to chance."""
    right = np.tile([1.0, 0.0], 50)
    found = _expected(np.stack([right] * 4), 1000, 0.25)
    least = 0.25 / 100
    variance = right.var(ddof=1) / 100 * 0.9 + least / 1000 + least / 400
    assert found.value == 0.5
    assert found.high - 0.5 == pytest.approx(1.959964 * math.sqrt(variance))
    alone = _expected(np.ones((4, 1)), 1, 0.25)
    assert alone.low < 0.1  # of one image nothing is certain


def test_classes_that_take_turns() -> None:
    """Of twice as many images as are simulated, every other is of the class that is answered."""
    number = 2 * MOST_IMAGES
    network = Network(
        (np.ones((1, 1)), np.zeros((2, 1))), biases=(None, np.array([1.0, 0.0])), stretch=0.5
    )
    mode = Stepwise(IdealEngine(network.entanglements), network.entanglements)
    images, labels = np.zeros((number, 1), np.uint8), np.arange(number) % 2
    found = predict_run(network, mode, images, labels, 4, None).single_shot
    # hypergeometric: a standard deviation of 0.5 sqrt(1 / (2 MOST_IMAGES)); 5 of them
    assert abs(found.value - 0.5) < 5 * 0.5 / number**0.5
    assert found.low < 0.5 < found.high


def test_the_verdict() -> None:
    def prediction(low: float, high: float) -> Prediction:
        return Prediction(Accuracy(0.8, 0.7, 0.9), Accuracy(0.9, low, high), None)

    measured = {"single_shot": Accuracy(0.75, 0, 1), "majority": Accuracy(0.85, 0, 1)}
    assert comparison(prediction(0.84, 1), None, measured)["agrees"]
    found = comparison(prediction(0.84, 1), prediction(0.86, 1), measured)
    assert (found["agrees_with_predicted"], found["agrees"]) == (True, False)
    assert comparison(prediction(0.86, 1), None, {"single_shot": Accuracy(0.7, 0, 1)})["agrees"]


def test_how_old_calibration_data_are() -> None:
    at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert age("2026-03-10T07:00:00+00:00", at) == "5 h old"
    assert age("2026-03-10T13:00:00", at) == "0 h old"
    assert age("2026-02-26T12:00:00Z", at) == "12 days old"
    assert age(None) == "of unknown age"


def test_before_you_pay_what_you_get(
    unkind: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question has it, and so has `collect` beside what was measured."""
    submit = [word for word in files.submit("ibm_jakarta", tmp_path / "run") if word != "--yes"]
    answer = qnnq(*submit)
    assert answer.code == 2
    last = answer.err.splitlines()[-1]
    assert "With 2 images side by side, predicted: one shot" in last
    assert "majority of 4 shots" in last
    expected = "This is expected to use 6 quantum seconds on ibm_jakarta, at most 25."
    assert f"days old. {expected}" in last
    last = qnnq(*submit, "--budget", "none").err.splitlines()[-1]
    assert "6 quantum seconds on ibm_jakarta, without a limit." in last
    estimate = qnnq("estimate", *submit[1:-2][:9], "--json", "-").json()
    for name in ("single_shot", "majority"):
        expected = estimate["predicted"][name]
        assert 0 <= expected["low"] < expected["value"] < expected["high"] <= 1
    with monkeypatch.context() as patch:
        patch.setattr(RuntimeEngine, "measure", interrupt)
        assert qnnq(*submit, "--yes").code == 130
    said = qnnq("status", tmp_path / "run").out
    assert "nothing was sent yet" in said
    assert said.count("waits for the layer before") == 2
    assert qnnq("resume", tmp_path / "run", "--wait").code == 0
    said = qnnq("collect", tmp_path / "run").out
    assert "verdict: measured and simulated " in said
    found = qnnq("collect", tmp_path / "run", "--json", "-").json()["prediction"]
    assert found["simulated"] == found["predicted"]
    assert found["predicted"]["single_shot"]["value"] == pytest.approx(
        estimate["predicted"]["single_shot"]["value"]
    )

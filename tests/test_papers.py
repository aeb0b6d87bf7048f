"""What the scripts in benchmarks/papers conclude from numbers."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
sys.path.append(str(Path(__file__).parent.parent / "benchmarks" / "papers"))

from breakdown import together
from scoreboard import holm_corrected
from study import Study
from transition import crossing, edge
from verdicts import Interval, _interval, above, below, better


def test_intervals_hold_the_mean_of_new_seeds_and_new_images():
    """Over 400 studies of 5 seeds and 200 images; a true 95 % fails the bound with 1e-6."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        seeds, images = rng.normal(0, 0.02, (5, 1)), rng.normal(0, 0.3, 200)
        found = _interval(0.9 + seeds + images + rng.normal(0, 0.1, (5, 200)))
        held += found.low <= 0.9 <= found.high
    assert held >= 400 * 0.95 - 4.75 * np.sqrt(400 * 0.95 * 0.05)


def test_an_interval_of_one_seed_is_that_of_the_images():
    values = np.array([[1.0, 0, 1, 1, 0, 1, 1, 1]])
    found = _interval(values)
    half = 2.3646 * values.std(ddof=1) / np.sqrt(8)  # Student's t with 7 degrees of freedom
    assert (found.low, found.high) == pytest.approx((0.75 - half, 0.75 + half), rel=1e-4)


@pytest.mark.parametrize(
    ("low", "high", "higher", "lower"),
    [
        (1.1, 1.3, "holds", "does not hold"),
        (0.7, 0.9, "does not hold", "holds"),
        (0.9, 1.1, "cannot be told", "cannot be told"),
    ],
)
def test_verdicts_are_those_of_the_interval(low, high, higher, lower):
    found = Interval((low + high) / 2, low, high)
    assert (above(found, 1), below(found, 1)) == (higher, lower)
    shifted = Interval(found.value - 1, low - 1, high - 1)
    assert better("it is larger", shifted).verdict == higher


def test_claims_together_hold_if_each_does():
    assert together("holds", "holds") == "holds"
    assert together("holds", "cannot be told") == "cannot be told"
    assert together("cannot be told", "does not hold", "holds") == "does not hold"


def test_holm_multiplies_by_the_tests_that_are_left():
    found = holm_corrected([0.01, 0.04, 0.03, 0.005, 0.9])
    np.testing.assert_allclose(found, [0.04, 0.09, 0.09, 0.025, 0.9])


def test_the_edge_is_interpolated_in_the_logarithm_of_the_angle():
    angles = (1 / 64, 1 / 16, 1 / 4)
    assert crossing(angles, (0.9, 0.7, 0.1), 0.4) == pytest.approx(1 / 8)
    assert crossing(angles, (0.2, 0.1, 0.1), 0.5) == 1 / 64
    assert crossing(angles, (0.9, 0.9, 0.8), 0.5) == 1 / 4


def test_how_sharp_an_edge_is_is_told_where_it_lies_between_the_angles(monkeypatch):
    monkeypatch.setattr("transition.mean_error", lambda error: Interval(error, error, error))
    angles = (1 / 64, 1 / 16, 1 / 4)
    inside = edge("16-16", "there", angles, (1.0, 0.5, 0.0))
    assert inside["edge_over_pi"] == "0.0625"
    assert inside["factor_from_75_to_25_per_cent"] == "4.0"
    outside = edge("16-16", "there", angles, (0.3, 0.2, 0.1))
    assert outside["edge_over_pi"] == "<= 0.0156"
    assert outside["factor_from_75_to_25_per_cent"] == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--data", "nosuch.idx"), "nosuch.idx: no such file"),
        (("--hidden", "-3"), "`hidden`: expected widths >= 1"),
        (("--epochs", "-1"), "`epochs` -1: expected"),
    ],
)
def test_bad_options_of_a_study_are_told_and_write_nothing(
    options, says, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["study", *options, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stopped:
        Study("study", "")
    assert stopped.value.code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

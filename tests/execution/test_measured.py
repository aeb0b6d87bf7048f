"""Measured responses: the fit and its intervals, the file, and the twin that is run from it."""

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from qnnq.errors import InputError
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.measured_response import (
    KindResponse,
    MeasuredResponse,
    fit_sites,
    read_response,
    write_response,
)
from qnnq.execution.response_fit import ANGLES
from qnnq.jobs.responses import _chosen_angles, _sets
from qnnq.networks.bundled import load_model
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import Accuracy
from tests.execution.engines.test_agreement import network

NOISE = "fake_torino*3 + readout(p01=0.02, p10=0.09) + overrotation(angle=0.1)"


def measure(deployed, layer, shots, seed=0):
    """Counts of -1 at the four angles, (4, slots), of a layer with as many neurons as slots."""
    width = deployed.layers[layer].shape.width
    angles = np.repeat(np.array(ANGLES, dtype=np.float32)[:, None, None], width, axis=2)
    draws = Draws(seed, layer, np.arange(4), shots)
    return (deployed.engine("instrument").measure(layer, Angles.given(angles), draws) < 0).sum(
        axis=1
    )


def measured_file(path, deployed, shots, device="fake_torino", seed=0):
    kinds = {}
    for index, layer in enumerate(deployed.layers):
        sites = [str(site) for site in layer.sites]
        kinds[layer.shape.entanglement] = KindResponse(
            entanglement=layer.shape.entanglement,
            sites=tuple(fit_sites(sites, measure(deployed, index, shots, seed), shots)),
        )
    response = MeasuredResponse(
        device=device,
        calibration=None,
        measured="2026-01-01T00:00:00+00:00",
        shots=shots,
        kinds=tuple(kinds.values()),
    )
    write_response(response, path)
    return response


def test_the_fit_is_exact_for_exact_shares():
    exact = np.array([0.45, -0.4, 0.07])
    basis = np.array([[1, math.cos(angle), math.sin(angle)] for angle in ANGLES])
    shots = 10**9
    counts = np.rint(basis @ exact * shots).astype(int)[:, None]
    (site,) = fit_sites(["5"], counts, shots)
    np.testing.assert_allclose(site.coefficients, exact, atol=1e-8)


def test_intervals_cover_the_truth_as_often_as_they_say():
    """500 repetitions: coverage of 95 % within 5 standard deviations, false alarm 2e-6."""
    exact = np.array([0.45, -0.4, 0.07])
    basis = np.array([[1, math.cos(angle), math.sin(angle)] for angle in ANGLES])
    repetitions, shots = 500, 4000
    rng = np.random.default_rng(0)
    counts = rng.binomial(shots, (basis @ exact)[:, None], (4, repetitions))
    fitted = fit_sites([str(k) for k in range(repetitions)], counts, shots)
    intervals = np.array([site.intervals for site in fitted])
    covered = ((intervals[..., 0] <= exact) & (exact <= intervals[..., 1])).mean(axis=0)
    assert np.all(np.abs(covered - 0.95) < 5 * math.sqrt(0.95 * 0.05 / repetitions))


@pytest.mark.parametrize("shots", [512, 4096])
def test_responses_near_certainty_are_physical_and_not_biased(shots):
    """P(-1) = 0.0046 at 0, as of a good readout; the mean of 1,000 fits, false alarm 1e-6."""
    exact = np.array([0.5, -0.4954, 0.003])
    basis = np.array([[1, math.cos(angle), math.sin(angle)] for angle in ANGLES])
    fits, rng = 1000, np.random.default_rng(1)
    minus = (basis @ exact)[:, None]
    sites = fit_sites(["5"] * fits, rng.binomial(shots, minus, (4, fits)), shots)
    a, b, c = np.array([site.coefficients for site in sites]).T
    assert (np.hypot(b, c) <= np.minimum(a, 1 - a) + 1e-15).all()
    for found, true in ((a + b, minus[0, 0]), (a - b, minus[1, 0])):
        assert abs(found.mean() - true) < 5 * math.sqrt(true * (1 - true) / shots / fits)


def test_every_slot_has_each_angle_as_often_while_its_neighbours_vary():
    chosen = _chosen_angles(32, 7, seed=0)
    for angle in range(4):
        assert ((chosen == angle).sum(axis=0) == 8).all()
    pairs = {(a, b) for row in chosen for a, b in itertools.pairwise(row)}
    assert len(pairs) == 16  # of neighbours' angles, all that there are
    assert (_sets(4096), _sets(10), _sets(7)) == ((32, 512), (20, 2), (28, 1))


def test_the_error_of_the_calibration_is_part_of_the_interval(tmp_path):
    path, deviations = tmp_path / "response.json", []
    for shots in (100, 10_000):
        measured_file(
            path, deploy(RunRequest(noise=NOISE), load_model("mnist16-a0.5")), shots=shots
        )
        result = prepare(RunRequest(noise=f"measured:{path}", images="0:300")).execute()
        found = result.to_json()["accuracy"]["single_shot"]
        without = replace(result, calibration_deviations=None).to_json()["accuracy"]["single_shot"]
        deviation = result.calibration_deviations["single_shot"]
        expected = math.hypot(without["high"] - without["value"], 1.959964 * deviation)
        assert found["high"] - found["value"] == pytest.approx(expected)
        deviations.append(deviation)
    # ten times: the standard deviation falls with the root of the shots, each known to 12 %
    assert 5 < deviations[0] / deviations[1] < 20


def test_what_repeated_calibrations_have_in_common_is_part_of_their_deviation(tmp_path):
    path = tmp_path / "response.json"
    small = network(math.pi / 2)
    measured_file(path, deploy(RunRequest(noise=NOISE), small), shots=100)
    deployed = deploy(RunRequest(noise=f"measured:{path}"), small)

    def accuracies(votes):
        return {"majority": Accuracy(float(votes != "measured"), 0.0, 1.0)}

    (variation,) = deployed.variations("instrument", 1, 0)
    found = variation.deviations(lambda mode: "redrawn", accuracies, "measured")
    assert found == {"majority": 1.0}  # all are off by the same, so between them there is nothing


def test_files_of_another_version_are_refused(tmp_path):
    path = tmp_path / "response.json"
    deployed = deploy(RunRequest(noise=NOISE), network(math.pi / 2))
    document = json.loads(measured_file(path, deployed, 100).model_dump_json())
    path.write_text(json.dumps({**document, "format": "qnnq.response/1"}))
    with pytest.raises(InputError, match="got 'qnnq.response/1'; qnnq calibrate measures anew"):
        read_response(path)
    document["kinds"][0]["sites"][0]["minus"] = [0.1, 0.7, 0.8]
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"kinds\.0\.sites\.0\.minus\.3: Field required"):
        read_response(path)


def test_intervals_have_a_width_at_0_and_1():
    (site,) = fit_sites(["5"], np.array([[0], [100], [50], [50]]), 100)
    assert all(low < high for low, high in site.intervals)


@pytest.mark.parametrize("model", ["mnist16-a0.5", "mnist16-a0.5-g3pi8"])
def test_the_twin_predicts_the_accuracy_of_the_noise_that_it_never_saw(tmp_path, model):
    path = tmp_path / "response.json"
    measured_file(path, deploy(RunRequest(noise=NOISE), load_model(model)), shots=20_000)
    common = {"model": model, "images": "0:2000", "shots": 15}
    twin = prepare(RunRequest(noise=f"measured:{path}", seed=1, **common)).execute()
    real = prepare(RunRequest(noise=NOISE, seed=2, **common)).execute()
    ideal = prepare(RunRequest(noise="ideal", engine="ideal", seed=2, **common)).execute()
    twin_rate, real_rate, ideal_rate = (
        result.to_json()["accuracy"]["single_shot"]["value"] for result in (twin, real, ideal)
    )
    # 30,000 shots each; 5 standard deviations of their difference, images being the same: false
    # alarm below 6e-7
    assert abs(twin_rate - real_rate) < 5 * math.sqrt(2 * 0.25 / 30_000)
    assert abs(ideal_rate - real_rate) > 2 * abs(twin_rate - real_rate)


def test_a_twin_may_compensate(tmp_path):
    path = tmp_path / "response.json"
    measured_file(path, deploy(RunRequest(noise=NOISE), load_model("mnist16-a0.5")), shots=5000)
    request = RunRequest(noise=f"measured:{path}", images="0:50", compensate=True)
    result = prepare(request).execute()
    assert 0 < result.out_of_reach < 1
    assert result.calibration == {"device": "fake_torino", "time": "2026-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strength": 2.0}, "expected 1 with a measured response"),
        ({"device": "fake_fez"}, "expected a response of fake_fez, got one of fake_torino"),
        ({"qubits": "1,2"}, "fixes the qubits"),
        ({"pairs": 3}, "expected a response with 3 sx pairs, got one with 0"),
        ({"copies": 2}, "expected at least 12 sites for 2 copies of 6 neurons, got 6"),
    ],
)
def test_a_response_for_something_else_is_refused(tmp_path, change, message):
    path = tmp_path / "response.json"
    small = network(math.pi / 2)
    measured_file(path, deploy(RunRequest(noise=NOISE), small), shots=100)
    with pytest.raises(InputError, match=message):
        deploy(RunRequest(noise=f"measured:{path}", **change), small)


def test_another_entanglement_angle_or_engine_is_refused(tmp_path):
    path = tmp_path / "response.json"
    measured_file(path, deploy(RunRequest(noise=NOISE), network(math.pi / 2)), shots=100)
    with pytest.raises(InputError, match=r"expected a response at entanglement angle 1\.1"):
        deploy(RunRequest(noise=f"measured:{path}"), network(1.1))
    with pytest.raises(InputError, match="expected instrument"):
        deploy(RunRequest(noise=f"measured:{path}"), network(math.pi / 2)).engine("aer")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got no JSON"),
        ("[1]", "expected a response file"),
        ("{}", "device"),
        ('{"format": "qnnq.response/3"}', "format"),
    ],
)
def test_bad_response_files(tmp_path, content, message):
    path = tmp_path / "response.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_response(path)
    with pytest.raises(InputError, match="No such file"):
        read_response(tmp_path / "missing.json")


def test_shares_outside_0_to_1_are_refused(tmp_path):
    path = tmp_path / "response.json"
    response = measured_file(path, deploy(RunRequest(noise=NOISE), network(math.pi / 2)), shots=100)
    document = json.loads(response.model_dump_json())
    document["kinds"][0]["sites"][0]["minus"][1] = 1.5
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"kinds\.0\.sites\.0\.minus\.1"):
        read_response(path)

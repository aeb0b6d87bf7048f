"""Measured responses: the fit and its intervals, the file, and the twin that is run from it."""

import json
import math

import numpy as np
import pytest

from qnnq.errors import InputError
from qnnq.execution.deployment import deploy
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.response import ANGLES
from qnnq.execution.measured_deployment import deploy_measured
from qnnq.execution.measured_response import (
    KindResponse,
    MeasuredResponse,
    fit_sites,
    read_response,
    write_response,
)
from qnnq.execution.request import RunRequest
from qnnq.execution.run import prepare
from qnnq.networks.bundled import load_model
from tests.execution.engines.test_agreement import network

NOISE = "fake_torino*3 + readout(p01=0.02, p10=0.09) + overrotation(angle=0.1)"


def measure(deployed, layer, shots, seed=0):
    """Counts of -1 at the three angles, (3, slots), of a layer with as many neurons as slots."""
    width = deployed.layers[layer].width
    angles = np.repeat(np.array(ANGLES, dtype=np.float32)[:, None, None], width, axis=2)
    draws = Draws(seed, layer, np.arange(3), shots)
    return (deployed.engine("instrument").measure(layer, angles, draws) < 0).sum(axis=1)


def measured_file(path, deployed, shots, device="fake_torino", seed=0):
    kinds = {}
    for index, layer in enumerate(deployed.layers):
        sites = [str(site) for site in layer.sites]
        kinds[layer.entanglement] = KindResponse(
            entanglement=layer.entanglement,
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
    """2,000 repetitions: the coverage of 95 % intervals within 5 standard deviations."""
    exact = np.array([0.45, -0.4, 0.07])
    basis = np.array([[1, math.cos(angle), math.sin(angle)] for angle in ANGLES])
    repetitions, shots = 2000, 4000
    rng = np.random.default_rng(0)
    counts = rng.binomial(shots, (basis @ exact)[:, None], (3, repetitions))
    fitted = fit_sites([str(k) for k in range(repetitions)], counts, shots)
    intervals = np.array([site.intervals for site in fitted])
    covered = ((intervals[..., 0] <= exact) & (exact <= intervals[..., 1])).mean(axis=0)
    assert np.all(np.abs(covered - 0.95) < 5 * math.sqrt(0.95 * 0.05 / repetitions))


def test_intervals_have_a_width_at_0_and_1():
    (site,) = fit_sites(["5"], np.array([[0], [100], [100]]), 100)
    assert all(low < high for low, high in site.intervals)


@pytest.mark.parametrize("model", ["mnist16-a0.5", "mnist16-a0.5-g3pi8"])
def test_the_twin_predicts_the_accuracy_of_the_noise_that_it_never_saw(tmp_path, model):
    path = tmp_path / "response.json"
    measured_file(path, deploy(load_model(model), noise=NOISE), shots=20_000)
    common = {"model": model, "images": "0:2000", "shots": 15}
    twin = prepare(RunRequest(noise=f"measured:{path}", seed=1, **common)).execute()
    real = prepare(RunRequest(noise=NOISE, seed=2, **common)).execute()
    ideal = prepare(RunRequest(noise="ideal", engine="ideal", seed=2, **common)).execute()
    twin_rate, real_rate, ideal_rate = (
        result.to_json()["accuracy"]["single_shot"]["value"] for result in (twin, real, ideal)
    )
    # 30,000 shots each; 5 standard deviations of their difference, images being the same
    assert abs(twin_rate - real_rate) < 5 * math.sqrt(2 * 0.25 / 30_000)
    assert abs(ideal_rate - real_rate) > 2 * abs(twin_rate - real_rate)


def test_a_twin_may_compensate(tmp_path):
    path = tmp_path / "response.json"
    measured_file(path, deploy(load_model("mnist16-a0.5"), noise=NOISE), shots=5000)
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
    measured_file(path, deploy(small, noise=NOISE), shots=100)
    with pytest.raises(InputError, match=message):
        deploy_measured(small, noise=f"measured:{path}", **change)


def test_another_entanglement_angle_or_engine_is_refused(tmp_path):
    path = tmp_path / "response.json"
    measured_file(path, deploy(network(math.pi / 2), noise=NOISE), shots=100)
    with pytest.raises(InputError, match=r"expected a response at entanglement angle 1\.1"):
        deploy_measured(network(1.1), noise=f"measured:{path}")
    with pytest.raises(InputError, match="expected instrument"):
        deploy_measured(network(math.pi / 2), noise=f"measured:{path}").engine("aer")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got no JSON"),
        ("{}", "device"),
        ('{"format": "qnnq.response/2"}', "format"),
        ("[1]", "document"),
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
    response = measured_file(path, deploy(network(math.pi / 2), noise=NOISE), shots=100)
    document = json.loads(response.model_dump_json())
    document["kinds"][0]["sites"][0]["minus"][1] = 1.5
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"kinds\.0\.sites\.0\.minus\.1"):
        read_response(path)

"""Drift in runs: blocks of images, both engines, and the spread that a run reports."""

import json
import math

import numpy as np
import pytest

from noise_models.drift import Drift, drift_term, without_drift
from qnnq.cli.main import main
from qnnq.errors import InputError
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.drifting import BLOCKS_PER_CORRELATION_TIME, SHOT_S
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from tests.execution.engines.test_agreement import assert_same_distribution, network

READOUT = "readout(p01=0.02, p10=0.05)"
SHOTS = 500


def minus_of_images(engine, images):
    """P(-1) at angle 0 of every image, over shots and neurons, and outcomes by image."""
    angles = np.zeros((len(images), 1, 6), dtype=np.float32)
    return engine.measure(0, Angles.given(angles), Draws(0, 0, np.asarray(images), SHOTS)) < 0


def drifting(sigma, images_per_block, seed=1, **options):
    """Three blocks have independent noise, where the correlation time is that of 20 blocks."""
    time = BLOCKS_PER_CORRELATION_TIME * images_per_block * SHOTS * SHOT_S
    noise = f"{READOUT} + drift(sigma={sigma}, time={time!r}s)"
    deployed = deploy(RunRequest(noise=noise, **options), network(math.pi / 2))
    return deployed, time


def test_each_block_has_the_noise_of_its_time():
    """At angle 0, P(-1) = p01 of the block's readout.

    Six standard errors, 240 values: false alarm about 5e-7, some times more as they are counts.
    """
    deployed, _ = drifting(sigma=0.8, images_per_block=3)
    engine = deployed.drifting_engine("instrument", shots=SHOTS, seed=7)
    images = np.arange(120)
    found = minus_of_images(engine, images).reshape(40, -1, 6).mean(axis=1)
    drift = Drift(drift_term(deployed.specification), 3 * SHOTS * SHOT_S, 7)
    # The readout matrix to a power: p01 (1 - (1 - p01 - p10)**F) / (p01 + p10).
    factors = np.array(
        [
            [drift.factor(("readout", site.qubits), block) for site in deployed.layers[0].sites]
            for block in range(40)
        ]
    )
    rates = 0.02 * (1 - 0.93**factors) / 0.07  # (blocks, neurons)
    deviations = np.sqrt(rates / (3 * SHOTS))
    assert np.all(abs(found - rates) < 6 * deviations)
    # The noise of another block, or of another neuron, is another one.
    for axis in (0, 1):
        assert np.any(abs(found - np.roll(rates, 3, axis)) > 6 * deviations)


def test_an_image_keeps_its_noise_whatever_is_measured_beside_it():
    deployed, _ = drifting(sigma=0.5, images_per_block=2)
    engine = deployed.drifting_engine("instrument", shots=SHOTS, seed=7)
    together = minus_of_images(engine, [0, 5, 30, 31])
    for place, image in enumerate([0, 5, 30, 31]):
        alone = deployed.drifting_engine("instrument", shots=SHOTS, seed=7)
        np.testing.assert_array_equal(minus_of_images(alone, [image])[0], together[place])


def test_the_engines_agree_under_drift():
    deployed, _ = drifting(sigma=0.7, images_per_block=2)
    counts = []
    for name in ("aer", "instrument"):
        engine = deployed.drifting_engine(name, shots=SHOTS, seed=3)
        minus = minus_of_images(engine, np.arange(6)).sum(axis=1).ravel()
        counts.append(np.stack([SHOTS - minus, minus], axis=1))
    assert_same_distribution(*counts)


def test_a_run_reports_the_spread_of_its_task():
    common = {"model": "mnist16-a0.5", "images": "0:400", "shots": 3}
    noise = "fake_torino*20 + drift(sigma={}, time=24h)"
    request = RunRequest(noise=noise.format(0.4), **common)
    result = prepare(request).execute(threads=1)
    spread = result.drift_deviations["single_shot"]
    still = prepare(RunRequest(noise=noise.format(1e-7), **common)).execute(threads=1)
    assert still.drift_deviations["single_shot"] < 1e-3 < 0.005 < spread
    # Other seeds are other days: their spread is the one reported, and that of sampling.
    days = [
        prepare(RunRequest(noise=noise.format(0.4), seed=seed, **common))
        .execute(threads=1, with_error=False)
        .to_json()["accuracy"]["single_shot"]["value"]
        for seed in range(30)
    ]
    quiet = [
        prepare(RunRequest(noise=noise.format(1e-7), seed=seed, **common))
        .execute(threads=1, with_error=False)
        .to_json()["accuracy"]["single_shot"]["value"]
        for seed in range(30)
    ]
    expected = math.hypot(spread, np.std(quiet, ddof=1))
    # A ratio of standard deviations of 30 and 40 values: 2.2 is beyond the 1e-5 point of its F, so
    # that 2e-5 is the false-alarm rate.
    assert 1 / 2.2 < np.std(days, ddof=1) / expected < 2.2
    accuracy = result.to_json()["accuracy"]["single_shot"]
    narrow = still.to_json()["accuracy"]["single_shot"]
    assert accuracy["high"] - accuracy["low"] > narrow["high"] - narrow["low"]


def test_drift_on_the_command_line(capsys):
    arguments = ["run", "mnist16-a0", "--images", "0:30", "--shots", "2", "--noise"]
    noise = "fake_torino*5 + drift(sigma=0.3, time=24h)"
    assert main([*arguments, noise]) == 0
    assert "Drift: at other times the accuracy differs by" in capsys.readouterr().out
    assert main([*arguments, noise, "--json", "-"]) == 0
    assert set(json.loads(capsys.readouterr().out)["drift_deviations"]) == {
        "single_shot", "majority", "soft_vote",
    }  # fmt: skip
    assert main([*arguments, noise, "--mode", "coherent"]) == 2
    assert "expected noise without drift" in capsys.readouterr().err


def test_compensation_knows_the_noise_without_its_drift():
    noise = "fake_torino*5 + drift(sigma=0.3, time=24h)"
    common = {"model": "mnist16-a0.5", "images": "0:30", "shots": 2, "compensate": True}
    result = prepare(RunRequest(noise=noise, **common)).execute(threads=1, with_error=False)
    assert result.out_of_reach is not None


def test_no_drift_no_drifting_engine():
    deployed = deploy(RunRequest(noise=READOUT), network(math.pi / 2))
    assert not deployed.drifts
    with pytest.raises(ValueError, match="expected a drift"):
        deployed.drifting_engine("instrument", shots=1, seed=0)
    with pytest.raises(InputError, match="`engine` ideal: expected `noise` ideal"):
        prepare(RunRequest(engine="ideal", noise="drift(sigma=0.1, time=1h)"))


def spread_of_factors(noise, strength):
    """The standard deviation of the logarithms of the readout errors of a block's neurons."""
    deployed = deploy(RunRequest(noise=noise, strength=strength), network(math.pi / 2))
    drift = Drift(drift_term(deployed.specification), 1.0, 5)
    still = deployed.under(without_drift(deployed.specification)).channels[0].readout_errors
    moved = deployed.under(without_drift(deployed.specification), drift.block(0)).channels[0]
    return [math.log(moved.readout_errors[q][0, 1] / still[q][0, 1]) for q in sorted(still)]


def test_a_strength_leaves_sigma_alone():
    noise = "readout(p=1e-6) + drift(sigma=0.4, time=24h)"
    np.testing.assert_allclose(spread_of_factors(noise, 16), spread_of_factors(noise, 1), atol=1e-3)
    common = {"model": "mnist16-a0.5", "images": "0:200", "shots": 5}
    noise = "fake_torino + drift(sigma=0.4, time=24h)"
    weak, strong = (
        prepare(RunRequest(noise=noise, strength=strength, **common)) for strength in (1, 64)
    )
    assert (weak.task.noise, weak.task.strength) == (strong.task.noise, 1.0)
    assert strong.task.strength == 64
    accuracies = [
        run.execute(threads=1, with_error=False).to_json()["accuracy"]["single_shot"]["value"]
        for run in (weak, strong)
    ]
    assert accuracies[0] > accuracies[1] + 0.2


def test_the_task_says_that_elements_wander_by_themselves():
    common = {"model": "mnist16-a0.5", "images": "0:3", "shots": 1}
    noise = "fake_torino + drift(sigma=0.4, time=24h)"
    assert prepare(RunRequest(noise=noise, **common)).task.wandering == "elements"
    for still in ({"noise": "fake_torino"}, {"noise": noise, "strength": 0}):
        task = prepare(RunRequest(**still, **common)).task
        assert "wandering" not in task.to_json()
    # Of strength 0 nothing is measured anew: its id stays.
    assert task.noise == "fake_torino*0 + drift(sigma=0.4, time=86400s)*0"


def test_a_drift_with_a_strength_is_refused(capsys):
    noise = "fake_torino + drift(sigma=0.2, time=24h)*2"
    assert main(["run", "mnist16-a0", "--images", "0:3", "--noise", noise]) == 2
    assert "found strength 2, expected none: sigma says" in capsys.readouterr().err

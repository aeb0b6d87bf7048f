"""Training under noise in coherent mode: torch samples what living neurons answer."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from qnnq.cli.main import main
from qnnq.data.load import load_data
from qnnq.errors import InputError
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.bundled import load_model
from qnnq.networks.file import write_network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.training.evaluation import evaluate
from qnnq.training.noise import NoiseTable
from qnnq.training.randomness import generator
from qnnq.training.settings import TrainingSettings
from qnnq.training.trainer import train
from tests.training.test_noise import torch_model

SETTINGS = TrainingSettings(
    (16, 16), 0.5, epochs=10, evaluate_every=100, noise="fake_torino", mode="coherent"
)
NAMES = ["mnist16-a0.5", "mnist16-a0.5-g3pi8"]


def settings_of(network, **changes):
    return replace(
        SETTINGS,
        hidden=network.widths,
        stretch=network.stretch,
        entanglement=network.entanglement,
        **changes,
    )


@pytest.mark.parametrize("name", NAMES)
def test_strength_0_samples_what_no_noise_samples(name):
    """The same uniform numbers give the same outcomes, but where one falls between two roundings.

    16 x 3 x 2,000 x 5 = 480,000 probabilities differ by 1e-6 at most, so 0.5 outcomes differ on
    average. More than 8 of the 10,000 shots with one: false alarm 3e-9.
    """
    network = load_model(name)
    settings = settings_of(network, strengths=(0.0,))
    model = torch_model(network, settings)
    pixels = torch.tensor(load_data("mnist-test").images[:2000] / np.float32(255))
    responses = NoiseTable(network, settings, "cpu").draw(2000, generator("cpu", 0))
    with torch.no_grad():
        noisy, clean = (
            model.shots(pixels, 5, generator("cpu", 1), responses=each)
            for each in (responses, None)
        )
    assert int((noisy != clean).any(-1).sum()) <= 8


@pytest.mark.parametrize("name", NAMES)
def test_torch_agrees_with_the_instrument_engine(name):
    network = load_model(name)
    noise, latency = "fake_torino*3", "5us"
    settings = settings_of(network, noise=noise, feedback_latency=latency)
    data = load_data("mnist-test")
    images, labels = data.images[:1500], data.labels[:1500]
    found = evaluate(
        torch_model(network, settings),
        torch.tensor(images / np.float32(255)),
        torch.tensor(labels),
        generator("cpu", 1),
        NoiseTable(network, settings, "cpu"),
    )
    request = RunRequest(noise=noise, mode="coherent", feedback_latency=latency)
    mode = deploy(request, network).mode("instrument", 1, 0)
    votes = run_shots(network, images, np.arange(1500), mode, 15, seed=1)
    right = votes.counts[np.arange(1500), labels] / 15
    # The same images, so only the sampling of shots differs; 14 estimates p(1 - p) without bias.
    # 5 standard deviations: false alarm 6e-7.
    deviation = math.sqrt(2 * (right * (1 - right)).sum() / 14) / 1500
    assert abs(1 - found.single_shot_error - right.mean()) < 5 * deviation
    # The mode matters: layers that are prepared anew are better by more.
    run = prepare(RunRequest(model=name, noise=noise, images="0:1500"))
    stepwise = run.execute().to_json()["accuracy"]["single_shot"]["value"]
    assert stepwise - right.mean() > 10 * deviation


def votes_by_class(network, settings, noise_row, images, shots):
    """Return how many shots of torch's network say each class."""
    pixels = torch.tensor(images / np.float32(255))
    responses = [layer[noise_row].expand(len(images), *layer.shape[1:]).transpose(0, 1)
                 for layer in NoiseTable(network, settings, "cpu")._layers]  # fmt: skip
    with torch.no_grad():
        logits = torch_model(network, settings).shots(
            pixels, shots, generator("cpu", 1), responses=responses
        )
    return torch.bincount(logits.argmax(-1).flatten(), minlength=10).numpy()


def test_layers_that_widen_and_narrow_carry_their_neurons(tiny):
    """Beside a strength that needs fewer coordinates, and with neurons that rest in a layer."""
    settings = replace(SETTINGS, hidden=(12, 14, 11), entanglement=1.0, strengths=(0.0, 4.0))
    network = train(replace(settings, epochs=1), *tiny, device="cpu").network
    images = load_data("mnist-test").images[:400]
    found = votes_by_class(network, settings, 1, images, 40)
    request = RunRequest(noise="fake_torino", strength=4.0, mode="coherent")
    mode = deploy(request, network).mode("instrument", 1, 0)
    votes = run_shots(network, images, np.arange(400), mode, 40, seed=1).counts
    deviation = np.sqrt(2 * (votes * (40 - votes)).sum(axis=0) / 39)
    # 5.5 standard deviations of 10 classes: false alarm 4e-7.
    assert (np.abs(found - votes.sum(axis=0)) < 5.5 * deviation + 1).all()
    assert not (found == votes_by_class(network, settings, 0, images, 40)).all()


def test_training_in_coherent_mode_helps_there(small, tmp_path):
    path = tmp_path / "network.safetensors"
    noise = {"noise": "fake_torino", "strengths": (8.0,), "mode": "coherent"}
    plain = replace(SETTINGS, epochs=40, noise="ideal", mode="stepwise")
    accuracies = []
    for settings in (plain, replace(plain, **noise)):
        write_network(train(settings, *small, device="cpu").network, path)
        run = prepare(
            RunRequest(model=str(path), noise="fake_torino", strength=8.0, mode="coherent")
        )
        accuracies.append(run.execute().to_json()["accuracy"]["single_shot"]["value"])
    # 10,000 images and 15 shots: a standard deviation is below 0.005.
    assert accuracies[1] - accuracies[0] > 0.03


def test_mode_and_latency_are_told_in_the_file_and_a_training_goes_on(tiny, tmp_path):
    settings = replace(SETTINGS, epochs=2, feedback_latency="2us")
    checkpoint = tmp_path / "checkpoint"
    whole = train(settings, *tiny, device="cpu").network
    known = whole.information
    assert (known["mode"], known["feedback_latency"]) == ("coherent", "2us")
    train(settings, *tiny, device="cpu", checkpoint=checkpoint)
    with pytest.raises(InputError, match="feedback-latency 2us, now 3us"):
        train(replace(settings, feedback_latency="3us"), *tiny, device="cpu", checkpoint=checkpoint)
    stepwise = replace(settings, mode="stepwise", feedback_latency=None)
    with pytest.raises(InputError, match="another training"):
        train(stepwise, *tiny, device="cpu", checkpoint=checkpoint)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mode", "coherent"], "--mode: expected with a noise to train under"),
        (
            ["--feedback-latency", "2us", "--noise", "fake_torino"],
            "--feedback-latency 2us: expected --mode coherent",
        ),
        (["--mode", "living", "--noise", "fake_torino"], "expected one of stepwise, coherent"),
        (
            [
                *("--mode", "coherent", "--noise", "fake_torino", "--dropout", "0.1"),
                *("--activation", "htanh,linear,linear"),
            ],
            "--dropout 0.1: expected 0 under the noise of branches",
        ),
        (
            ["--mode", "coherent", "--noise", "fake_torino", "--hidden", "3,3"],
            "got a table of patterns",
        ),
        (
            ["--mode", "coherent", "--noise", "fake_torino", "--feedback-latency", "2"],
            "--feedback-latency '2': expected a time",
        ),
        (
            # The host computes the angles of the second layer, but the first one is linear.
            [
                "--mode",
                "coherent",
                "--noise",
                "fake_torino",
                "--hidden",
                "12,12",
                "--activation",
                "linear,htanh",
            ],
            "expected htanh or tanh under noise in mode coherent where the host computes angles",
        ),
        (["--mode", "coherent", "--noise", "measured:x.json"], "layers were measured one by one"),
        (
            ["--mode", "coherent", "--noise", "fake_torino", "--qubits", "all"],
            "--qubits all: expected --mode stepwise",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    tmp_path, capsys, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--out", "net.safetensors", "--stretch", "0.5", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert list(tmp_path.iterdir()) == []

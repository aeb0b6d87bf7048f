"""Training under noise: the torch step samples what the compiled layers answer."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binom

from qnnq.cli.main import main
from qnnq.data.load import load_data
from qnnq.errors import InputError
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.activation import phi, state_after
from qnnq.networks.bundled import load_model
from qnnq.networks.file import read_network, write_network
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.training.evaluation import evaluate
from qnnq.training.module import QuantizedNetwork
from qnnq.training.noise import NoiseTable
from qnnq.training.randomness import generator
from qnnq.training.settings import TrainingSettings
from qnnq.training.step import ActivationStep
from qnnq.training.trainer import train
from tests.execution.test_measured import measured_file

NOISE = "fake_torino*4 + overrotation(angle=0.2)"
SETTINGS = TrainingSettings((16, 16), 0.5, epochs=10, evaluate_every=100)


@pytest.mark.parametrize("entanglement", [math.pi / 2, 1.0])
def test_a_step_follows_its_response(entanglement):
    """Outcome frequencies, and the angle that a host without knowledge of the noise tracks."""
    samples = 40_000
    z = np.linspace(-0.9, 0.9, 7)
    angle = math.pi / 2 * (1 - phi(z, "htanh", 0.7))
    constant, cosine, sine = 0.45, -0.3, 0.15
    step = ActivationStep("htanh", 0.7, entanglement)
    response = torch.tensor([constant, cosine, sine]).reshape(3, 1, 1)
    outcome, state = step(torch.tensor(z).expand(samples, -1), None, generator("cpu", 0), response)
    minus = constant + cosine * np.cos(angle) + sine * np.sin(angle)
    found = (outcome.numpy() < 0).sum(0)
    tails = np.minimum(binom.cdf(found, samples, minus), binom.sf(found - 1, samples, minus))
    assert tails.min() > 1e-6 / 7 / 2  # false alarm 1e-6 together
    if entanglement < math.pi / 2:
        expected = state_after(outcome.numpy(), np.broadcast_to(angle, outcome.shape), entanglement)
        np.testing.assert_allclose(state.angle.numpy(), expected, atol=1e-12)
    else:
        assert state is None


def torch_model(network, settings):
    model = QuantizedNetwork(network.inputs, network.classes, settings, generator("cpu", 0))
    for layer, weight in zip(model.layers, network.weights, strict=True):
        layer.weight.data = torch.tensor(weight)
    return model


@pytest.mark.parametrize("name", ["mnist16-a0.5", "mnist16-a0.5-g3pi8"])
def test_torch_under_noise_agrees_with_the_instrument_engine(name):
    network = load_model(name)
    settings = TrainingSettings(
        network.widths, network.stretch, entanglement=network.entanglement, noise=NOISE
    )
    data = load_data("mnist-test")
    images, labels = data.images[:4000], data.labels[:4000]
    noise = NoiseTable(network, settings, "cpu")
    found = evaluate(
        torch_model(network, settings),
        torch.tensor(images / np.float32(255)),
        torch.tensor(labels),
        generator("cpu", 1),
        noise,
    )
    mode = Stepwise(
        deploy(RunRequest(noise=NOISE), network).engine("instrument"), network.entanglements
    )
    votes = run_shots(network, images, np.arange(4000), mode, 15, seed=1)
    right = votes.counts[np.arange(4000), labels] / 15
    # The same images, so only the sampling of shots differs; 14 estimates p(1 - p) without bias.
    # 5 standard deviations: false alarm 6e-7.
    deviation = math.sqrt(2 * (right * (1 - right)).sum() / 14) / 4000
    assert abs(1 - found.single_shot_error - right.mean()) < 5 * deviation
    # The noise is not small: without it the accuracy is another one.
    ideal = prepare(RunRequest(model=name, engine="ideal", noise="ideal", images="0:4000"))
    clean = ideal.execute().to_json()["accuracy"]["single_shot"]["value"]
    assert clean - right.mean() > 10 * deviation


def test_every_image_draws_a_strength_that_all_layers_share():
    network = load_model("mnist16-a0.5")
    settings = replace(SETTINGS, hidden=(16, 16, 16), noise="fake_torino", strengths=(0.0, 8.0))
    single = [
        NoiseTable(network, replace(settings, strengths=(x,)), "cpu").draw(1, generator("cpu", 0))
        for x in settings.strengths
    ]
    drawn = NoiseTable(network, settings, "cpu").draw(2000, generator("cpu", 3))
    chosen = []
    for layer, (clean, noisy) in zip(drawn, zip(*single, strict=True), strict=True):
        is_clean, is_noisy = ((layer == each).all(2).all(0) for each in (clean, noisy))
        assert (is_clean ^ is_noisy).all()
        chosen.append(is_noisy)
    assert all(torch.equal(chosen[0], other) for other in chosen)
    assert abs(chosen[0].float().mean() - 0.5) < 5 * 0.5 / math.sqrt(2000)  # false alarm 6e-7


def test_strength_0_is_the_closed_form_without_noise():
    network = load_model("mnist16-a0.5-g3pi8")
    settings = TrainingSettings(
        network.widths,
        0.5,
        entanglement=network.entanglement,
        noise="fake_torino",
        strengths=(0.0,),
    )
    for index, layer in enumerate(
        NoiseTable(network, settings, "cpu").draw(1, generator("cpu", 0))
    ):
        contrast = math.sin(network.entanglements[index])
        expected = np.broadcast_to(np.array([[0.5], [-contrast / 2], [0.0]]), (3, 16))
        np.testing.assert_allclose(layer[:, 0], expected, atol=1e-6)


def test_the_digest_is_that_of_the_responses():
    network = load_model("mnist16-a0.5")
    settings = replace(SETTINGS, noise="fake_torino")
    digests = [
        NoiseTable(network, replace(settings, strengths=strengths), "cpu").digest
        for strengths in ((1.0,), (1.0,), (2.0,), (1.0, 2.0))
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_all_copies_of_the_chip_are_drawn():
    network = load_model("mnist16-a0.5")
    settings = replace(SETTINGS, noise="fake_torino", qubits="all")
    copies = deploy(RunRequest(noise="fake_torino", qubits="all"), network).copies
    assert copies > 3
    drawn = NoiseTable(network, settings, "cpu").draw(500, generator("cpu", 0))[0]
    assert len(torch.unique(drawn.transpose(0, 1).flatten(1), dim=0)) == copies


def test_a_measured_response_is_what_its_file_says(tmp_path):
    network = load_model("mnist16-a0.5")
    path = tmp_path / "response.json"
    response = measured_file(path, deploy(RunRequest(noise=NOISE), network), shots=1000)
    settings = replace(SETTINGS, noise=f"measured:{path}")
    (kind,) = response.kinds
    expected = np.array([site.coefficients for site in kind.sites], np.float32).T
    for layer in NoiseTable(network, settings, "cpu").draw(5, generator("cpu", 0)):
        np.testing.assert_array_equal(layer, np.repeat(expected[:, None], 5, axis=1))


def test_training_under_noise_helps_under_that_noise(small, tmp_path):
    path = tmp_path / "network.safetensors"
    accuracies = []
    plain = replace(SETTINGS, epochs=40)
    for settings in (plain, replace(plain, noise="fake_kingston", strengths=(40.0,))):
        write_network(train(settings, *small, device="cpu").network, path)
        run = prepare(RunRequest(model=str(path), noise="fake_kingston", strength=40.0))
        accuracies.append(run.execute().to_json()["accuracy"]["single_shot"]["value"])
    # 10,000 images and 15 shots: a standard deviation is below 0.005.
    assert accuracies[1] - accuracies[0] > 0.05


def test_the_noise_is_told_in_the_file(small, tmp_path, capsys):
    out = tmp_path / "net.safetensors"
    options = ["--hidden", "8", "--epochs", "1", "--noise", "fake_kingston", "--strength", "1,16"]
    assert main(["train", *options, "--out", str(out)]) == 0
    known = read_network(out).information
    assert (known["noise"], known["strengths"]) == ("fake_kingston", "(1.0, 16.0)")
    capsys.readouterr()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--noise", "fake_kingstone"], "fake_kingston"),
        (["--noise", "fake_kingston", "--strength", "x"], "--strength 'x': expected numbers"),
        (["--noise", "fake_kingston", "--strength", "-1"], "--strength: expected numbers >= 0"),
        (["--strength", "2"], "--strength: expected with a noise to train under"),
        (
            ["--device", "fake_fez"],
            "--device: expected with a noise to train under",
        ),
        (["--noise", "fake_kingston", "--device", "fake_fez"], "expected the noise of --device"),
        (["--noise", "measured:none.json"], "none.json"),
        (["--noise", "measured:a.json", "--json", "a.json"], "a.json: expected another file"),
        (["--noise", "fake_kingston", "--qubits", "1,2,x"], "qubits"),
    ],
)
def test_bad_noise_is_one_line_and_exit_code_2(tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--out", "net.safetensors", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert list(tmp_path.iterdir()) == []


def test_responses_of_joined_neurons_are_refused():
    """They are not told by a, b, c of each neuron; inserted CZ pairs join neighbours."""
    joined = deploy(RunRequest(noise=NOISE, pairs=1, pair_gate="cz"), load_model("mnist16-a0.5"))
    with pytest.raises(InputError, match="expected one that leaves neurons independent"):
        joined.tables()


def test_qubits_without_noise_are_refused():
    with pytest.raises(InputError, match="expected with a noise"):
        replace(SETTINGS, qubits="all")


@pytest.mark.parametrize(
    ("noise", "sites"),
    [
        ("zz(rate=1kHz)", "0,1"),
        ("correlated_readout(p=0.1)", "0,1"),
        ("fake_kingston + drift(sigma=0.1, time=1h)", "0,1"),
    ],
)
def test_noise_between_neurons_is_refused(noise, sites):
    settings = replace(SETTINGS, hidden=(2,), noise=noise, qubits=sites)
    network = Network((np.zeros((2, 3)), np.zeros((2, 2))), stretch=0.5, entanglement=math.pi / 2)
    with pytest.raises(InputError, match="expected one that leaves neurons independent"):
        NoiseTable(network, settings, "cpu")

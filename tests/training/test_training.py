"""The torch step against the closed form; the trainer: what it learns, records and repeats."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binom

from qnnq.cli.main import main
from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.errors import InputError
from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.activation import phi, probability, state_after
from qnnq.networks.bundled import load_model
from qnnq.networks.file import read_network
from qnnq.training import trainer
from qnnq.training.evaluation import vote
from qnnq.training.module import QuantizedNetwork
from qnnq.training.settings import TrainingSettings
from qnnq.training.step import ActivationStep, NeuronState
from qnnq.training.trainer import train

FALSE_ALARM = 1e-6

PHYSICS = [
    pytest.param("htanh", 0.0, math.pi / 2, id="classical"),
    pytest.param("htanh", 0.7, math.pi / 2, id="method 1, htanh"),
    pytest.param("tanh", 0.7, math.pi / 2, id="method 1, tanh"),
    pytest.param("htanh", 0.0, 5 * math.pi / 19, id="method 2"),
    pytest.param("tanh", 0.7, 3 * math.pi / 8, id="combined"),
]
LINEAR = [
    pytest.param("linear", 0.7, math.pi / 2, id="method 1, linear"),
    pytest.param("linear", 0.3, 3 * math.pi / 8, id="combined, linear"),
]


def assert_binomial(successes, trials, probabilities):
    """Fail if any count is in a tail of its binomial distribution: false alarm 1e-6 together."""
    each = FALSE_ALARM / np.size(probabilities)
    low = binom.cdf(successes, trials, probabilities)
    high = binom.sf(successes - 1, trials, probabilities)
    assert np.all(np.minimum(low, high) > each / 2)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("activation", "stretch", "entanglement"), PHYSICS + LINEAR)
def test_two_steps_follow_the_closed_form(activation, stretch, entanglement):
    """Outcome frequencies of each step, and the angle that each outcome leaves."""
    samples = 40_000
    step = ActivationStep(activation, stretch, entanglement)
    z1 = np.linspace(-1.2, 1.2, 9)  # has z = 0, a fair coin at stretch 0
    z2 = z1[::-1] * 0.7
    random = generator()
    first, state = step(torch.tensor(z1).expand(samples, -1), None, random)
    angle = math.pi / 2 * (1 - phi(z1, activation, stretch))
    minus = probability(-1, angle, entanglement)
    assert_binomial((first.numpy() < 0).sum(0), samples, minus)

    second, _ = step(torch.tensor(z2).expand(samples, -1), state, random)
    for outcome in (1, -1):
        chosen = first.numpy() == outcome
        outcomes = np.full(9, outcome, np.int8)
        if entanglement == math.pi / 2:
            assert state is None
            after, last = 0.0, 1  # fresh
        else:
            after, last = state_after(outcomes, angle, entanglement), outcome
            expected = np.broadcast_to(after, chosen.shape)[chosen]
            np.testing.assert_allclose(state.angle.numpy()[chosen], expected, atol=1e-12)
        second_angle = after + math.pi / 2 * (last - phi(z2, activation, stretch))
        minus = probability(-1, second_angle, entanglement)
        counts = ((second.numpy() < 0) & chosen).sum(0)
        assert_binomial(counts, chosen.sum(0), minus)


@pytest.mark.parametrize(("activation", "stretch", "entanglement"), PHYSICS)
def test_the_gradient_is_straight_through(activation, stretch, entanglement):
    z = torch.tensor([-1.5, -1.0, -0.99, 0.0, 0.3, 1.0, 2.0], requires_grad=True)
    outcome, _ = ActivationStep(activation, stretch, entanglement)(z, None, generator())
    weights = torch.arange(1.0, 8.0)
    (outcome * weights).sum().backward()
    assert z.grad.tolist() == [0, 0, 3, 4, 5, 0, 0]
    assert set(outcome.tolist()) <= {1.0, -1.0}


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize(("activation", "stretch", "entanglement"), LINEAR)
def test_the_gradient_of_linear_is_that_of_the_mean(activation, stretch, entanglement, noisy):
    """Against numerical differences of 1 - 2 P(-1), for neurons in a given state."""
    z = torch.linspace(-3, 3, 13, dtype=torch.float64, requires_grad=True)
    alpha = torch.linspace(-1, 2, 13, dtype=torch.float64)
    last = torch.where(torch.arange(13) % 2 == 0, 1.0, -1.0).double()
    response = torch.tensor([[0.48], [-0.41], [0.07]], dtype=torch.float64) if noisy else None
    step = ActivationStep(activation, stretch, entanglement)
    outcome, _ = step(z, NeuronState(alpha, last), generator(), response)
    outcome.sum().backward()

    def mean(values):
        angle = alpha.numpy() + math.pi / 2 * (last.numpy() - values / stretch)
        if noisy:
            return 1 - 2 * (0.48 - 0.41 * np.cos(angle) + 0.07 * np.sin(angle))
        return math.sin(entanglement) * np.cos(angle)

    values, tiny = z.detach().numpy(), 1e-6
    expected = (mean(values + tiny) - mean(values - tiny)) / (2 * tiny)
    np.testing.assert_allclose(z.grad.numpy(), expected, atol=1e-6)


def test_neurons_go_on_from_those_of_another_width():
    """Neuron j goes on from neuron j of the layer before; further neurons start fresh."""
    step = ActivationStep("htanh", 1.0, 0.9)
    angle = torch.tensor([0.4, -2.0, 1.1], dtype=torch.float64)
    last = torch.tensor([-1.0, 1.0, -1.0], dtype=torch.float64)
    z = torch.tensor([0.2, -0.5, 0.1, 0.6, -0.3], dtype=torch.float64)
    for width in (2, 5):
        outcome, after = step(z[:width], NeuronState(angle, last), generator())
        kept = min(3, width)
        fresh = width - kept
        alpha = np.append(angle[:kept], np.zeros(fresh))
        before = np.append(last[:kept], np.ones(fresh))
        rotated = alpha + math.pi / 2 * (before - z[:width].numpy())
        expected = state_after(outcome.numpy().astype(np.int8), rotated, 0.9)
        np.testing.assert_allclose(after.angle.numpy(), expected, atol=1e-12)


def test_weights_start_from_the_published_distribution():
    settings = TrainingSettings((300, 200), 0.5)
    model = QuantizedNetwork(500, 10, settings, generator())
    assert not any("bias" in name for name, _ in model.named_parameters())
    for layer in model.layers[:2]:
        values = layer.weight.detach().numpy() * math.sqrt(layer.in_features)
        n = values.size
        # Standard errors 1/sqrt(n) and 1/sqrt(2n); 5 of them: false alarm 6e-7 each.
        assert abs(values.mean()) < 5 / math.sqrt(n)
        assert abs(values.std() - 1) < 5 / math.sqrt(2 * n)


def test_shots_are_independent_of_one_another():
    settings = TrainingSettings((1, 1), 1.0, epochs=1)
    model = QuantizedNetwork(1, 2, settings, generator())
    with torch.no_grad():
        for layer in model.layers[:2]:
            layer.weight.zero_()  # every outcome is a fair coin
        model.layers[2].weight.copy_(torch.tensor([[1.0], [-1.0]]))
        chosen = model.shots(torch.ones(1, 1), 20_000, generator(1)).argmax(-1).flatten().numpy()
    assert_binomial(chosen.sum(), 20_000, 0.5)
    pairs = chosen[0::2] == chosen[1::2]
    assert_binomial(pairs.sum(), 10_000, 0.5)


def test_votes_that_tie_go_to_the_lowest_class():
    chosen = torch.tensor([[2, 1, 0], [1, 1, 2], [2, 0, 2], [1, 2, 0]])
    assert vote(chosen, 3).tolist() == [1, 1, 0]


SETTINGS = TrainingSettings((32, 32), 0.5, epochs=12, evaluate_every=5)


@pytest.mark.parametrize(
    ("activation", "stretch", "entanglement"),
    [
        *PHYSICS,
        pytest.param(("htanh", "linear"), (0.5, 2.0), math.pi / 2, id="linear behind htanh"),
    ],
)
def test_a_short_training_learns(small, activation, stretch, entanglement):
    physics = {"activation": activation, "stretch": stretch, "entanglement": entanglement}
    history = train(replace(SETTINGS, **physics), *small, device="cpu").history
    assert history[-1].loss < 0.7 * history[0].loss
    # Guessing the commonest class would be wrong for 87 % of the images.
    assert history[-1].majority_error < 0.35


def test_history_and_information_record_the_training(small):
    told = []
    result = train(SETTINGS, *small, progress=told.append, device="cpu")
    assert list(result.history) == told
    assert [epoch.epoch for epoch in told] == list(range(1, 13))
    assert [epoch.epoch for epoch in told if epoch.majority_error is not None] == [5, 10, 12]
    assert not result.interrupted
    known = result.network.information
    assert (known["epochs"], known["seed"], known["batch_size"]) == ("12", "0", "64")
    assert (known["data"], known["test_data"]) == ("mnist5k 0:1000", "mnist-test 0:1000")
    assert known["torch"] == torch.__version__
    assert float(known["majority_accuracy"]) == pytest.approx(1 - told[-1].majority_error)
    assert float(known["single_shot_accuracy"]) == pytest.approx(1 - told[-1].single_shot_error)


def test_the_seed_determines_the_weights_and_evaluation_does_not(small):
    settings = replace(SETTINGS, epochs=3, entanglement=1.0)
    network = train(settings, *small, device="cpu").network
    again = train(replace(settings, evaluate_every=1), *small, device="cpu").network
    other = train(replace(settings, seed=1), *small, device="cpu").network
    assert again.digest == network.digest
    assert again.information == network.information
    assert not np.array_equal(other.weights[0], network.weights[0])


def test_narrow_networks_train_on_one_thread(tiny):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = []
        for hidden in ((8,), (8, 200)):
            settings = TrainingSettings(hidden, 0.5, epochs=1)
            train(settings, *tiny, lambda _: seen.append(torch.get_num_threads()), device="cpu")
        assert seen == [1, 2]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


class InterruptedRun(trainer.TrainingRun):
    """Ctrl-C in the middle of the third epoch, when weights have changed."""

    def _train_once(self, number):
        if number == 3:
            self.model.layers[0].weight.data.zero_()
            raise KeyboardInterrupt
        return super()._train_once(number)


def test_ctrl_c_keeps_the_last_finished_epoch(small, monkeypatch):
    expected = train(replace(SETTINGS, epochs=2), *small, device="cpu").network
    monkeypatch.setattr(trainer, "TrainingRun", InterruptedRun)
    result = train(SETTINGS, *small, device="cpu")
    assert result.interrupted
    assert result.network.digest == expected.digest
    assert result.network.information["epochs"] == "2"


@pytest.fixture
def small_files(small, tmp_path):
    """Return the options that train on files."""
    options = []
    for option, data in zip(("--data", "--test-data"), small, strict=True):
        path = tmp_path / f"{option[2:]}.npz"
        np.savez(path, images=data.images, labels=data.labels)
        options += [option, str(path)]
    return [*options, "--hidden", "8,6", "--epochs", "4"]


def test_train_on_the_command_line(small_files, tmp_path, capsys):
    out, record = tmp_path / "net.safetensors", tmp_path / "history.json"
    arguments = ["train", *small_files, "--out", str(out), "--json", str(record)]
    arguments += ["--stretch", "0.25", "--entanglement", "3pi/8", "--no-last-projective"]
    assert main([*arguments, "--seed", "5"]) == 0
    captured = capsys.readouterr()
    assert "majority of 15" in captured.out
    assert captured.err == ""
    network = read_network(out)
    assert (network.widths, network.stretch, network.last_projective) == ((8, 6), 0.25, False)
    assert network.entanglement == 3 * math.pi / 8
    (document,) = json.loads(record.read_text())["trainings"]
    assert document["network"] == network.digest
    assert document["settings"]["seed"] == 5
    assert [epoch["epoch"] for epoch in document["history"]] == [1, 2, 3, 4]


def test_several_seeds_in_one_command(small_files, tmp_path, capsys):
    """Each network is the one that its seed gives alone."""
    alone, picture = tmp_path / "alone.safetensors", tmp_path / "curves.svg"
    assert main(["train", *small_files, "--seed", "7", "--out", str(alone)]) == 0
    capsys.readouterr()
    several = str(tmp_path / "net-{seed}.safetensors")
    arguments = ["--seed", "5,7", "--out", several, "--json", "-", "--figure", str(picture)]
    assert main(["train", *small_files, "--validation", "0.1", *arguments]) == 0
    trainings = json.loads(capsys.readouterr().out)["trainings"]
    assert [training["settings"]["seed"] for training in trainings] == [5, 7]
    found = [read_network(several.format(seed=seed)).digest for seed in (5, 7)]
    assert found == [training["network"] for training in trainings]
    assert picture.read_text().count("seed 7: validation") == 1
    assert main(["train", *small_files, "--seed", "5,7", "--out", several]) == 0
    assert read_network(several.format(seed=7)).digest == read_network(alone).digest
    assert not list(tmp_path.glob("*.checkpoint"))


def test_ctrl_c_on_the_command_line_says_what_was_kept(small_files, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(trainer, "TrainingRun", InterruptedRun)
    out = tmp_path / "net.safetensors"
    assert main(["train", *small_files, "--out", str(out)]) == 130
    error = capsys.readouterr().err
    expected = f"stopped: {out} has the network after epoch 2 of 4; the same command goes on"
    assert expected in error
    assert read_network(out).information["epochs"] == "2"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", "16,x"], "--hidden '16,x': expected widths"),
        (["--hidden", "16,\u0664"], "expected widths such as"),
        (["--hidden", "9" * 5000], "expected widths such as"),
        (["--hidden", "16,0"], "--hidden: expected widths >= 1"),
        (["--seed", "0,1"], "--out net.safetensors: expected {seed} in the name"),
        (["--seed", "1,1"], "--seed: expected different seeds, got 1,1"),
        (["--figure", "curves.txt"], "curves.txt: expected a name that ends in"),
        (["--epochs", "0"], "--epochs 0: expected a whole number >= 1"),
        (["--batch-size", "0"], "--batch-size 0: expected a whole number >= 1"),
        (["--learning-rate", "nan"], "--learning-rate nan: expected a number >= 0 and <= 1000"),
        (["--stretch", "-1"], "stretch: expected a number >= 0, got -1.0"),
        (["--stretch", "0.5,x"], "stretch '0.5,x': expected a number, or one for each hidden"),
        (["--stretch", "0.5,1"], "stretch: expected one value, or 3 (one a hidden layer), got 2"),
        (["--activation", "relu"], "expected one of htanh, tanh, linear, got 'relu'"),
        (["--activation", "htanh,linear,lin"], "linear, got 'lin'; nearest: linear"),
        (["--activation", "linear", "--stretch", "0"], "expected a number > 0 for linear, got 0"),
        (["--entanglement", "2"], "entanglement '2': expected radians in (0, pi/2]"),
        (["--data", "mnist6k"], "mnist6k: no such file"),
        (["--out", "missing/net.safetensors"], "missing/net.safetensors: cannot be written"),
        (["--json", "missing/a.json"], "missing/a.json: cannot be written"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_2(tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--out", "net.safetensors", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--out", "--json", "--figure"])
def test_what_is_read_is_not_written_over(small_files, tmp_path, capsys, option):
    data, test = tmp_path / "data.svg", tmp_path / "test-data.npz"
    (tmp_path / "data.npz").rename(data)
    before = data.read_bytes()
    arguments = [*small_files, "--data", str(data), "--test-data", str(test)]
    arguments += ["--out", str(tmp_path / "net.safetensors"), option, str(data)]
    assert main(["train", *arguments]) == 2
    assert capsys.readouterr().err == (
        f"qnnq: {data}: expected another file than those that are read\n"
    )
    assert data.read_bytes() == before


def test_each_output_has_a_file_of_its_own(small_files, tmp_path, capsys):
    out = str(tmp_path / "net.safetensors")
    assert main(["train", *small_files, "--out", out, "--json", out]) == 2
    assert capsys.readouterr().err == f"qnnq: {out}: expected another file for each output\n"
    assert not (tmp_path / "net.safetensors").exists()


@pytest.mark.parametrize(
    "words",
    ["DefaultCPUAllocator: can't allocate memory\nbacktrace", "integer multiplication overflow"],
)
def test_a_network_that_does_not_fit_into_memory_is_one_line(
    small_files, tmp_path, capsys, monkeypatch, words
):
    def exhausted(*_):
        raise RuntimeError(words)

    monkeypatch.setattr(trainer, "TrainingRun", exhausted)
    assert main(["train", *small_files, "--out", str(tmp_path / "net.safetensors")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "out of memory: hidden widths (8, 6) with 1 shots of 64 images" in error


def test_data_sets_that_do_not_fit_are_refused(small):
    data, test = small
    narrow = Dataset(test.images[:, :100], test.labels, "narrow")
    with pytest.raises(InputError, match=r"narrow: expected images of 784 pixels .* got 100"):
        train(SETTINGS, data, narrow)
    few = Dataset(data.images[data.labels < 9], data.labels[data.labels < 9], "few")
    with pytest.raises(InputError, match=r"expected labels 0 to 8 as in few, got 9 for image 7"):
        train(SETTINGS, few, test)


@pytest.mark.parametrize("name", ["mnist16-a0", "mnist16-a0.5", "mnist16-a0.5-g3pi8"])
def test_the_recorded_accuracy_is_the_one_of_the_shot_loop(name):
    """numpy's samples and torch's agree on the bundled networks' accuracy."""
    network, data = load_model(name), load_data("mnist-test")
    mode = Stepwise(IdealEngine(network.entanglements), network.entanglements)
    votes = run_shots(network, data.images, np.arange(10_000), mode, 15, seed=1)
    right = votes.counts[np.arange(10_000), data.labels] / 15
    recorded = float(network.information["single_shot_accuracy"])
    # Both are means over the same images, so only the sampling of shots differs: its variance is
    # the sum of p(1 - p) / 15 over images, estimated without bias with 14. 5 standard deviations:
    # false alarm 6e-7.
    deviation = math.sqrt(2 * (right * (1 - right)).sum() / 14) / 10_000
    assert abs(right.mean() - recorded) <= 5 * deviation + 1e-4
    majority = (votes.counts.argmax(1) == data.labels).mean()
    # The standard deviation of this difference is 0.0017 (from repeated sampling).
    assert abs(majority - float(network.information["majority_accuracy"])) < 0.01

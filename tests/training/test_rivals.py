"""Networks that a quantized one is read beside: its own weights unsampled, and classical rivals."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from qnnq import from_torch
from qnnq.cli.main import main
from qnnq.data.dataset import Dataset
from qnnq.networks.bundled import load_model
from qnnq.report.sources import by_digest
from qnnq.results.points import read_points, read_references
from qnnq.runs.unsampled import unsampled
from qnnq.training.settings import TrainingSettings, recipe
from qnnq.training.trainer import train, train_rival
from tests.figures.test_figures import measured

RECIPE = "--hidden 8 --epochs 2 --evaluate-every 2"


@pytest.fixture
def folder(tmp_path, monkeypatch, tiny):
    for name, data in zip(("train", "test"), tiny, strict=True):
        np.savez(tmp_path / f"{name}.npz", images=data.images, labels=data.labels)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_unsampled_answers_are_those_of_torch(tiny):
    torch.manual_seed(0)
    sizes = ((784, 6), (6, 5), (5, 10))
    layers = [layer for a, b in sizes for layer in (torch.nn.Linear(a, b), torch.nn.Tanh())]
    module = torch.nn.Sequential(*layers[:-1])
    data = tiny[1]
    pixels = torch.tensor(data.images / 255, dtype=torch.float32)
    expected = module(pixels).argmax(1).numpy()
    result = unsampled(from_torch(module), data, np.arange(100))
    assert (result.counts.argmax(axis=1) == expected).mean() >= 0.99  # a tie may round
    assert result.counts.sum() == 100


@pytest.mark.parametrize("neuron", ["relu", "tanh", "sign"])
def test_a_rival_learns_and_answers_once(tiny, neuron):
    settings = TrainingSettings((16,), 0.0, classical=neuron, epochs=15, learning_rate=0.05)
    first, again = (train_rival(settings, *tiny, device="cpu").answers for _ in range(2))
    np.testing.assert_array_equal(first.counts, again.counts)
    assert first.counts.sum(axis=1).tolist() == [1] * 100
    assert first.accuracy().value > 0.4  # chance: 0.1


def test_answers_of_rivals_are_compared_and_reported(folder, capsys):
    data = "--data train.npz --test-data test.npz"
    assert main(f"train {data} {RECIPE} --out net.safetensors".split()) == 0
    relu = f"train {data} {RECIPE} --classical relu --seed 0,1 --out relu.sqlite"
    assert main(relu.split()) == 0
    (folder / "s.toml").write_text(
        '[[grid]]\nnetworks = "net.safetensors"\nnoise = "fake_manila"\n'
        'data = "test.npz"\nstrength = [0, 1]\n'
    )
    assert main(["sweep", "s.toml", "--out", "r.sqlite", "--workers", "1"]) == 0
    capsys.readouterr()
    assert main(["compare", "relu.sqlite", "r.sqlite", "--b", "strength=1", "--json", "-"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    (reference,) = read_references("r.sqlite")
    assert row["network_a"] == "relu 8"
    assert row["unsampled"] == reference.accuracy().value
    assert len(read_points("r.sqlite")) == 2  # the reference is beside them
    assert main(["compare", "r.sqlite", "--a", "engine=unsampled", "--b", "strength=0"]) == 0
    breakdown = "results r.sqlite --report breakdown --threshold unsampled --json -"
    capsys.readouterr()
    assert main(breakdown.split()) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["threshold"], row["threshold_of"]) == (reference.accuracy().value, "unsampled")
    assert (
        main(
            [
                "run",
                "net.safetensors",
                "--data",
                "test.npz",
                "--noise",
                "fake_manila",
                "--json",
                "-",
            ]
        )
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document["unsampled"]["value"] == reference.accuracy().value
    assert main(["run", "relu.sqlite"]) == 2
    assert "a results file, no network" in capsys.readouterr().err
    assert main(["report", "r.sqlite", "relu.sqlite", "--out", "page.html"]) == 0
    page = (folder / "page.html").read_text()
    assert page.index("relu 8, classical") < page.index("Accuracy against noise strength")


def test_networks_are_told_apart_by_their_digests():
    point = measured(network="a/net.safetensors")
    moved = replace(point, labels={**point.labels, "network": "net.safetensors"})
    other = replace(point, network_digest="f" * 64)
    found, _ = by_digest([point, moved, other], [])
    names = [each.labels["network"] for each in found]
    assert names[0] == names[1] != names[2] == f"net.safetensors ({'f' * 8})"


@pytest.mark.slow
def test_digits_by_defaults_reach_an_imported_network(folder):
    """Of scikit-learn, 1,347 to train and 450 to test: an imported tanh network reaches 0.964."""
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    parts = [
        Dataset((images[some] / 16).astype(np.float32), labels[some], "digits")
        for some in (order[:1347], order[1347:])
    ]
    settings = TrainingSettings((16, 16, 16), 0.5, **recipe("best", 64))
    kept = train(settings, *parts, device="cpu").history[-1]
    assert 1 - kept.majority_error > 0.964 - 0.02


def test_a_recipe_can_be_chosen(folder, capsys):
    line = "train --data train.npz --test-data test.npz --hidden 8 --out net.safetensors --json -"
    for more, wanted in (
        ("--epochs 1", ("tanh", 0.03, "cosine", 0.001, 0.2)),
        ("--epochs 1 --recipe published", ("tanh", 0.01, "constant", 0.0, 0.0)),
        ("--epochs 1 --activation htanh --learning-rate 0.5", ("htanh", 0.5, "cosine", 0.001, 0.2)),
    ):
        assert main([*line.split(), *more.split()]) == 0
        settings = json.loads(capsys.readouterr().out)["trainings"][0]["settings"]
        names = ("activation", "learning_rate", "schedule", "weight_decay", "input_dropout")
        assert tuple(settings[name] for name in names) == wanted
    assert load_model("mnist16-a0.5").activation == "htanh"  # those that are bundled stay

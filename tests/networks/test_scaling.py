"""Features that are no pixels: the network takes up their scaling, and `qnnq scale` applies it."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from qnnq.cli.main import main
from qnnq.data.load import load_data
from qnnq.errors import InputError
from qnnq.networks.file import read_network
from qnnq.networks.imports import from_torch
from qnnq.networks.scaling import Scaling

RNG = np.random.default_rng(5)
FEATURES = RNG.normal([0, 100, -3], [1, 20, 0], size=(40, 3))
LABELS = RNG.integers(0, 2, size=40)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2, bias=False))
    torch.save(model.state_dict(), "net.pt")
    np.savez("train.npz", features=FEATURES, labels=LABELS)
    return model


IMPORT = "import net.pt --stretch 1 --activation tanh --features train.npz --out net.safetensors"


def test_the_scaled_network_of_pixels_is_the_network_of_features(folder):
    assert main(IMPORT.split()) == 0
    assert main(["scale", "net.safetensors", "train.npz", "--out", "data.npz"]) == 0
    network, data = read_network("net.safetensors"), load_data("data.npz")
    assert data.images.min() >= 0.2  # half a span aside
    assert data.images.max() <= 0.8
    original = from_torch(folder, "tanh", 1.0)
    expected = FEATURES @ original.weights[0].T + original.biases[0]
    found = data.images @ network.weights[0].T + network.biases[0]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-4)
    assert network.biases[1] is None
    np.testing.assert_array_equal(data.labels, LABELS)


def test_the_check_of_an_import_is_that_of_torch(folder, capsys):
    assert main([*IMPORT.split(), "--data", "train.npz", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    with torch.no_grad():
        logits = folder(torch.tensor(FEATURES, dtype=torch.float32))
    right = (logits.argmax(dim=1).numpy() == LABELS).mean()
    check = document["check"]
    assert check["classical"]["value"] == pytest.approx(right)
    assert check["images"] == 40
    assert check["majorities"]["1.0"] == check["majority"]
    best = check["majorities"][str(check["best_stretch"])]["value"]
    assert best == max(each["value"] for each in check["majorities"].values())
    assert document["biases"] == 1
    assert main([*IMPORT.split(), "--data", "train.npz"]) == 0
    assert "3-4-2, 2 weight matrices, 1 with biases" in capsys.readouterr().out


def test_features_outside_of_the_range_are_refused():
    scaling = Scaling.of_features(FEATURES)
    outside = FEATURES[:2].copy()
    outside[1, 1] = 1e4
    with pytest.raises(InputError, match="in column 1 .*, got 10000 in row 1"):
        scaling.pixels(outside)
    with pytest.raises(InputError, match=r"expected an array \(n, 3\)"):
        scaling.pixels(FEATURES[:, :2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run net.pt", "qnnq import net.pt --stretch"),
        ("run small.safetensors", "(what small.safetensors takes), got 784; --data FILE"),
        (
            "import small.safetensors --stretch 2 --activation tanh --out other.safetensors",
            "small.safetensors: is a network file of qnnq, which holds its physics already",
        ),
        ("scale small.safetensors train.npz --out a.npz", "expected a network with a scaling"),
        ("scale net.safetensors data.npz --out a.npz", "plain arrays features and labels"),
        ("run small.safetensors --data raw.npz", "qnnq import --features"),
        ("scale net.safetensors train.npz --out ./train.npz", "expected another file than those"),
        (
            "import net.pt --stretch 1 --activation tanh --out net.pt",
            "net.pt: expected another file than those that are read",
        ),
    ],
)
def test_hints(folder, capsys, arguments, message):
    assert main(IMPORT.split()) == 0
    assert (
        main(
            [
                "import",
                "net.pt",
                "--stretch",
                "1",
                "--activation",
                "tanh",
                "--out",
                "small.safetensors",
            ]
        )
        == 0
    )
    np.savez("data.npz", images=np.zeros((4, 3)), labels=np.zeros(4, int))
    np.savez("raw.npz", images=FEATURES, labels=LABELS)
    capsys.readouterr()
    assert main(arguments.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error

"""Features that are no pixels: the network stores their scaling, and takes them as they are."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from qnnq.cli.main import main
from qnnq.errors import InputError
from qnnq.execution.inputs import data_for
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


def in_torch(model):
    with torch.no_grad():
        return model(torch.tensor(FEATURES, dtype=torch.float32)).numpy()


IMPORT = "import net.pt --stretch 1 --activation tanh --features train.npz --out net.safetensors"


def test_the_scaled_network_of_pixels_is_the_network_of_features(folder):
    assert main(IMPORT.split()) == 0
    network = read_network("net.safetensors")
    data = data_for(network, "train.npz", "net.safetensors")
    assert data.images.min() >= 0.2  # half a span aside
    assert data.images.max() <= 0.8
    original = from_torch(folder)
    expected = FEATURES @ original.weights[0].T + original.biases[0]
    found = data.images @ network.weights[0].T + network.biases[0]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-4)
    assert network.biases[1] is None
    np.testing.assert_array_equal(data.labels, LABELS)


def test_every_command_with_data_takes_features(folder, tmp_path, capsys):
    assert main(IMPORT.split()) == 0
    ideal = "--data train.npz --engine ideal --shots 3 --json -"
    capsys.readouterr()
    assert main(f"run net.safetensors {ideal}".split()) == 0
    alone = json.loads(capsys.readouterr().out)
    (tmp_path / "sweep.toml").write_text(
        '[[grid]]\nnetworks = "net.safetensors"\ndata = "train.npz"\nnoise = "ideal"\n'
        'engine = "ideal"\nshots = 3\n'
    )
    assert main(["sweep", "sweep.toml", "--out", "results.sqlite", "--workers", "1"]) == 0
    capsys.readouterr()
    assert main(["results", "results.sqlite", "--json", "-"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["majority"] == alone["accuracy"]["majority"]["value"]
    assert main(["report", "results.sqlite", "--out", "report.html"]) == 0
    assert main(["estimate", "net.safetensors", "--data", "train.npz", "--images", "0:5"]) == 0
    np.savez("logits.npz", features=FEATURES, logits=in_torch(folder))
    assert main([*IMPORT.split(), "--check-logits", "logits.npz"]) == 0


def test_features_outside_of_the_range_are_clipped_if_that_is_asked_for(folder, capsys):
    far = np.concatenate([FEATURES, FEATURES[:1] + 1e4])
    np.savez("far.npz", features=far, labels=[*LABELS, 0])
    assert main(IMPORT.split()) == 0
    run = "run net.safetensors --data far.npz --engine ideal --json -"
    assert main(run.split()) == 2
    told = "in row 40; --clip, where a network is made, takes such for the end of the range"
    assert told in capsys.readouterr().err
    assert main([*IMPORT.split(), "--clip"]) == 0
    capsys.readouterr()
    assert main(run.split()) == 0
    captured = capsys.readouterr()
    assert "note: 3 of 123 features were outside of the training's range" in captured.err
    network = read_network("net.safetensors")
    pixels = data_for(network, "far.npz", "net").images
    assert pixels[-1].tolist() == [1, 1, 1]
    assert np.array_equal(pixels[:-1], Scaling.of_features(FEATURES).pixels(FEATURES))


def test_columns_in_another_order_are_refused(folder, capsys):
    table = "a,b,c,label\n" + "".join(
        f"{','.join(map(repr, row))},{label}\n"
        for row, label in zip(FEATURES.tolist(), LABELS, strict=True)
    )
    Path("train.csv").write_text(table)
    Path("other.csv").write_text(table.replace("a,b,c", "b,a,c"))
    assert main(IMPORT.replace("train.npz", "train.csv").split()) == 0
    run = "run net.safetensors --engine ideal --data"
    assert main([*run.split(), "train.csv"]) == 0
    assert main([*run.split(), "other.csv"]) == 2
    told = "other.csv: columns: expected a, b, c in this order, got b, a, c"
    assert told in capsys.readouterr().err


def test_the_check_of_an_import_is_that_of_torch(folder, capsys):
    assert main([*IMPORT.split(), "--data", "train.npz", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    right = (in_torch(folder).argmax(axis=1) == LABELS).mean()
    check = document["check"]
    assert check["unsampled"]["value"] == pytest.approx(right)
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
        ("run small.safetensors --data train.npz", "small.safetensors stores no scaling of them"),
        (
            "run net.safetensors --data data.npz",
            "expected features (what net.safetensors takes",
        ),
        ("run small.safetensors --data raw.npz", "qnnq import --features"),
        ("run net.safetensors --data train.npz --json ./train.npz", "another file than those"),
        (
            "train --data train.npz --out a.safetensors",
            "expected features as in train.npz, got",
        ),
        (f"{IMPORT} --features data.npz", "expected features, got pixels, which need no scaling"),
        (
            f"{IMPORT} --out ./train.npz",
            "./train.npz: expected another file than those that are read",
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

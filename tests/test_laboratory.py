"""Data that are no pictures go from a file to a report in three commands, and are not misread."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.data.load import load_data
from qnnq.execution.inputs import data_for
from qnnq.networks.file import read_network

datasets = pytest.importorskip("sklearn.datasets")

SWEEP = """\
[[grid]]
networks = "net.safetensors"
noise = "fake_kingston"
strength = [0, 8]
data = "test.csv"
"""
RECIPE = "--hidden 8,8 --epochs 8 --learning-rate 0.03 --evaluate-every 8"


@pytest.fixture(autouse=True)
def _there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def answer(capsys, command):
    capsys.readouterr()
    assert main([*command.split(), "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def write_table(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def tables():
    found = datasets.load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in found.feature_names]
    order = np.random.default_rng(0).permutation(len(found.target))
    rows = [[*found.data[row].tolist(), int(found.target[row])] for row in order]
    write_table("train.csv", [*names, "label"], rows[:400])
    write_table("test.csv", [*names, "label"], rows[400:])
    write_table("new.csv", names, [row[:-1] for row in rows[400:]])


def test_a_table_goes_from_a_file_to_a_report_in_three_commands(tables, capsys):
    pytest.importorskip("torch")
    Path("sweep.toml").write_text(SWEEP)
    train = f"train --data train.csv --test-data test.csv {RECIPE} --out net.safetensors"
    for command in (
        train,
        "sweep sweep.toml --out results.sqlite --workers 1",
        "report results.sqlite --out report.html",
    ):
        assert main(command.split()) == 0, command
    page = Path("report.html").read_text(encoding="utf-8")
    assert "net.safetensors" in page
    assert "test.csv" in page
    rows = answer(capsys, "results results.sqlite")["rows"]
    # scikit-learn's logistic regression has about 0.97 of such a part; the worse class is 0.37.
    assert min(row["majority"] for row in rows) > 0.9
    run = "run net.safetensors --engine ideal --data"
    known = answer(capsys, f"{run} test.csv --counts --predictions known.csv")
    new = answer(capsys, f"{run} new.csv --counts --predictions new-predictions.csv")
    assert new["counts"] == known["counts"]
    assert ("accuracy" in known, "accuracy" in new) == (True, False)
    with open("new-predictions.csv", newline="") as file:
        predicted = list(csv.DictReader(file))
    assert list(predicted[0]) == ["image", "majority", "votes_0", "votes_1"]
    with open("known.csv", newline="") as file:
        right = [row["label"] == row["majority"] for row in csv.DictReader(file)]
    assert np.mean(right) == known["accuracy"]["majority"]["value"]
    assert [int(row["majority"]) for row in predicted] == np.argmax(new["counts"], axis=1).tolist()


def test_a_network_that_was_trained_on_features_is_the_one_that_takes_them(tables, capsys):
    """The accuracies that training printed, of standardised features, are those of the file."""
    pytest.importorskip("torch")
    train = (
        f"train --data train.csv --test-data test.csv {RECIPE} --stretch 0 --out net.safetensors"
    )
    trained = answer(capsys, train)["trainings"][0]["history"][-1]
    run = answer(capsys, "run net.safetensors --data test.csv --engine ideal --shots 1")
    # Signs without noise are certain, so that both count the same images.
    assert run["accuracy"]["majority"]["value"] == pytest.approx(1 - trained["majority_error"])


def test_data_without_labels_are_for_predictions_alone(tables, capsys):
    np.savez("plain.npz", images=np.zeros((3, 784)))
    for command, message in (
        ("estimate --data plain.npz", "only qnnq run takes data without (--predictions FILE)"),
        ("train --data plain.npz --out net.safetensors", "expected labels beside pixels"),
        ("run --data plain.npz --confusion", "--confusion: expected labels in plain.npz"),
        ("run --data plain.npz --predictions plain.npz", "expected another file than those"),
        ("run --data plain.npz --predictions none/a.csv", "none/a.csv: cannot be written"),
    ):
        capsys.readouterr()
        assert main(command.split()) == 2, command
        assert message in capsys.readouterr().err
    assert main(["run", "--data", "plain.npz"]) == 0
    assert "The data have no labels, so there are no accuracies" in capsys.readouterr().out


def digits(factor, dtype):
    found = datasets.load_digits()
    images = (found.images / factor).astype(dtype)
    return {
        "x_train": images[:1200],
        "y_train": found.target[:1200],
        "x_test": images[1200:],
        "y_test": found.target[1200:],
    }


def test_digits_of_0_to_16_are_warned_of_and_learned_after_the_remedy(capsys):
    pytest.importorskip("torch")
    np.savez("whole.npz", **digits(1, np.uint8))
    with pytest.warns(UserWarning, match="the largest is 16; .* save images / 16 as floats"):
        load_data("whole.npz")
    np.savez("digits.npz", **digits(16, np.float32))
    train = (
        "train --data digits.npz --hidden 16 --epochs 12 --evaluate-every 12 --out d.safetensors"
    )
    trained = answer(capsys, train)["trainings"][0]["history"][-1]
    assert 1 - trained["majority_error"] > 0.75
    data = data_for(read_network("d.safetensors"), "digits.npz", "d")
    assert len(data.labels) == 597  # the part to test with


def test_nothing_is_written_where_the_second_output_cannot_be(capsys):
    Path("sweep.toml").write_text(
        '[[grid]]\nnetworks = "mnist16-a0"\nnoise = "ideal"\nimages = "0:9"'
    )
    assert main(["sweep", "sweep.toml", "--out", "r.sqlite", "--workers", "1"]) == 0
    before = sorted(Path().iterdir())
    for command in (
        "report r.sqlite --out a.html",
        "plot r.sqlite --out a.png",
        "results r.sqlite --csv a.csv",
        "compare r.sqlite --a network=mnist16-a0 --csv a.csv",
        "results merge r.sqlite --out a.sqlite",
        "run --images 0:3 --predictions a.csv",
    ):
        capsys.readouterr()
        assert main([*command.split(), "--json", "none/a.json"]) == 2
        assert capsys.readouterr().err.startswith("qnnq: none/a.json: cannot be written")
        assert sorted(Path().iterdir()) == before

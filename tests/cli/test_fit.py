"""`qnnq fit` on the command line."""

import json

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.fitting.mechanisms import mechanisms
from qnnq.fitting.table import read_table
from qnnq.runs.request import RunRequest
from qnnq.runs.run import run
from tests.results.files import write_results

HEADER = "model,images,shots,correct,pairs\n"
LINES = "mnist16-a0.5,6929,200,{},0\nmnist16-a0.5,6929,200,{},4\nmnist16-a0.5,6929,200,{},8\n"
NOISE = "depolarizing(p1=?0:0.05, p2=0)"
TRUE = "depolarizing(p1=0.01, p2=0)"
SHOTS = 200


@pytest.fixture(scope="module")
def correct():
    """Right shots under `TRUE`, by Aer."""
    fixed = {"images": "6929", "device": "fake_torino", "shots": SHOTS, "engine": "aer"}
    results = [run(RunRequest(noise=TRUE, pairs=pairs, seed=pairs, **fixed)) for pairs in (0, 4, 8)]
    return [int(result.counts[0, result.labels[0]]) for result in results]


@pytest.fixture
def fewer_simulated(monkeypatch):
    """Simulate fewer shots of the model, for tests that need no finer probabilities."""
    monkeypatch.setattr("qnnq.fitting.forward.SIMULATED", (20, 20))
    monkeypatch.setattr("qnnq.fitting.forward.FEWEST_SIMULATED", 400)


@pytest.fixture
def few_mechanisms(monkeypatch):
    """Look at few of the mechanisms that are not fitted."""
    every = mechanisms
    monkeypatch.setattr("qnnq.fitting.fit.mechanisms", lambda *given: every(*given)[::6])


@pytest.fixture
def points(correct, tmp_path):
    file = tmp_path / "points.csv"
    file.write_text(HEADER + LINES.format(*correct))
    return file


def answer(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr()


@pytest.mark.usefixtures("fewer_simulated", "few_mechanisms")
def test_published_points_give_the_noise_and_predict_a_held_out_one(points, tmp_path, capsys):
    out, figure = tmp_path / "fit.json", tmp_path / "fit.svg"
    code, said = answer(
        *(capsys, "fit", points, "--noise", NOISE, "--noise", "ideal"),
        *("--device", "fake_torino", "--hold-out", "pairs=8", "--json", out, "--figure", figure),
    )
    assert (code, said.err) == (0, "")
    document = json.loads(out.read_text())
    found, ideal = document["explanations"]
    interval = found["intervals"]["depolarizing.p1"]
    assert interval["low"] < 0.01 < interval["high"]
    assert interval["high"] - interval["low"] < 0.01
    assert found["p_value"] > 0.01
    assert ideal["p_value"] < 0.001
    assert document["verdict"].startswith(f"{NOISE} explains")
    held = [point for point in found["predictions"] if point["held_out"]]
    assert [point["name"] for point in held] == ["mnist16-a0.5, 8 sx pairs, images 6929"]
    assert held[0]["low"] < held[0]["measured"] < held[0]["high"]
    assert document["verdict"] in said.out
    assert b"<svg" in figure.read_bytes()


@pytest.mark.usefixtures("fewer_simulated")
def test_a_sweep_and_a_run_are_fitted_by_their_votes(tmp_path, capsys, monkeypatch):
    """The truth is within four standard errors (false-alarm rate 6e-5, but the seed is fixed)."""
    monkeypatch.setattr("qnnq.fitting.fit.mechanisms", lambda device, fitted: [])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    sweep, results = tmp_path / "sweep.toml", tmp_path / "results.sqlite"
    sweep.write_text(
        f'[[grid]]\nnetworks = ["mnist16-a0.5"]\nnoise = ["{TRUE}"]\ndevices = ["fake_torino"]\n'
        'pairs = [0, 5]\nimages = ["0:20"]\nshots = 10\n'
    )
    assert main(["sweep", str(sweep), "--out", str(results), "--workers", "1"]) == 0
    capsys.readouterr()
    code, said = answer(
        *(capsys, "fit", results, "--noise", NOISE, "--device", "fake_torino", "--json", "-")
    )
    assert (code, said.err) == (0, "")
    (found,) = json.loads(said.out)["explanations"]
    interval = found["intervals"]["depolarizing.p1"]
    width = interval["high"] - interval["low"]
    assert abs(found["parameters"]["depolarizing.p1"] - 0.01) < width  # four of its deviations
    assert width < 0.012
    assert found["p_value"] > 1e-3
    assert found["degrees_of_freedom"] > 1

    submitted = ("submit", "mnist16-a0.5", "--device", "fake_torino", "--images", "0:20")
    assert main([*submitted, "--shots", "10", "--run", str(tmp_path / "run"), "--yes"]) == 0
    assert main(["resume", str(tmp_path / "run"), "--wait"]) == 0
    capsys.readouterr()
    code, said = answer(
        *(capsys, "fit", tmp_path / "run", "--noise", "fake_torino", "--noise", "ideal"),
        *("--json", "-", "--device", "fake_torino"),
    )
    assert (code, said.err) == (0, "")
    device, ideal = json.loads(said.out)["explanations"]
    assert device["p_value"] > 1e-3
    assert np.isfinite(ideal["log_likelihood"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("model,images,shots\n", "found no 'correct', expected the columns model, images"),
        (HEADER, "expected a line for each setting, found none"),
        (
            HEADER + "mnist16-a0.5,6929,96,97,0\n",
            "line 2: mnist16-a0.5, images 6929: expected 0 to",
        ),
        (HEADER + "mnist16-a0.5,6929,96,x,0\n", "line 2: correct: expected a whole number >= 0"),
        (HEADER + "mnist16-a0.5,6929,0,0,0\n", "line 2: shots: expected 1 to"),
        (HEADER + "mnist16-a0.7,6929,96,3,0\n", "line 2: mnist16-a0.7: no such file"),
        (HEADER + "mnist16-a0.5,10000,96,3,0\n", "line 2: images '10000'"),
        (HEADER + "mnist16-a0.5,5,96,3,0,7\n", "line 2: found 1 values more than columns"),
        (HEADER + "mnist16-a0.5,5,96,3,0\nx" + 200_000 * "y", "line 3: field larger than field"),
        (HEADER + 'mnist16-a0.5,5,96,3,0\nx,5,96,3,"0\n1"\n', "line 3: pairs: expected a whole"),
        (HEADER.replace("pairs", "model"), "found the column 'model' twice"),
        (
            "model,images,shots,correct,qubits\nmnist16-a0.5,5,9,9,\nmnist16-a0.5,5,9,9,700\n",
            "line 3: qubits: expected 0 to 132, got 700",
        ),
        (HEADER.replace("pairs", "pears") + "mnist16-a0.5,1,9,3,0\n", "found 'pears'"),
        (HEADER + "\xfc", "expected text in UTF-8"),
        (HEADER + "x" * 200_000, "line 2: field larger than field"),
    ],
)
def test_bad_tables_are_one_line(text, says, tmp_path, capsys):
    file = tmp_path / "points.csv"
    file.write_text(text, encoding="latin-1")
    code, said = answer(capsys, "fit", file, "--noise", "fake_torino*?")
    assert code == 2
    assert says in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--noise", "phase(?)"], "expected it as a strength"),
        (
            ["--noise", "fake_torino*?", "--noise", "fake_kingston*?"],
            "expected noises of one device",
        ),
        (["--noise", "fake_torino*? + drift(sigma=0.1, time=1h)"], "expected noise without drift"),
        (
            ["--noise", "fake_torino*?", "--device", "fake_kingston"],
            "--noise 'fake_torino*?': expected the noise of --device fake_kingston",
        ),
        (
            ["--noise", "fake_torino*?", "--hold-out", "pears=1"],
            "--hold-out: condition 'pears=1'",
        ),
        (["--noise", "fake_torino*?", "--hold-out", "pairs=7"], "pairs is one of 0, 4, 8"),
        (["--noise", "fake_torino*?", "--hold-out", "images=6929"], "got none"),
        (["--noise", "fake_torino*?", "--where", "pairs=7"], "--where"),
        (["--noise", "fake_torino*?", "--figure", "x.bmp"], "x.bmp"),
        ([], "--noise"),
    ],
)
def test_bad_options_are_one_line(options, says, points, capsys):
    code, said = answer(capsys, "fit", points, *options)
    assert code == 2
    assert says in said.err
    assert said.err.count("\n") == 1


def test_a_noise_that_is_impossible_everywhere_fails(points, capsys):
    code, said = answer(
        *(capsys, "fit", points, "--device", "fake_torino"),
        *("--noise", "readout(p=0.9)*?0.2:0.7"),
    )
    assert code == 1
    assert "impossible in its whole range" in said.err


@pytest.mark.usefixtures("fewer_simulated")
def test_one_number_is_no_test_of_a_noise_with_one_parameter(points, tmp_path, capsys, monkeypatch):
    """A file with the mark of Windows' editors reads as any other."""
    monkeypatch.setattr("qnnq.fitting.fit.mechanisms", lambda device, fitted: [])
    file = tmp_path / "one.csv"
    file.write_text("\ufeff" + "".join(points.read_text().splitlines(keepends=True)[:2]))
    code, said = answer(capsys, "fit", file, "--device", "fake_torino", "--noise", NOISE)
    assert (code, said.err) == (0, "")
    assert "It cannot be told: " in said.out
    assert "explains" not in said.out


@pytest.mark.usefixtures("fewer_simulated")
def test_progress_does_not_pass_its_total(points, capsys, monkeypatch):
    monkeypatch.setattr("qnnq.cli.output.SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr("qnnq.fitting.fit.expected_runs", lambda parameters: 3)
    monkeypatch.setattr("qnnq.fitting.fit.mechanisms", lambda device, fitted: [])
    code, said = answer(capsys, "fit", points, "--device", "fake_torino", "--noise", NOISE)
    assert code == 0
    lines = said.err.splitlines()
    runs = [line.split(",")[0] for line in lines]
    assert runs == [f"qnnq: runs of the model: {done} of 3" for done in (1, 2, 3)]


def test_points_of_several_strengths_are_not_mixed(tmp_path, capsys):
    path = tmp_path / "results.sqlite"
    write_results(path)
    code, said = answer(capsys, "fit", path, "--noise", "fake_torino*?")
    assert code == 2
    assert "found strength 0, 1; choose by --where strength=1" in said.err


@pytest.mark.usefixtures("fewer_simulated")
def test_votes_by_class_are_data(tmp_path, capsys):
    """Lines of one setting are one observation; of one image at most one."""
    file = tmp_path / "votes.csv"
    lines = (
        "mnist16-a0.5,6929,0 0 190 4 0 2 0 1 3 0,{0}\nmnist16-a0.5,12,1 0 0 0 0 2 1 0 3 193,{0}\n"
    )
    file.write_text("model,images,votes,pairs\n" + lines.format(0) + lines.format(4))
    first, second = read_table(file)
    assert first.images.tolist() == [6929, 12]
    assert first.votes.tolist() == [
        [0, 0, 190, 4, 0, 2, 0, 1, 3, 0],
        [1, 0, 0, 0, 0, 2, 1, 0, 3, 193],
    ]
    assert (first.right, first.shots.tolist()) == (383, [200, 200])
    assert second.request.pairs == 4
    file.write_text("model,images,votes\n" + lines.replace(",{0}", ""))
    code, said = answer(
        *(capsys, "fit", file, "--noise", "readout(p=?0:0.2)", "--device", "fake_torino"),
        *("--json", "-"),
    )
    assert (code, said.err) == (0, "")
    (found,) = json.loads(said.out)["explanations"]
    assert found["by_image"] is not None
    assert found["overdispersion"]["low"] < 1 < found["overdispersion"]["high"]
    names = [each["mechanism"] for each in found["rivals"]]
    assert "readout(p01=?, p10=0)" in names
    assert "zz(rate=?)" in found["unseen"]
    told = [each["told_by"] for each in found["rivals"] if each["is_rival"]]
    assert all(each is None or "shots an image of mnist16-a0.5" in each for each in told)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("mnist16-a0.5,5,1 2 3\n", "line 2: votes: expected one image and 10 numbers"),
        ("mnist16-a0.5,0:2,1 2 3 0 0 0 0 0 0 0\n", "got 2 images and 10"),
        ("mnist16-a0.5,5,1 x 3 0 0 0 0 0 0 0\n", "line 2: votes: expected a whole number"),
        (2 * "mnist16-a0.5,5,1 2 3 0 0 0 0 0 0 0\n", "line 2: expected each image once"),
        ("mnist16-a0.5,5,\n", "line 2: votes: expected one image and 10 numbers"),
    ],
)
def test_bad_votes_are_one_line(lines, says, tmp_path, capsys):
    file = tmp_path / "votes.csv"
    file.write_text("model,images,votes\n" + lines)
    code, said = answer(capsys, "fit", file, "--noise", "fake_torino*?")
    assert code == 2
    assert says in said.err
    assert said.err.count("\n") == 1

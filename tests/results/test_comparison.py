"""`qnnq compare` and what a results file says of devices."""

import json

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.results.points import read_points
from qnnq.statistics import mcnemar

SWEEP = """
[[grid]]
networks = ["mnist16-a0", "mnist16-a0.5"]
noise = "fake_kingston"
strength = [0, 8]
images = "0:60"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("compare")
    (path / "sweep.toml").write_text(SWEEP)
    out = str(path / "r.sqlite")
    assert main(["sweep", str(path / "sweep.toml"), "--out", out, "--workers", "1"]) == 0
    return path


@pytest.fixture(autouse=True)
def _there(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))


def rows(capsys, *arguments):
    capsys.readouterr()
    assert main(["compare", "r.sqlite", *arguments, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def test_the_device_that_a_noise_implies_is_stored(capsys):
    points = read_points("r.sqlite", ["device=fake_kingston"])
    assert len(points) == 4
    assert {point.labels["device"] for point in points} == {"fake_kingston"}


def test_two_noises(capsys):
    found = rows(capsys, "--a", "strength=0", "--b", "strength=8")
    assert [row["network"] for row in found] == ["mnist16-a0", "mnist16-a0.5"]
    points = {(p.labels["network"], p.labels["strength"]): p for p in read_points("r.sqlite")}
    for row in found:
        a, b = (points[row["network"], strength].right for strength in (0, 8))
        assert (row["strength_a"], row["strength_b"]) == (0, 8)
        assert row["gained"] == np.sum(~a & b)
        assert row["lost"] == np.sum(a & ~b)
        assert row["change"] == pytest.approx(b.mean() - a.mean())
        assert row["change"] == pytest.approx(row["majority_b"] - row["majority_a"])
        assert row["p_value"] == pytest.approx(mcnemar(a, b))


def test_two_networks_at_every_strength(capsys):
    found = rows(capsys, "--a", "network=mnist16-a0", "--b", "network=mnist16-a0.5")
    assert [row["strength"] for row in found] == [0, 8]
    assert {(row["network_a"], row["network_b"]) for row in found} == {
        ("mnist16-a0", "mnist16-a0.5")
    }
    assert main(["compare", "r.sqlite", "--a", "strength=0", "--b", "strength=8"]) == 0
    table = capsys.readouterr().out
    assert "gained" in table
    assert "McNemar's exact test, or of several seeds a sign-flip test" in " ".join(table.split())
    assert "strength a 0, strength b 8" in " ".join(table.split())


def test_a_file_and_a_run_on_the_images_that_they_share(capsys):
    run = "submit mnist16-a0.5 --device fake_kingston --images 50:70 --shots 2 --run run --yes"
    assert main([*run.split(), "--wait"]) == 0
    (row,) = rows(capsys, "run", "--a", "strength=8", "--a", "network=mnist16-a0.5")
    assert row["image_count"] == 10
    assert (row["engine_a"], row["engine_b"]) == ("instrument", "runtime")
    assert (row["strength_a"], row["strength_b"]) == (8, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected B, or --a and --b"),
        (["--a", "strength=3"], "condition 'strength=3': no such points; strength is one of 0, 8"),
        (["--a", "strength", "--b", "x=1"], "condition 'strength': expected label=value"),
        (["none"], "none: no such results file"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, message):
    capsys.readouterr()
    assert main(["compare", "r.sqlite", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


def test_the_classical_network_is_not_compared_with_itself(capsys):
    capsys.readouterr()
    assert main(["results", "r.sqlite", "--report", "breakdown", "--json", "-"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    (reference,) = read_points("r.sqlite", ["network=mnist16-a0", "strength=0"])
    assert row["network"] == "mnist16-a0.5"
    assert row["threshold_of"] == "mnist16-a0"
    assert row["threshold"] == reference.right.mean()
    only = ["--report", "breakdown", "--where", "network=mnist16-a0"]
    assert main(["results", "r.sqlite", *only]) == 2
    assert "also of another network than the classical one" in capsys.readouterr().err

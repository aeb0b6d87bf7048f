"""`qnnq sweep` and `qnnq results` as they are typed."""

import contextlib
import csv
import io
import json
import shutil

import pytest
from scipy.stats import binomtest

from qnnq.cli.main import main
from tests.sweep.conftest import write_inputs


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Two networks at three strengths of readout noise that is easy to see, and without it."""
    folder = tmp_path_factory.mktemp("swept")
    write_inputs(folder)
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = ["tiny.safetensors", "other.safetensors"]
        noise = "fake_fez"
        strength = [0, 1, 60]
        off = [[], "readout", ["gate", "relaxation", "idle"]]
        data = "data.npz"
        """
    )
    with contextlib.chdir(folder):
        assert main(["sweep", "sweep.toml", "--out", "results.sqlite", "--workers", "1"]) == 0
    return folder


@pytest.fixture
def strengths(swept, tmp_path, monkeypatch):
    """A working folder with a copy of all that."""
    shutil.copytree(swept, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(capsys, *arguments):
    capsys.readouterr()
    assert main(["results", "results.sqlite", "--json", "-", *arguments]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def test_sweep_then_reports(strengths, capsys):
    assert main(["sweep", "sweep.toml", "--out", "results.sqlite", "--json", "-"]) == 0
    output = capsys.readouterr().out
    assert json.loads(output[output.index("{") :])["skipped"] == 18

    found = rows(capsys)
    assert len(found) == 18
    for row in found:
        assert row["majority_low"] < row["majority"] < row["majority_high"]
    assert len(rows(capsys, "--where", "strength=1", "--where", "network=tiny.safetensors")) == 3

    (breakdown, *_) = rows(capsys, "--report", "breakdown", "--threshold", "1")
    assert breakdown["breakdown_strength"] == 0
    assert {
        row["breakdown_strength"]
        for row in rows(capsys, "--report", "breakdown", "--threshold", "0")
    } == {"beyond"}
    attribution = rows(capsys, "--report", "attribution")
    assert {row["mechanism"] for row in attribution} == {"readout"}
    assert all(row["change_when_removed"] is not None for row in attribution)
    (strong, _, _) = rows(capsys, "--report", "behaviour", "--where", "off=")
    gained, lost = strong["gained"], strong["lost"]
    assert strong["change"] == pytest.approx((gained - lost) / 40)
    assert strong["p_value"] == pytest.approx(binomtest(gained, gained + lost).pvalue)
    assert sum(strong[name] for name in ("both_right", "gained", "lost", "both_wrong")) == 40


def test_terms_that_were_added_are_mechanisms_too(folder, capsys):
    """A phase error that turns by half a turn a gate does more than all that the device does."""
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = "mnist16-a0.5"
        noise = "fake_fez + phase(angle=1.0)"
        strength = [0, 1]
        off = [[], "phase", ["gate", "relaxation", "readout", "idle"], "zz"]
        images = "0:100"
        """
    )
    command = ["sweep", "sweep.toml", "--out", "results.sqlite", "--workers", "1"]
    assert main(command) == 2
    assert "found no mechanism 'zz' to switch off" in capsys.readouterr().err
    text = (folder / "sweep.toml").read_text().replace(', "zz"', "")
    (folder / "sweep.toml").write_text(text)
    assert main(command) == 0
    (row,) = rows(capsys, "--report", "attribution")
    assert row["mechanism"] == "phase"
    assert row["change_when_alone"] < -0.3
    assert row["change_when_removed"] > 0.3


def test_latency_budgets(folder, capsys):
    """One shot loses a point sooner where the feedback is slow; stepwise has no such thing."""
    (folder / "sweep.toml").write_text(
        """
        [[grid]]
        networks = "mnist16-a0-g3pi8"
        noise = "fake_fez"
        images = "0:200"
        mode = ["stepwise", "coherent"]
        feedback_latency = ["0us", "10us", "100us", "1ms"]
        measurement = "measure"
        """
    )
    assert main(["sweep", "sweep.toml", "--out", "results.sqlite", "--workers", "1"]) == 0
    (budget,) = rows(capsys, "--report", "latency")
    assert (budget["mode"], budget["measurement"]) == ("coherent", "measure")
    assert "feedback_latency" not in budget
    found = {row["feedback_latency"]: row["single_shot"] for row in rows(capsys)}
    lost = {latency: found[0] - found[latency] for latency in (10, 100, 1000)}
    assert lost[10] > 0.01
    assert 0 < budget["latency_us_single_shot"] < 10
    assert budget["latency_us_majority"] > budget["latency_us_single_shot"]
    (never,) = rows(capsys, "--report", "latency", "--threshold", "0")
    assert (never["threshold"], never["latency_us_single_shot"]) == (0, "beyond")
    assert main(["results", "results.sqlite", "--report", "latency", "--where", "mode=stepwise"])
    assert 'expected points of mode "coherent" at two' in capsys.readouterr().err


def test_csv(strengths, capsys):
    capsys.readouterr()
    assert main(["results", "results.sqlite", "--csv", "-"]) == 0
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(table) == 18
    assert list(table[0])[:4] == ["network", "stretch", "entanglement", "noise"]
    assert float(table[0]["majority_low"]) < float(table[0]["majority"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["results", "nowhere.sqlite"], "nowhere.sqlite: no such results file"),
        (["results", "/"], "/: expected a results file, found a folder"),
        (["report", "/", "--out", "a.html"], "/: expected the folder of a run, found no ledger"),
        (
            ["results", "data.npz"],
            "data.npz: expected a qnnq results file, found a file that is not SQLite",
        ),
        (["results", "results.sqlite", "--report", "braekdown"], "nearest: breakdown"),
        (["results", "results.sqlite", "--threshold", "0.5"], "expected --report breakdown"),
        (["results", "results.sqlite", "--where", "network=x"], "network is one of other"),
        (["sweep", "nowhere.toml", "--out", "r.sqlite"], "nowhere.toml: cannot be read"),
        (["sweep", "sweep.toml", "--out", "r", "--workers", "2", "--dask", "x"], "--workers"),
        (["sweep", "sweep.toml", "--out", "no/r.sqlite"], "no/r.sqlite: cannot be opened"),
        (
            ["sweep", "sweep.toml", "--out", "new.sqlite", "--json", "no/r.json"],
            "no/r.json: cannot",
        ),
        (["results", "results.sqlite", "--csv", "-", "--json", "-"], "--json -: expected a file"),
    ],
)
def test_bad_input_is_one_line(strengths, capsys, arguments, message):
    capsys.readouterr()
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""

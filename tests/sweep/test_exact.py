"""Engine `exact` in sweeps and in what reads them."""

import json
from pathlib import Path

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.errors import InputError
from qnnq.results.file import Store
from qnnq.results.points import read_points
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics.exact_votes import majority_probability
from tests.sweep.conftest import write_inputs

SWEEP = """
[[grid]]
networks = ["tiny.safetensors", "other.safetensors"]
noise = "fake_fez"
strength = [0, 60]
off = [[], "readout", ["gate", "relaxation", "idle"]]
engine = ["exact", "instrument"]
data = "data.npz"
seeds = [3, 4]
shots = 7
"""


_REPORT = [
    "report", "r.sqlite", "--where", "engine=exact", "--where", "off=", "--where", "strength=60"
]  # fmt: skip


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exact")
    write_inputs(folder)
    (folder / "sweep.toml").write_text(SWEEP)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["sweep", "sweep.toml", "--out", "r.sqlite", "--workers", "1"]) == 0
    return folder


@pytest.fixture(autouse=True)
def _there(swept, monkeypatch):
    monkeypatch.chdir(swept)


def rows(capsys, *arguments):
    capsys.readouterr()
    assert main([*arguments, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def test_a_point_is_what_a_run_finds(capsys):
    where = ["engine=exact", "network=tiny.safetensors", "strength=60", "off="]
    (point,) = read_points("r.sqlite", where)
    request = RunRequest(
        model="tiny.safetensors", data="data.npz", noise="fake_fez", strength=60, engine="exact"
    )
    found = prepare(request).execute()
    np.testing.assert_allclose(point.shares, found.probabilities, atol=1e-7)
    right = found.probabilities[np.arange(40), found.labels]
    majority = majority_probability(found.probabilities, found.labels, 7)
    assert point.accuracy("single_shot").value == pytest.approx(right.mean(), abs=1e-7)
    assert point.accuracy("majority").value == pytest.approx(majority.mean(), abs=1e-6)
    assert 0.01 < point.accuracy("majority").high - point.accuracy("majority").low < 0.4
    assert (point.shots, len(point.repetitions.keys)) == (7, 1)


def test_one_task_a_setting_and_nothing_done_twice(capsys):
    with Store("r.sqlite") as store:
        exact = [each for each in store.measured() if each.content["engine"] == "exact"]
        parts = [part for each in exact for part in store.parts(each)]
    assert len(exact) == len(parts) == 12
    assert main(["sweep", "sweep.toml", "--out", "r.sqlite", "--json", "-"]) == 0
    output = capsys.readouterr().out
    assert json.loads(output[output.index("{") :])["skipped"] == 12 + 2 * 12


def test_more_votes_are_read_from_the_same_task(swept, tmp_path, capsys):
    text = SWEEP.replace("shots = 7", "shots = 31").replace('"exact", "instrument"', '"exact"')
    (tmp_path / "more.toml").write_text(text)
    copy = tmp_path / "r.sqlite"
    copy.write_bytes((swept / "r.sqlite").read_bytes())
    assert main(["sweep", str(tmp_path / "more.toml"), "--out", str(copy), "--json", "-"]) == 0
    output = capsys.readouterr().out
    assert json.loads(output[output.index("{") :])["skipped"] == 12
    sizes = {point.shots for point in read_points(copy, ["engine=exact"])}
    assert sizes == {7, 31}


def test_reports(capsys):
    for row in rows(capsys, "results", "r.sqlite"):
        there = row["soft_vote"] is not None
        assert there == (row["engine"] == "instrument")
        assert row["majority_low"] <= row["majority"] <= row["majority_high"]
    options = (
        "--report",
        "attribution",
    )
    attributed = rows(capsys, "results", "r.sqlite", *options)
    exact, sampled = (
        {(row["network"], row["mechanism"]): row for row in attributed if row["engine"] == engine}
        for engine in ("exact", "instrument")
    )
    assert exact.keys() == sampled.keys()
    for key, row in exact.items():
        assert row["change_when_alone"] == pytest.approx(
            sampled[key]["change_when_alone"], abs=0.12
        )
    (breakdown,) = (
        row
        for row in rows(
            capsys, "results", "r.sqlite", "--report", "breakdown", "--where", "engine=exact",
            "--where", "off=", "--where", "network=tiny.safetensors", "--threshold", "0.3",
        )
    )  # fmt: skip
    assert breakdown["repetitions"] == 1
    assert main(["results", "r.sqlite", "--where", "engine=exact"]) == 0
    assert "soft vote" not in capsys.readouterr().out


def test_compared_with_the_engine_that_samples(capsys):
    found = rows(
        capsys, "compare", "r.sqlite", "--a", "engine=instrument", "--b", "engine=exact",
        "--where", "strength=60", "--where", "off=",
    )  # fmt: skip
    assert len(found) == 2
    for row in found:
        assert abs(row["change"]) < 0.12  # 40 images, twice: over five standard deviations
        assert row["change_low"] < row["change_high"]


def test_what_needs_counts_says_so(tmp_path, capsys):
    capsys.readouterr()
    (point, *_) = read_points("r.sqlite", ["engine=exact"])
    with pytest.raises(InputError, match="expected single_shot or majority of engine exact"):
        point.accuracy("soft_vote")
    where = [part for each in ("engine=exact", "strength=60", "off=") for part in ("--where", each)]
    commands = {
        ("fit", "r.sqlite", *where, "--noise", "readout(p=?)"): "expected counts",
        ("plot", "r.sqlite", "--kind", "confusion", *where, "--out", "x.png"): "takes shots",
    }
    for command, message in commands.items():
        assert main([*command]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    (tmp_path / "s.toml").write_text(SWEEP + "target_width = 0.1\n")
    assert main(["sweep", str(tmp_path / "s.toml"), "--out", str(tmp_path / "s.sqlite")]) == 2
    assert "expected engines that take shots, found exact" in capsys.readouterr().err


def test_its_page(tmp_path):
    out = tmp_path / "page.html"
    assert main([*_REPORT, "--out", str(out)]) == 0
    assert "exact" in out.read_text()


def test_a_run_and_its_files(tmp_path, capsys):
    run = ["run", "tiny.safetensors", "--data", "data.npz", "--engine", "exact", "--shots", "7"]
    assert main([*run, "--counts", "--json", "a.json", "--predictions", "a.csv"]) == 0
    printed = capsys.readouterr().out
    assert "40 images without sampling" in printed
    assert "s for the majority" in printed
    assert "soft" not in printed
    document = json.loads(Path("a.json").read_text())
    assert (document["majority_of"], document.keys() & {"counts", "shots"}) == (7, set())
    np.testing.assert_allclose(np.sum(document["probabilities"], axis=1), 1)
    assert document["accuracy"].keys() == {"single_shot", "majority"}
    header = Path("a.csv").read_text().split()[0].split(",")
    assert header == ["image", "label", "likeliest", *(f"probability_{c}" for c in range(3))]
    assert main([*run, "--confusion"]) == 2
    assert capsys.readouterr().err.startswith("qnnq: --confusion: expected an engine that takes")
    assert main([*run, "--seed", "3"]) == 2
    assert capsys.readouterr().err.startswith("qnnq: --seed 3: expected an engine that draws")

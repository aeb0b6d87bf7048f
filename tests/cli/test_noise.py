"""`qnnq noise` and `qnnq compile` on the command line."""

import json
import math
import os
import shutil

import pytest

from qnnq.cli.main import main
from qnnq.networks.bundled import BUNDLED_FOLDER
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.engines.test_agreement import network
from tests.execution.test_measured import measured_file


def output(capsys, *arguments):
    assert main(list(arguments)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_the_list_names_every_term_and_device(capsys):
    text = output(capsys, "noise")
    for name in ("depolarizing", "relaxation", "readout", "ions_aria", "fake_kingston"):
        assert name in text
    document = json.loads(output(capsys, "noise", "--json", "-"))
    assert "fake_torino" in document["devices"]


def test_rates_scale_with_strength(capsys):
    once = json.loads(output(capsys, "noise", "fake_kingston", "--json", "-"))
    twice = json.loads(output(capsys, "noise", "fake_kingston*2", "--json", "-"))
    assert len(once["qubits"]) == 156
    first, second = once["qubits"][0], twice["qubits"][0]
    assert second["t1"] == pytest.approx(first["t1"] / 2)
    p = first["readout_p01"]
    assert second["readout_p01"] == pytest.approx(2 * p * (1 - p))


def test_rates_of_what_a_calibration_does_not_say(capsys):
    noise = "fake_kingston + zz(rate=40kHz) + leakage(p=1e-4) + correlated_readout(p=0.01)"
    document = json.loads(output(capsys, "noise", noise, "--json", "-"))
    row = document["qubits"][0]
    assert row["leakage"] == pytest.approx(1e-4)
    t1, t2 = row["t1"], row["t2"]
    infidelity = (3 - math.exp(-1e-6 / t1) - 2 * math.exp(-1e-6 / t2)) / 6
    assert row["idle_error"] == pytest.approx(infidelity)
    assert row["couplings"][0]["zz_hz"] == pytest.approx(40e3)
    assert row["couplings"][0]["correlated_readout"] == pytest.approx(0.01)
    text = output(capsys, "noise", f"{noise} + drift(sigma=0.1, time=1h)")
    assert "zz 40 kHz, both flip 1.00e-02" in text


def test_the_error_budget_of_a_network(capsys):
    arguments = ["noise", "fake_kingston", "--model", "mnist16-a0.5-g3pi8"]
    document = json.loads(output(capsys, *arguments, "--json", "-"))
    first, last = document["neurons"][0], document["neurons"][-1]
    assert (first["layer"], last["layer"]) == (0, 2)
    assert set(first["shares"]) == {"gate", "relaxation", "readout", "idle"}
    assert first["idle_s"] > 0 == last["idle_s"]
    text = output(capsys, *arguments, "--pairs", "2")
    assert first["site"] in text
    assert "idle (us)" in text


def test_a_measured_response_is_shown(capsys, tmp_path):
    path = tmp_path / "response.json"
    response = measured_file(path, deploy(RunRequest(noise="fake_torino"), network(1.1)), shots=500)
    text = output(capsys, "noise", f"measured:{path}")
    assert response.kinds[0].sites[0].site in text
    assert json.loads(output(capsys, "noise", f"measured:{path}", "--json", "-"))["shots"] == 500


def test_compile_reports_every_layer(capsys, tmp_path):
    arguments = ["compile", "mnist16-a0.5-g3pi8", "--pairs", "3", "--copies", "2"]
    document = json.loads(output(capsys, *arguments, "--json", "-"))
    first, last = document["layers"][0], document["layers"][-1]
    assert len(first["sites"]) == 32
    assert all(":" in site for site in first["sites"])
    assert all(":" not in site for site in last["sites"])  # the last layer is projective
    assert last["gates"]["sx"] == 32 * (2 + 2 * 3)
    assert "rms error of a neuron" in output(capsys, *arguments)


@pytest.mark.parametrize("name", ["[red]", "[/b]", ":smile:"])
def test_names_are_printed_as_they_are(capsys, tmp_path, name):
    path = tmp_path / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(BUNDLED_FOLDER / "mnist16-a0.safetensors", path)
    assert name in output(capsys, "compile", os.path.relpath(path))


BAD = [
    (["noise", ""], "expected the name of a noise term"),
    (["noise", "fake_torino", "--pairs", "2"], "--pairs: expected with --model"),
    (["noise", "measured:a.json", "--model", "mnist16-a0"], "expected a noise of known mechanisms"),
    (["noise", "--json", "missing/a.json"], "missing/a.json: cannot be written"),
    (["compile", "mnist16-a0", "--json", "-", "--draw"], "expected nothing else on stdout"),
    (["compile", "mnist16-a0", "--json", "-", "--qasm", "-"], "expected nothing else on stdout"),
    (["compile", "mnist16-a0", "--qasm", ""], "cannot be written: Is a directory"),
    (["compile", "mnist16-a0", "--json", "missing/a.json"], "missing/a.json: cannot be written"),
]


@pytest.mark.parametrize(("arguments", "hint"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_2(capsys, arguments, hint):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert hint in captured.err


def test_compile_draws_and_exports_openqasm(capsys, tmp_path):
    text = output(capsys, "compile", "mnist16-a0.5", "--draw")
    assert "angle[15]" in text
    path = tmp_path / "layer.qasm"
    output(capsys, "compile", "mnist16-a0.5", "--qasm", str(path))
    assert "OPENQASM 3" in path.read_text()
    output(capsys, "compile", "mnist16-a0.5-g3pi8", "--qasm", str(path))
    assert (tmp_path / "layer-0.qasm").exists()
    assert (tmp_path / "layer-1.qasm").exists()
    assert output(capsys, "compile", "mnist16-a0.5", "--qasm", "-").startswith(
        "// layers [1, 2, 3]"
    )

"""`qnnq compile --mode coherent`."""

import json
import re

import pytest
from qiskit import qasm3

from qnnq.cli.main import main


def run(capsys, *arguments):
    code = main(["compile", *arguments, "--mode", "coherent"])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_report_in_words_and_as_json(capsys):
    code, text, error = run(capsys, "mnist16-linear-g3pi8", "--feedback-latency", "2us")
    words = text
    assert (code, error) == (0, "")
    assert "32 if_tests, 32 branches, 32 broadcasts of 32 bits, 48 measurements" in text
    assert "assumed: 2 us of feedback latency, 68 ns between branches, measure, flip" in text
    shares = re.findall(r"\((\d+) %\)", text[text.index("gates ") :])
    assert sum(map(int, shares)) == pytest.approx(100, abs=1)
    code, text, _ = run(capsys, "mnist16-linear-g3pi8", "--feedback-latency", "2us", "--json", "-")
    found = json.loads(text)
    assert (found["schema"], found["mode"], len(found["sites"])) == (
        "qnnq.compile/1",
        "coherent",
        16,
    )
    assert found["feedback_latency_s"] == pytest.approx(2e-6)
    parts = found["gates_s"] + found["measurement_s"] + found["feedforward_s"]
    assert found["duration_s"] == pytest.approx(parts)
    # Two layers wait for the latency, 16 rotations of two SX and 15 overheads of 68 ns.
    assert found["feedforward_s"] == pytest.approx(2 * (2e-6 + 16 * 6.4e-8 + 15 * 6.8e-8))
    for neuron, site in enumerate(found["sites"]):
        both = (found["neuron_errors"], found["neuron_errors_without_waiting"])
        cells = [
            "{:.2f} % ({:.2f} %)".format(*(100 * layer[neuron] for layer in layers))
            for layers in zip(*both, strict=True)
        ]
        (row,) = [line for line in words.splitlines() if f" {site} " in line]
        assert all(cell in row for cell in cells)
    worse = zip(found["neuron_errors"][1], found["neuron_errors_without_waiting"][1], strict=True)
    assert all(one > other for one, other in worse)


def test_what_no_controller_can_do_is_said(capsys):
    _, text, _ = run(capsys, "mnist16-a0.5")
    assert "Angles are computed outside the machine: feed-forward: 16 neurons need 65535" in text
    assert "0 if_tests" in text
    _, text, _ = run(capsys, "mnist16-linear", "--device", "fake_berlin")
    assert "The device does not take it: target: found no if_else" in text


def test_openqasm_reads_back(capsys, tmp_path):
    path = tmp_path / "network.qasm"
    assert run(capsys, "mnist16-linear", "--qasm", str(path))[0] == 0
    circuit = qasm3.loads(path.read_text())
    assert circuit.count_ops()["if_else"] == 32
    assert circuit.count_ops()["measure"] == 48
    assert len(circuit.parameters) == 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pairs", "2"], "--pairs 2: expected --mode stepwise, got coherent"),
        (["--copies", "2"], "--copies 2: expected --mode stepwise, got coherent"),
        (["--feedback-latency=-1us"], "--feedback-latency '-1us': expected a time >= 0"),
        (["--qubits", "1,2"], "qubits: expected 16 sites, got 2"),
        (["--device", "fake_manila"], "16 neurons wanted, the device can place 5; neurons that"),
    ],
)
def test_bad_options_are_one_line(capsys, arguments, message):
    code, text, error = run(capsys, "mnist16-linear", *arguments)
    assert (code, text) == (2, "")
    assert message in error
    assert error.count("\n") == 1

"""`qnnq states`: lists, makes, writes, draws, and says what fits a device."""

import json

import pytest

from qnnq.cli.main import main
from qnnq.data.states.families import FAMILIES


def test_the_families_are_listed(capsys):
    assert main(["states", "--json", "-"]) == 0
    listed = json.loads(capsys.readouterr().out)["families"]
    assert [each["name"] for each in listed] == list(FAMILIES)


def test_what_is_written_is_read_again(tmp_path, capsys):
    file = str(tmp_path / "own.qpy")
    made = ["states", "hidden-pauli-told", "--qubits", "2", "--states", "3", "--draws", "2"]
    assert main([*made, "--out", file, "--json", "-"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(["states", file, "--json", "-"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert {**first, "layout": None} == {**again, "layout": None}
    assert (first["qubits"], first["copies"], first["states"]) == (2, 2, 3)


def test_a_layout_predicts_the_contrast(capsys):
    asked = ["states", "hidden-pauli", "--qubits", "8", "--states", "1", "--draws", "1"]
    assert main([*asked, "--device", "fake_kingston", "--draw", "0"]) == 0
    out = capsys.readouterr().out
    assert "8 of at most 62 disjoint pairs" in out
    assert "told afterwards: 16" in out
    assert "8 parameter sets of one shot, 2.00 quantum seconds" in out
    assert "up to 7 shots" in out
    assert out.count("■") >= 8  # the CZ gates of the drawing


def test_entangled_preparations_are_routed(capsys):
    asked = ["states", "time-reversal", "--qubits", "2", "--states", "2", "--json", "-"]
    assert main([*asked, "--device", "fake_kingston"]) == 0
    layout = json.loads(capsys.readouterr().out)["layout"]
    assert layout["form"] == "routed"
    assert layout["routed_gates"] >= layout["gates"] == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hidden-paul"], "family 'hidden-paul': expected one of"),
        (["tfim", "--qubits", "99"], "qubits: expected 3 to 10 for tfim, got 99"),
        (["tfim", "--copies", "3"], "copies a shot: expected 1 or 2, got 3"),
        (["tfim", "--out", "a.txt"], "a.txt: expected a name that ends in .json or .qpy"),
        (["none.qpy"], "none.qpy: cannot be read"),
        (["tfim", "--qubits", "3", "--states", "1", "--draw", "5"], "--draw: expected a state"),
        (
            ["tfim", "--qubits", "3", "--states", "1", "--device", "fake_kingston"],
            "copies a shot: expected 2, or 1 of an even number of qubits; got 1 of 3",
        ),
    ],
)
def test_bad_input_is_one_line(arguments, message, capsys):
    assert main(["states", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line

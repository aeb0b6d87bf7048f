"""`qnnq run` on the command line: results, JSON, and one line for every kind of bad input."""

import contextlib
import json
import os
import signal
import sys
import time

import numpy as np
import pytest

from qnnq.cli.main import main


def run(capsys, *arguments):
    """Return (exit code, stdout, stderr) of a command line, run in this process."""
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def run_json(capsys, *arguments):
    code, out, err = run(capsys, "run", "--json", "-", *arguments)
    assert (code, err) == (0, "")
    return json.loads(out)


def test_a_run_prints_three_accuracies(capsys):
    code, out, err = run(capsys, "run", "--images", "0:200", "--shots", "5")
    assert (code, err) == (0, "")
    assert "fake_kingston" in out
    assert "majority of 5 shots" in out


def test_json_has_everything_that_determines_the_result(capsys):
    first = run_json(capsys, "mnist16-a0.5", "--images", "0:100", "--shots", "4", "--counts")
    again = run_json(capsys, "mnist16-a0.5", "--images", "0:100", "--shots", "4", "--counts")
    assert first["schema"] == "qnnq.run/1"
    assert first["task_id"] == again["task_id"]
    assert first["counts"] == again["counts"]
    assert np.array(first["counts"]).shape == (100, 10)
    assert np.array(first["counts"]).sum() == 400
    assert first["task"]["device"] == first["calibration"]["device"] == "fake_kingston"
    for accuracy in first["accuracy"].values():
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
        assert accuracy["low"] < accuracy["high"]


def test_another_seed_is_another_task(capsys):
    first = run_json(capsys, "--images", "0:50", "--seed", "1", "--counts")
    second = run_json(capsys, "--images", "0:50", "--seed", "2", "--counts")
    assert first["task_id"] != second["task_id"]
    assert first["counts"] != second["counts"]


@pytest.mark.parametrize(
    "noise", ["fake_kingston*0", "depolarizing(p1=1e-3, p2=1e-2)*0", "fake_torino(gate=off)*0"]
)
def test_strength_zero_is_the_noise_free_distribution(capsys, noise):
    """Exactly: both engines draw the same numbers, and compare them with the same probabilities."""
    noisy = run_json(capsys, "--images", "0:300", "--noise", noise, "--counts", "--pairs", "3")
    ideal = run_json(capsys, "--images", "0:300", "--engine", "ideal", "--counts")
    differing = (np.array(noisy["counts"]) != np.array(ideal["counts"])).any(axis=1).sum()
    # Rounding may turn a draw that falls within 1e-6 of its probability: none is expected.
    assert differing <= 1


@pytest.mark.parametrize("strength", ["49", "0.1", "1e-310", "1e308"])
def test_a_strength_is_apart_from_its_noise(capsys, strength):
    task = run_json(capsys, "--images", "0:5", "--strength", strength)["task"]
    assert (task["noise"], task["strength"]) == ("fake_kingston", float(strength))


def test_the_same_strength_written_twice_is_one_task(capsys):
    first = run_json(capsys, "--images", "0:5", "--noise", "fake_kingston*2")
    second = run_json(capsys, "--images", "0:5", "--noise", "fake_kingston", "--strength", "2")
    assert first["task_id"] == second["task_id"]


BAD = [
    (["mnist16-b0"], "mnist16-a0"),
    (["--device", "fake_kinston"], "device 'fake_kinston'"),
    (["--engine", "are"], "nearest: aer"),
    (["--noise", "depolarising(p1=1e-3, p2=1e-2)"], "depolarizing"),
    (["--noise", "fake_kingston*-1"], "-1"),
    (["--strength", "-1"], "expected a number >= 0"),
    (["--strength", "nan"], "expected a number >= 0"),
    (["--noise", "depolarizing(p1=2, p2=0.1)"], "p1"),
    (["--noise", "relaxation(t1=50us, t2=120us)"], "t2"),
    (["--noise", "fake_torino", "--device", "fake_kingston"], "fake_kingston"),
    (["--engine", "ideal", "--noise", "fake_kingston"], "expected --noise ideal"),
    (["--engine", "ideal", "--noise", "nonsense", "--strength", "0"], "unknown term 'nonsense'"),
    (
        ["--engine", "ideal", "--device", "fake_torino"],
        "--device fake_torino: expected --engine",
    ),
    (["--engine", "ideal", "--qubits", "1,2"], "--qubits"),
    (["--shots", "1" + "0" * 20], "expected at most 1,000,000"),
    (["--shots", "0"], "expected a whole number >= 1"),
    (["--shots", "few"], "few"),
    (["--seed", "-1"], "expected a whole number >= 0"),
    (["--images", "5:2"], "5:2"),
    (["--images", "9990:10001"], "10001"),
    (["--qubits", "3,3"], "3"),
    (["--qubits", "1,2"], "16"),
    (["--qubits", ",".join(map(str, range(17)))], "expected at most 16 (the widest layer), got 17"),
    (["--qubits", "9" * 5000], "expected 3,4,5"),
    (["--copies", "0"], "expected a whole number >= 1"),
    (["--copies", "50"], "50 copies"),
    (["--pairs", "-2"], "expected a whole number >= 0"),
    (["--pair-gate", "cx"], "expected one of sx, cz"),
    (["--counts"], "--json"),
    (["--data", "nowhere.npz"], "nowhere.npz"),
    (["mnist16-a0-g3pi8", "--device", "fake_armonk"], "16 neuron-ancilla pairs wanted"),
    (["--json", "/nowhere/out.json"], "/nowhere/out.json"),
    (["--nois", "ideal"], "--nois"),
]


@pytest.mark.parametrize(("arguments", "hint"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_2(capsys, arguments, hint):
    code, out, err = run(capsys, "run", "--images", "0:20", *arguments)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("qnnq: ")
    assert hint in err


def test_images_of_another_width_and_labels_out_of_range(capsys, tmp_path):
    np.savez(tmp_path / "narrow.npz", images=np.zeros((3, 10)), labels=np.zeros(3, int))
    code, _, err = run(capsys, "run", "--data", str(tmp_path / "narrow.npz"))
    assert code == 2
    assert "784" in err
    assert "10" in err
    np.savez(tmp_path / "labels.npz", images=np.zeros((3, 784)), labels=np.array([0, 1, 10]))
    code, _, err = run(capsys, "run", "--data", str(tmp_path / "labels.npz"))
    assert code == 2
    assert "10 at image 2" in err


def announced(*arguments):
    """Run `qnnq run`, whose progress says on stderr when it begins and each time it advances."""

    @contextlib.contextmanager
    def progress_bar(description, total):
        print("begun", file=sys.stderr, flush=True)
        yield lambda steps: print("advanced", file=sys.stderr, flush=True)

    import qnnq.cli.run

    qnnq.cli.run.progress_bar = progress_bar
    return main(["run", *arguments])


@pytest.fixture
def interrupted(start_warm):
    """Return (exit code, stdout, stderr) of a run that gets Ctrl-C once its progress says so."""

    def interrupted(event, *arguments):
        process = start_warm(announced, *arguments)
        while event not in process.said()[1].splitlines():
            assert process.poll() is None, process.said()
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGINT)
        out, error = process.communicate()
        told = [line for line in error.splitlines(keepends=True) if line[:-1] not in STEPS]
        return process.returncode, out, "".join(told)

    return interrupted


STEPS = ("begun", "advanced")


def test_interrupt_before_anything_is_finished(interrupted):
    code, out, err = interrupted("begun", "--engine", "aer", "--shots", "2000")
    assert (code, out, err) == (130, "", "qnnq: interrupted\n")


def test_interrupt_keeps_the_images_that_are_finished(interrupted, capsys):
    options = ["--engine", "aer", "--noise", "ideal", "--shots", "4", "--counts", "--json", "-"]
    code, out, err = interrupted("advanced", *options)
    assert code == 130
    partial = json.loads(out)
    assert 0 < partial["images"] < 10_000
    assert f"stopped after {partial['images']:,} of 10,000 images" in err
    code, out, _ = run(capsys, "run", "--images", f"0:{partial['images']}", *options)
    assert json.loads(out)["task_id"] == partial["task_id"]
    assert json.loads(out)["counts"] == partial["counts"]


def test_help_names_every_command(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for command in ("run", "train", "noise", "compile", "models", "import"):
        assert command in out
    code, out, _ = run(capsys, "run", "--help")
    assert code == 0
    assert "Example: qnnq run" in out

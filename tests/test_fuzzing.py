"""Bad input is one line and exit code 1 or 2; good input has a right answer."""

import gzip
import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from qnnq.cli.main import main
from tests.fuzzing.inputs import KINDS, Refusal
from tests.sweep.conftest import write_inputs

EXAMPLES = {"noise": 40, "sweep": 40, "network": 60, "data": 60, "results": 25}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzzing")
    write_inputs(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_that_are_nearly_right(kind, folder, monkeypatch):
    monkeypatch.chdir(folder)
    strategy, check = KINDS[kind]
    found = []

    @settings(
        max_examples=EXAMPLES[kind],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(value):
        try:
            check(value, folder)
            found.append("answered")
        except Refusal:
            found.append("refused")

    one()
    assert {*found} == {"answered", "refused"}  # else it would show half of it only


def refuse(capsys, *arguments):
    """Run a command that has to refuse in one line."""
    capsys.readouterr()
    assert main([*arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert len(error) < 1100
    return error


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ("readout(p=sNaN)", "p"),
        ("relaxation(t1=1e9999999us, t2=1us)", "t1"),
        ("relaxation(t1=1us, t2=1e-9999999us)", "t2"),
        (f"readout(p={'9' * 5000})", "p"),
        ("readout(p=0.1)*sNaN", "strength"),
    ],
)
def test_numbers_that_are_none(noise, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert message in refuse(capsys, "noise", noise)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"x = {'1' * 5000}", "sweep.toml: expected TOML"),
        (f"x = {'[' * 5000}", "sweep.toml: expected TOML"),
        ("x = '''" + "a" * (1 << 26) + "'''", "expected at most 67,108,864 bytes of text"),
    ],
    ids=["digits", "brackets", "large"],
)
def test_sweep_files_that_are_too_much(text, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (folder / "sweep.toml").write_text(text)
    assert message in refuse(capsys, "sweep", "sweep.toml", "--out", "r.sqlite")


def test_a_sweep_of_too_many_points(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (folder / "sweep.toml").write_text(
        '[[grid]]\nnetworks = "tiny.safetensors"\nnoise = "ideal"\ndata = "data.npz"\n'
        f"strength = {list(range(20_000))}\nseeds = {list(range(20_000))}\n"
    )
    error = refuse(capsys, "sweep", "sweep.toml", "--out", "r.sqlite")
    assert "expected at most 100,000,000 points, found 400,000,000" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pairs", "1" + "0" * 21], "--pairs 1000000000000000000000: expected at most 10,000"),
        (["--pairs", "1e21"], "--pairs"),
        (["--copies", "100000"], "--copies 100000: expected at most 1,000"),
        (["--shots", "1000001"], "--shots 1000001: expected at most 1,000,000"),
    ],
)
def test_options_have_limits(options, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    arguments = ["run", "tiny.safetensors", "--data", "data.npz", "--noise", "readout(p=0.1)"]
    assert message in refuse(capsys, *arguments, *options)


def test_shots_of_a_wide_layer_have_a_limit(folder, monkeypatch, capsys):
    from qnnq.networks.file import write_network
    from qnnq.networks.network import Network

    monkeypatch.chdir(folder)
    weights = np.zeros((400, 9), np.float32), np.zeros((3, 400), np.float32)
    write_network(Network(weights), "wide.safetensors")
    options = ["--data", "data.npz", "--noise", "ideal", "--shots", "100000"]
    error = refuse(capsys, "run", "wide.safetensors", *options)
    assert "--shots 100000: expected at most 50,000 with layers of 400 neurons" in error


def test_data_that_unpacks_without_bound(folder, monkeypatch, capsys):
    """Some MB that become GB are refused before they are unpacked."""
    monkeypatch.chdir(folder)
    path = folder / "bomb-images-idx3-ubyte.gz"
    member = gzip.compress(bytes(1 << 26), compresslevel=9, mtime=0)
    path.write_bytes(member * 9)  # 576 MB
    arguments = ["run", "tiny.safetensors", "--noise", "ideal", "--data"]
    assert "expected at most 536,870,912 bytes, found more" in refuse(capsys, *arguments, str(path))
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f8", "fortran_order": False, "shape": (1 << 27, 9)}
    )
    with (
        zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w", force_zip64=True) as file,
    ):
        file.write(head.getvalue())
        for _ in range(9):
            file.write(bytes(1 << 26))
    assert "expected at most 536,870,912 bytes of arrays" in refuse(capsys, *arguments, "bomb.npz")


def test_images_of_long_doubles(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    np.savez("long.npz", images=np.zeros((4, 9), np.longdouble), labels=np.zeros(4, int))
    error = refuse(capsys, "run", "tiny.safetensors", "--noise", "ideal", "--data", "long.npz")
    assert "expected uint8 or float16, 32 or 64" in error


@pytest.mark.slow
def test_ten_thousand_inputs():
    command = [sys.executable, "-m", "tests.fuzzing.run", "--inputs", "10000"]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-3000:]
    assert "10000 inputs, 0 tracebacks, 0 hangs" in process.stdout

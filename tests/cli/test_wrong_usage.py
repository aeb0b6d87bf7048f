"""What people type by mistake: one line that names it, and the remedy."""

import numpy as np
import pytest

from qnnq.cli.main import main
from qnnq.networks.bundled import load_model
from qnnq.networks.file import write_network
from qnnq.results.file import Store
from tests.results.files import add_point

WRONG = {
    "run r.sqlite": "a results file, no network",
    "run sweep.toml": "a sweep file",
    "run data.npz": "data go to --data",
    "run net.onnx": "ONNX, which is not read: qnnq import",
    "run net.h5": "HDF5, which is not read: qnnq import",
    "run net.pkl": "a pickle: weights that torch saved become a network by qnnq import",
    "run params.json": "qnnq import params.json",
    "run mnist16_a0.5": "nearest: mnist16-a0.5",
    "run none.safetensors": "no such file, nor a bundled network",
    "run folder": "not a file",
    "run net.safetensors --data small.npz": "expected images of 784 pixels",
    "run net.safetensors --data features.npz": "qnnq import --features",
    "run net.safetensors --data text.txt": "expected a table whose first line names its columns",
    "run net.safetensors --data table.csv": "expected pixels, got features",
    "run net.safetensors --data mnist": "nearest: mnist5k",
    "run net.safetensors --data r.sqlite": "expected an .npz, .npy, CSV or IDX file",
    "run --noise fake_kingstn": "nearest: fake_kingston",
    "run --noise kingston": "nearest: fake_kingston",
    "run --noise depolarizing(p=0.1)": "expected p1, p2",
    "run --noise depolarizing(p1=10%)": "expected a number from 0 to 1",
    "run --noise relaxation(t1=100)": "with its unit, such as 120us",
    "run --device fake_nothing": "expected fake_... or ibm_...",
    "run --images 0-10": "expected such as all, 0:200",
    "run --images 20000": "expected indices 0 to 9999",
    "run --shots 0": "expected a whole number >= 1",
    "run --shots many": "expected a whole number",
    "run --engine aers": "nearest: aer",
    "run --strength -1": "expected a number >= 0",
    "run --shot 5": "--shots",
    "run --mode coherent --pairs 3": "expected --mode stepwise",
    "run --engine ideal --noise fake_torino": "expected --noise ideal",
    "runn": "'run', 'runs'?",
    "sweep r.sqlite --out x.sqlite": "expected text in UTF-8",
    "sweep bad.toml --out x.sqlite": "expected TOML",
    "sweep typo.toml --out x.sqlite": "nearest: networks",
    "sweep sweep.toml": "Missing option '--out'",
    "results sweep.toml": "qnnq sweep sweep.toml --out results.sqlite",
    "results net.safetensors": "expected a qnnq results file",
    "results r.sqlite --report acuracy": "nearest: accuracy",
    "results r.sqlite --threshold 0.9": "expected --report breakdown or latency",
    "results r.sqlite --report breakdown --threshold 90": "expected an accuracy in [0, 1]",
    "results r.sqlite --where network=foo": "network is one of half",
    "results r.sqlite --where netwrk=foo": "expected label=value, label one of",
    "results r.sqlite --report breakdown --threshold unsampled": "a sweep stores them",
    "plot r.sqlite --out a.jpg": "ends in .png, .svg, .pdf",
    "plot r.sqlite --out a.png --x strenght": "expected one of strength",
    "plot r.sqlite --out a.png --kind image": "--image: goes with --kind image",
    "plot r.sqlite --out a.png --columns 2": "expected with --style paper",
    "plot r.sqlite --out a.png --kind devices --prediction both": "expected with --kind curve",
    "plot r.sqlite --out a.png --size 7": "expected inches such as 7x4",
    "report sweep.toml --out a.html": "found a sweep file",
    "report folder --out a.html": "found no ledger.sqlite",
    "compare r.sqlite": "expected B, or --a and --b",
    "train --out net.pt": "expected a name such as net.safetensors",
    "train --out a.safetensors --classical relu": "expected a results file such as rival.sqlite",
    "train --out a.sqlite --classical gelu": "expected one of relu, tanh, sign",
    "train --out a.safetensors --recipe papers": "expected one of best, published",
    "train --out a.safetensors --hidden 16x16": "expected widths such as 16,16,16",
    "train --out a.safetensors --seed 0,1": "expected {seed} in the name",
    "compile mnist16-a0.5 --figure a.gif": "ends in .png, .svg, .pdf",
    "noise --figure a.svg": "expected with SPEC or --device",
}
"""Command lines, and what the one line must say."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with files of many kinds."""
    path = tmp_path_factory.mktemp("wrong")
    write_network(load_model("mnist16-a0.5"), path / "net.safetensors")
    images = np.zeros((4, 784), np.uint8)
    np.savez(path / "data.npz", images=images, labels=np.arange(4))
    np.savez(path / "small.npz", images=images[:, :64], labels=np.arange(4))
    np.savez(path / "features.npz", features=images + 9.0, labels=np.arange(4))
    with Store(path / "r.sqlite", create=True) as store:
        for strength in (0.0, 1.0):
            add_point(store, "half", strength, [range(10)])
    for name, content in {
        "sweep.toml": b'[[grid]]\nnetworks = "mnist16-a0"\nnoise = "ideal"\n',
        "bad.toml": b"[[grid]\n",
        "typo.toml": b'[[grid]]\nnetwork = "mnist16-a0"\nnoise = "ideal"\n',
        "params.json": b'{"last_params": []}',
        "net.onnx": b"\x08\x07\x12\x07pytorch",
        "net.h5": b"\x89HDF\r\n\x1a\n",
        "net.pkl": b"\x80\x04}.",
        "text.txt": b"hello\n",
        "table.csv": b"a,b,label\n1,2,0\n",
    }.items():
        (path / name).write_bytes(content)
    (path / "folder").mkdir()
    return path


@pytest.mark.parametrize(("line", "said"), WRONG.items())
def test_one_line_says_what_is_wrong_and_the_remedy(folder, monkeypatch, capsys, line, said):
    monkeypatch.chdir(folder)
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error

"""What `import qnnq` offers, and how the program is started."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qnnq
from qnnq.cli.main import main

HEAVY = ("qiskit", "qiskit_aer", "torch", "scipy", "matplotlib", "pandas", "numpy")


def python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, check=True
    ).stdout


@pytest.mark.parametrize("name", qnnq.__all__)
def test_every_public_name_is_there_and_described(name):
    assert getattr(qnnq, name) is not None
    assert name in dir(qnnq)
    assert name in qnnq.__doc__ or name == "__version__"


def test_what_type_checkers_see_is_what_there_is():
    tree = ast.parse(Path(qnnq.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname or alias.name: (node, alias) for node in imports for alias in node.names}
    assert set(seen) | {"__version__"} == set(qnnq.__all__)
    for name, (node, alias) in seen.items():
        own = f":{alias.name}" if alias.asname else ""
        assert qnnq._MODULES[name] == f"{node.module}{own}"


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="no attribute 'loda_data'"):
        _ = qnnq.loda_data


@pytest.mark.parametrize("start", ["import qnnq", "import qnnq.cli.main as m; m.build_app()"])
def test_nothing_heavy_is_loaded_before_it_is_used(start):
    loaded = python("-c", f"import sys; {start}; print(*sys.modules)").split()
    assert not {name for name in HEAVY if name in loaded}


def test_a_run_from_python_and_its_table():
    pandas = pytest.importorskip("pandas")
    request = qnnq.RunRequest("mnist16-a0.5", noise="ideal", engine="ideal", images="7:10", shots=5)
    result = qnnq.run(request)
    table = result.to_dataframe()
    assert isinstance(table, pandas.DataFrame)
    assert list(table["image"]) == [7, 8, 9]
    votes = table[[f"votes_{number}" for number in range(10)]].to_numpy()
    assert (votes == result.counts).all()
    assert (votes.argmax(axis=1) == table["majority"]).all()
    assert list(table["label"]) == list(result.labels)


def test_a_sweep_from_python_and_its_table(tmp_path):
    pytest.importorskip("pandas")
    (tmp_path / "sweep.toml").write_text(
        '[[grid]]\nnetworks = "mnist16-a0.5"\nnoise = "ideal"\nengine = "ideal"\n'
        'images = "0:20"\nshots = 5\n'
    )
    out = tmp_path / "results.sqlite"
    qnnq.run_sweep(tmp_path / "sweep.toml", out, workers=1)
    points = qnnq.read_results(out)
    table = qnnq.to_dataframe(points)
    assert list(table["network"]) == ["mnist16-a0.5"]
    assert table["majority"][0] == points[0].accuracy("majority").value


def test_the_version_and_the_module(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"qnnq {qnnq.__version__}\n"
    assert python("-m", "qnnq", "--version") == f"qnnq {qnnq.__version__}\n"

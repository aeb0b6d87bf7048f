"""`qnnq models`: the bundled networks, listed without torch."""

import json
import re
import subprocess
import sys

import pytest

from qnnq.cli.main import main
from qnnq.networks.bundled import bundled_models, load_model


def test_the_table_and_the_json_list_every_bundled_network(capsys):
    assert main(["models"]) == 0
    table = capsys.readouterr().out
    assert main(["models", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "qnnq.models/1"
    assert [entry["name"] for entry in document["models"]] == list(bundled_models())
    for entry in document["models"]:
        network = load_model(entry["name"])
        assert f" {entry['name']} " in table
        assert entry["digest"] == network.digest
        assert (entry["hidden"], entry["classes"]) == ([16, 16, 16], 10)
        accuracy = float(entry["information"]["majority_accuracy"])
        assert f"{100 * accuracy:.2f} %" in table


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_word_is_cut_on_a_terminal(capsys, monkeypatch, width):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    for command in (["models"], ["noise", "fake_fez"], ["noise"]):
        assert main(command) == 0
        lines = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).splitlines()
        assert max(map(len, lines)) <= width
        words = {word for line in lines for word in re.split(r"[\s│┃]+", line)}
        assert "…" not in "".join(words)
        if command == ["models"]:
            assert words >= {*bundled_models(), "16-16-16", "0.2632"}
        elif command == ["noise"]:
            assert "relaxation(t1=120us, t2=80us)" in " ".join(lines)
            assert words >= {"fake_fez,", "ions_harmony"}
        else:
            assert words >= {"qubit", "155", "two-qubit"}


def test_networks_and_data_need_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from qnnq.cli.main import main\n"
        "from qnnq.data.load import load_data\n"
        "load_data('mnist5k')\n"
        "assert main(['models']) == 0\n"
        "sys.exit(main(['train', '--out', sys.argv[1]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "net.safetensors"], capture_output=True, text=True
    )
    assert "mnist16-a0.5" in done.stdout
    assert done.stderr == "qnnq: training needs torch: pip install 'qnnq[train]'\n"
    assert done.returncode == 1

"""One task of each engine: its id and its counts stay what they are.

Another version of Qiskit may compile other circuits, which the id says, and another one of Aer may
draw other numbers; so the numbers hold for the versions that they were made with.
"""

import json
from importlib.metadata import version

import pytest

from qnnq.cli.main import main

VERSIONS = {
    "numpy": "2.4.6",
    "qiskit": "2.6.2",
    "qiskit-aer": "0.18.2",
    "qiskit-ibm-runtime": "0.51.0",
}
RUN = ("run", "mnist16-a0.5-g5pi19", "--images", "4:6", "--shots", "3", "--json", "-", "--counts")
SUBMIT = ("submit", "mnist16-a0.5", "--device", "fake_lagos", "--images", "4:6", "--shots", "3")
EXPECTED = {
    "ideal": ("30a9636d0144b664", [{0: 1, 4: 2}, {1: 1, 5: 2}]),
    "instrument": ("59fdbb1cae96a907", [{0: 1, 4: 2}, {1: 1, 5: 2}]),
    "aer": ("5c625c9d49e743ae", [{4: 3}, {1: 2, 2: 1}]),
    "runtime": ("774ea36f8ff757e1", [{0: 1, 5: 1, 6: 1}, {1: 3}]),
}


@pytest.mark.parametrize("engine", EXPECTED)
def test_a_task_and_its_counts(engine, tmp_path, monkeypatch, capsys):
    found = {name: version(name) for name in VERSIONS}
    if found != VERSIONS:
        pytest.skip(f"the numbers were made with {VERSIONS}, not with {found}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if engine == "runtime":
        folder = str(tmp_path / "run")
        assert main([*SUBMIT, "--run", folder]) == 0
        capsys.readouterr()
        assert main(["collect", folder, "--json", "-", "--counts"]) == 0
    else:
        assert main([*RUN, "--engine", engine]) == 0
    document = json.loads(capsys.readouterr().out)
    classes = [
        {number: votes for number, votes in enumerate(image) if votes}
        for image in document["counts"]
    ]
    task_id, counts = EXPECTED[engine]
    assert document["task_id"].startswith(task_id)
    assert classes == counts

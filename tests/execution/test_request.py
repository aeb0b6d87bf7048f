"""Who asks from Python, or by a sweep file, is refused what the command line refuses."""

import numpy as np
import pytest

from qnnq.errors import InputError
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.sweep.file import SweepFile
from qnnq.sweep.points import expand

NOT_IDEAL = [
    {"pairs": 5},
    {"pair_gate": "cz"},
    {"copies": 2},
    {"qubits": "all"},
    {"device": "fake_torino"},
    {"compensate": True},
]


@pytest.mark.parametrize("options", NOT_IDEAL)
def test_the_ideal_engine_takes_nothing_of_circuits(options):
    (name,) = options
    with pytest.raises(InputError, match=rf"`{name}` .*: expected `engine`"):
        prepare(RunRequest(engine="ideal", noise="ideal", **options))


def test_a_sweep_is_refused_the_same():
    grid = {"networks": "mnist16-a0", "noise": "ideal", "engine": "ideal", "pairs": [0, 10]}
    with pytest.raises(InputError, match=r"\[\[grid\]\] 1: `pairs` 10: expected `engine`"):
        expand(SweepFile.model_validate({"grid": [grid]}))


def test_a_deployment_has_no_other_engine():
    network = Network((np.ones((2, 3)), np.ones((2, 2))), stretch=0.5)
    with pytest.raises(InputError, match="'are': expected one of instrument, aer; nearest: aer"):
        deploy(RunRequest(noise="fake_lagos"), network).engine("are")


def test_a_defect_is_no_bad_input(monkeypatch):
    def broken(request):
        raise ValueError("a defect of the program")

    monkeypatch.setattr("qnnq.sweep.points.check_request", broken)
    grid = {"networks": "mnist16-a0", "noise": "ideal"}
    with pytest.raises(ValueError, match="^a defect of the program$"):
        expand(SweepFile.model_validate({"grid": [grid]}))

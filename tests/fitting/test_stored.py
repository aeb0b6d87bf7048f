"""Stored counts as observations: what the fit cannot model is refused."""

from dataclasses import replace

import numpy as np
import pytest

from qnnq.errors import InputError
from qnnq.fitting.stored import observation_of_run
from qnnq.networks.bundled import load_model
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

LABELS = {
    "network": "mnist16-a0.5",
    "data": "mnist-test",
    "images": "0:3",
    "pairs": 0,
    "pair_gate": "sx",
    "qubits": "best",
    "copies": 1,
    "compensate": False,
}


@pytest.fixture(scope="module")
def result():
    return prepare(RunRequest(images="0:3", noise="fake_torino", shots=5)).execute()


def test_a_run_is_fitted_on_the_qubits_that_it_used(result):
    network = load_model("mnist16-a0.5")
    found = observation_of_run(result, LABELS, network)
    assert found.request.qubits == result.task.qubits[0]
    assert found.shots.tolist() == [5, 5, 5]
    right = result.counts[np.arange(3), result.labels].sum()
    assert found.right == right
    assert found.accuracy == pytest.approx(right / 15)


def test_living_neurons_and_corrected_angles_are_refused(result):
    network = load_model("mnist16-a0.5")
    with pytest.raises(InputError, match="expected stepwise runs without compensation"):
        observation_of_run(result, {**LABELS, "compensate": True}, network)
    coherent = replace(result, task=replace(result.task, mode="coherent"))
    with pytest.raises(InputError, match="expected stepwise runs"):
        observation_of_run(coherent, LABELS, network)

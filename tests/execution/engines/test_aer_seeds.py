"""Aer's shots are independent: no two of a task share a generator, and their counts scatter so."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from qnnq.execution.engines.aer import AerCircuit
from qnnq.execution.engines.response import component_responses
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.engines.test_agreement import network
from tests.execution.engines.test_response import evaluate
from tests.execution.enumeration import class_distribution

FALSE_ALARM = 1e-6
STRIDE = 2113


@pytest.fixture
def runs(monkeypatch):
    """The seed, rows and shots of every run of Aer."""
    noted = []
    run = AerCircuit._run

    def noting(self, angles, shots, seed):
        noted.append((seed, len(angles), shots))
        return run(self, angles, shots, seed)

    monkeypatch.setattr(AerCircuit, "_run", noting)
    return noted


def test_no_two_shots_of_a_task_share_a_generator(runs):
    """Nor do those of a stepwise and a coherent run of the same seed."""
    small = replace(network(0.9, widths=(4, 2, 2, 2)), activation="linear")
    stepwise = deploy(RunRequest(noise="readout(p=0.1)"), small)
    request = RunRequest(noise="readout(p=0.1)", mode="coherent", engine="aer")
    modes = [
        Stepwise(stepwise.engine("aer"), small.entanglements),
        deploy(request, small).mode("aer", 1, 0),
    ]
    pixels = np.random.default_rng(0).random((3, 4))
    for shots in (20, 21, 2500):
        for mode in modes:
            run_shots(small, pixels, np.arange(3), mode, shots, seed=1)
    used = np.concatenate(
        [
            (np.uint64(seed) + STRIDE * np.arange(rows, dtype=np.uint64)[:, None]).ravel()[:, None]
            + np.arange(shots, dtype=np.uint64)
            for seed, rows, shots in runs
        ],
        axis=None,
    )
    assert len(runs) > 10
    assert used.size == 3 * (2 + 1) * (20 + 21 + 2500)
    assert len(np.unique(used)) == used.size


def test_counts_of_many_seeds_scatter_as_independent_shots_do():
    """The sum of squared z-scores of 40 seeds is chi-square with 40 degrees of freedom.

    A combined network whose later probabilities hardly depend on the outcomes before: its many runs
    of a few shots would all do the same if they replayed one another's random numbers.
    """
    weights = network(0.9, widths=(4, 3, 3, 2)).weights
    small = Network((weights[0], 0.2 * weights[1], weights[2]), stretch=0.6, entanglement=0.3)
    deployed = deploy(RunRequest(noise="depolarizing(p1=0.03, p2=0.03)"), small)
    responses = [
        component_responses(layer.circuit, noise)
        for layer, noise in zip(deployed.layers, deployed.channels, strict=True)
    ]
    pixels = np.random.default_rng(5).random((1, 4))
    exact = class_distribution(
        small, pixels[0], lambda layer, angles: evaluate(responses[layer], angles)
    )
    mode = Stepwise(deployed.engine("aer"), small.entanglements)
    shots, seeds = 50, 40
    counts = np.array(
        [
            run_shots(small, pixels, np.array([0]), mode, shots, seed).counts[0]
            for seed in range(seeds)
        ]
    )
    scores = (counts[:, 0] - shots * exact[0]) / math.sqrt(shots * exact[0] * exact[1])
    assert chi2.ppf(FALSE_ALARM / 2, seeds) < (scores**2).sum() < chi2.isf(FALSE_ALARM / 2, seeds)

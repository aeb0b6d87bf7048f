"""Whole networks under noise against the exact distribution of their answer.

The enumeration takes the outcome probabilities of each layer from Aer's density matrices of the
compiled circuits, so it shares neither the instrument's polynomials nor any sampling.
"""

import math

import numpy as np
import pytest

from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.engines.test_agreement import network
from tests.execution.engines.test_response import reference
from tests.execution.enumeration import class_distribution
from tests.execution.test_shot_loop import assert_same_distribution

SHOTS = 250_000
CASES = {
    "method1": (math.pi / 2, {}),
    "method1-cz": (math.pi / 2, {"pairs": 2, "pair_gate": "cz"}),
    "method2": (math.pi / 5, {"pairs": 1}),
}
NOISE = "fake_torino*4 + overrotation(angle=0.1) + readout(p01=0.02, p10=0.08)"


@pytest.mark.parametrize("case", CASES)
def test_many_shots_follow_the_enumerated_distribution(case):
    """Chi-square at a false-alarm rate of 1e-6."""
    entanglement, options = CASES[case]
    small: Network = network(entanglement, widths=(4, 3, 3, 2))
    deployed = deploy(RunRequest(noise=NOISE, **options), small)
    pixels = np.array([[0.9, 0.1, 0.6, 0.3]])

    def response(layer, angles):
        return reference(deployed.layers[layer], deployed.channels[layer], angles)

    exact = class_distribution(small, pixels[0], response)
    assert exact.sum() == pytest.approx(1)
    mode = Stepwise(deployed.engine("instrument"), small.entanglements)
    votes = run_shots(small, pixels, np.array([0]), mode, SHOTS, seed=11)
    assert_same_distribution(votes.counts[0], SHOTS * exact)
    # The noise matters: the noise-free distribution is far outside.
    noise_free = class_distribution(small, pixels[0])
    deviation = abs(votes.counts[0, 0] / SHOTS - noise_free[0])
    assert deviation > 5 * math.sqrt(noise_free[0] * noise_free[1] / SHOTS)

"""The shot loop runs any model: here one whose last layer takes all that was before it."""

import math

import numpy as np

from qnnq.execution.engines.ideal import IdealEngine
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots

SHOTS = 40_000
SIGMAS = 5.3  # a false alarm in 1e6 over the eight classes


class Skipping:
    """Neuron 0, then one turned by the pixel and the first outcome; the classes are the bits."""

    widths = (1, 1)
    classes = 4

    def controls(self, history):
        pixel = history[0].astype(np.float32)
        if len(history) == 1:
            return pixel - 0.5
        return pixel * history[1] / 2

    def logits(self, history):
        first, second = (1 - np.concatenate(history[1:], axis=-1)).transpose(2, 0, 1) // 2
        return np.eye(4)[2 * first + second]


def test_controls_follow_from_the_whole_history():
    pixels = np.array([[0.9], [0.2]])
    mode = Stepwise(IdealEngine((math.pi / 2,) * 2), (math.pi / 2,) * 2)
    votes = run_shots(Skipping(), pixels, np.arange(2), mode, SHOTS, seed=3)

    def minus(phi):
        return math.sin(math.pi / 4 * (1 - phi)) ** 2

    for (pixel,), counts in zip(pixels, votes.counts, strict=True):
        for first in (0, 1):
            p = minus(pixel - 0.5) if first else 1 - minus(pixel - 0.5)
            q = minus(pixel * (1 - 2 * first) / 2)
            for second, share in enumerate((p * (1 - q), p * q)):
                error = SIGMAS * math.sqrt(share * (1 - share) / SHOTS)
                assert abs(counts[2 * first + second] / SHOTS - share) < error

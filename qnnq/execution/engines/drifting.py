"""Noise that drifts: blocks of images that are measured under noise of different strength."""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock

import numpy as np

from noise_models import NoiseTerm
from noise_models.drift import Drift
from noise_models.factors import Factors
from qnnq.arrays import OutcomeArray
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws, Engine

SHOT_S = 250e-6
"""Seconds from one execution to the next: the default repetition delay of most IBM Quantum
machines, beside which a circuit's duration is negligible."""

BLOCKS_PER_CORRELATION_TIME = 20


class DriftingEngine:
    """Measures image i, in all its layers, under the noise of the time at which its shots run.

    Images are measured one after the other, an execution every `SHOT_S`; within a twentieth of
    the correlation time the noise is that of its beginning.

    Args:
        build: Returns an engine under the noise whose strengths have these factors.
        drift: The term of the noise that gives the factors.
        shots: Shots an image.
        copies: Images side by side.
        seed: Seed of the drift.
    """

    def __init__(
        self,
        build: Callable[[Factors], Engine],
        drift: NoiseTerm,
        *,
        shots: int,
        copies: int,
        seed: int,
    ) -> None:
        self._build = build
        image_s = shots * SHOT_S / copies
        block_s = drift.number("time") / BLOCKS_PER_CORRELATION_TIME
        self._images_per_block = max(1, int(block_s / image_s))
        self._drift = Drift(drift, self._images_per_block * image_s, seed)
        self._engines: dict[int, Engine] = {}
        self._lock = Lock()
        self.images_per_call = self._engine(0).images_per_call

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots."""
        block_of = draws.images // self._images_per_block
        outcomes = np.empty((len(angles), draws.shots, angles.shape[-1]), dtype=np.int8)
        order = np.argsort(block_of, kind="stable")
        blocks, starts = np.unique(block_of[order], return_index=True)
        for block, rows in zip(blocks, np.split(order, starts[1:]), strict=True):
            own = replace(draws, images=draws.images[rows])
            outcomes[rows] = self._engine(int(block)).measure(layer, angles[rows], own)
        return outcomes

    def _engine(self, block: int) -> Engine:
        with self._lock:
            if block not in self._engines:
                self._engines[block] = self._build(self._drift.block(block))
            return self._engines[block]

"""The seam between what to sample and where: one layer of many shots at once."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import IntArray, OutcomeArray
from qnnq.execution.engines.angles import Angles

DRAWN = 1 << 24
"""Random numbers are multiples of one part in so many."""


@dataclass(frozen=True)
class Draws:
    """The random numbers of one layer for some images of a selection.

    Every image has its own stretch of a counter-based stream that is keyed by (seed, layer, shots),
    so an image draws the same numbers whatever images are measured beside it, and in which order,
    and runs of the same seed and other shots share none.

    Args:
        seed: The seed of the task.
        layer: The hidden layer, 0 for the first.
        images: Indices of the images in the data set, shape (images,).
        shots: Shots an image.
    """

    seed: int
    layer: int
    images: IntArray
    shots: int

    def uniforms(self, width: int, stream: tuple[int, ...] = ()) -> NDArray[np.float32]:
        """Return uniform numbers in [0, 1), shape (images, shots, width).

        They are multiples of 2^-24. An outcome of probability p therefore happens with p to within
        6e-8: outcomes that are rarer than that cannot be told from impossible or from such ones.

        Args:
            width: How many a shot.
            stream: Each has its own numbers; () is that of the outcomes.
        """
        drawn = self.numbers(width, stream).astype(np.float32)
        drawn *= np.float32(1 / DRAWN)
        return drawn

    def numbers(self, width: int, stream: tuple[int, ...] = ()) -> NDArray[np.int32]:
        """Return whole numbers in [0, 2^24), those that `uniforms` are fractions of.

        Args:
            width: How many a shot.
            stream: Each has its own numbers; () is that of the outcomes.
        """
        # Two numbers come from one 64-bit step of the generator.
        steps_per_image = -(-self.shots * width // 2)
        key = (self.layer, self.shots, *stream)
        runs = np.split(self.images, np.flatnonzero(np.diff(self.images) != 1) + 1)
        drawn = [self._steps(key, run, steps_per_image) for run in runs if len(run)]
        steps = drawn[0] if len(drawn) == 1 else np.concatenate([*drawn, np.empty(0, "<u8")])
        halves = steps.view("<u4")
        halves >>= 8
        used = halves.view("<i4").reshape(len(self.images), 2 * steps_per_image)[
            :, : self.shots * width
        ]
        return used.reshape(len(self.images), self.shots, width)

    def _steps(self, key: tuple[int, ...], run: IntArray, steps_per_image: int) -> NDArray[Any]:
        """Return 64-bit steps of the generator for images that follow one another."""
        bits = np.random.PCG64DXSM(np.random.SeedSequence(self.seed, spawn_key=key))
        bits.advance(int(run[0]) * steps_per_image)
        # of all numbers of 64 bits: a step each, and without Python's lock
        steps = np.random.Generator(bits).integers(
            2**64 - 1, size=len(run) * steps_per_image, dtype=np.uint64, endpoint=True
        )
        return steps.astype("<u8", copy=False)

    def copies(self, count: int) -> IntArray:
        """Return which of `count` copies of the layer on the chip each image uses, (images,)."""
        return self.images % count


class Engine(Protocol):
    """Where a layer is measured."""

    @property
    def images_per_call(self) -> int | None:
        """How many images one call of `measure` may get; None asks for all of them at once."""
        ...

    def measure(self, layer: int, angles: Angles, draws: Draws) -> OutcomeArray:
        """Measure every neuron of a layer, for many images and shots.

        Args:
            layer: The hidden layer, 0 for the first.
            angles: The neurons' angles; (images, 1, width) where all shots of an image share them,
                else (images, shots, width).
            draws: The images, the number of shots and their random numbers.

        Returns:
            Outcomes +1 (bit 0) and -1 (bit 1), shape (images, shots, width).
        """
        ...

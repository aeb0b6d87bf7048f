"""The shot loop: what arrives, outcomes and votes, the same for every mode."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from qnnq.arrays import FloatArray, IntArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.execution.model import Model
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.fresh_layers import LARGEST_TABLE, fresh_layers
from qnnq.execution.modes.patterns import WIDEST, Rows, outcomes_of, pattern_of
from qnnq.networks.network import Network

BYTES_PER_BLOCK = 50 << 20
"""Bounds the memory that a thread needs at a time."""


@dataclass(frozen=True)
class Votes:
    """What the shots of each image said: additive over shots.

    Attributes:
        counts: How many shots chose each class, shape (images, classes).
        softmax_sums: Sum over shots of softmax(logits), shape (images, classes).
    """

    counts: IntArray
    softmax_sums: NDArray[np.float64]

    def __add__(self, other: "Votes") -> "Votes":
        """Return the votes of both, of the same images."""
        return Votes(self.counts + other.counts, self.softmax_sums + other.softmax_sums)


def run_shots(
    model: Model,
    images: NDArray[np.uint8] | FloatArray,
    indices: IntArray,
    mode: Mode,
    shots: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
    threads: int = 1,
    keep_partial: bool = False,
    data: str = "",
) -> Votes:
    """Run all layers for every image and shot.

    Args:
        model: What is run, such as a network.
        images: Pixels, shape (images, inputs): uint8, or float in [0, 1].
        indices: The images' indices in their data set, shape (images,): an image's random numbers
            and its copy of the layers on the chip go by its index.
        mode: How the network is deployed, and where it is measured.
        shots: Shots an image, at least 1.
        seed: Seed of every random number.
        progress: Called with the number of images that were finished since the last call.
        threads: Blocks of images worked on at once. It changes no result.
        keep_partial: Whether Ctrl-C returns the votes of the first images, which were finished,
            instead of raising KeyboardInterrupt.
        data: Digest of the data set, by which the first layer of the same images is remembered.
    """
    blocks = _blocks(len(images), shots, model, mode)

    layers = fresh_layers(model, mode, len(images), shots, data)
    vote = voting(model, len(images) * shots)

    def run_block(block: slice) -> Votes:
        history: list[NDArray[Any]] = [images[block][:, None, :]]  # (images, 1, inputs)
        session = mode.start()
        for layer, answer in enumerate(layers):
            draws = Draws(seed, layer, indices[block], shots)
            if answer is None:
                outcomes = session.step(layer, model.controls(history), draws)
            else:
                outcomes = answer(history[-1], draws)
            history.append(outcomes)  # (images, shots, width)
        return vote(history)

    parts: list[Votes] = []
    pool = ThreadPoolExecutor(threads) if min(threads, len(blocks)) > 1 else None
    try:
        # There is a thread a core: their matrix products, which are small, start no others.
        with threadpool_limits(1, "blas"):
            found = pool.map(run_block, blocks) if pool else map(run_block, blocks)
            for block, part in zip(blocks, found, strict=True):
                parts.append(part)  # before it is told, so that what was told is kept
                if progress is not None:
                    progress(block.stop - block.start)
    except KeyboardInterrupt:
        if not (keep_partial and parts):
            raise
    finally:
        if pool:
            pool.shutdown(cancel_futures=True)
    return Votes(
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.softmax_sums for part in parts]),
    )


def _blocks(images: int, shots: int, model: Model, mode: Mode) -> list[slice]:
    if mode.images_per_call is None:
        return [slice(0, images)]
    widest = max(*model.widths, model.classes)
    image_bytes = mode.bytes_per_outcome * shots * widest
    size = max(1, min(mode.images_per_call, BYTES_PER_BLOCK // image_bytes))
    return [slice(start, min(start + size, images)) for start in range(0, images, size)]


def voting(model: Model, rows: int) -> Callable[[Sequence[NDArray[Any]]], Votes]:
    """Return what makes votes of the images and all layers' outcomes; see `Model.logits`.

    Args:
        model: What is run.
        rows: How many shots of all images there are.
    """
    width, classes = model.widths[-1], model.classes
    narrow = width <= WIDEST and rows >= 2 << width and classes << width <= LARGEST_TABLE
    if narrow and isinstance(model, Network):
        return lambda history: _vote_by_pattern(model, history[-1])
    return lambda history: _vote(*_says(model.logits(history)))


def _says(logits: FloatArray) -> tuple[IntArray, NDArray[np.float64]]:
    """Return the class, shape (...), and softmax of logits (..., classes)."""
    chosen = logits.argmax(axis=-1)  # ties: the lowest class
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return chosen, exponentials / exponentials.sum(axis=-1, keepdims=True)


def _vote(chosen: IntArray, softmax: NDArray[np.float64]) -> Votes:
    return Votes(_counts(chosen, softmax.shape[-1]), softmax.sum(axis=1))


def _counts(chosen: IntArray, classes: int) -> IntArray:
    offsets = np.arange(len(chosen))[:, None] * classes
    counts = np.bincount((chosen + offsets).ravel(), minlength=len(chosen) * classes)
    return counts.reshape(len(chosen), classes).astype(np.int64)


@lru_cache(maxsize=8)
def _says_by_pattern(network: Network) -> Rows:
    """Return the softmax and the class of patterns, (patterns, classes + 1)."""
    width = network.widths[-1]

    def says(patterns: IntArray) -> NDArray[np.float64]:
        chosen, softmax = _says(network.logits([outcomes_of(patterns, width)]))
        return np.concatenate([softmax, chosen[:, None]], axis=1)

    return Rows(1 << width, np.empty((0, network.classes + 1)), says)


def _vote_by_pattern(network: Network, outcomes: OutcomeArray) -> Votes:
    says = _says_by_pattern(network)
    places, made = says.found(pattern_of(outcomes))  # (images, shots), (rows, classes + 1)
    softmax = np.ascontiguousarray(made[:, :-1])
    sums = np.zeros((len(places), network.classes))
    for shot in range(places.shape[1]):  # in the order in which NumPy adds all at once
        sums += softmax.take(places[:, shot], axis=0)
    return Votes(_counts(made[:, -1].take(places).astype(np.int64), network.classes), sums)

"""What layers answer whose neurons have no past, and answer each on their own.

Such an outcome hangs on what arrives, its random number and three numbers of its neuron alone, so
that it needs no session. A layer answers in one of three ways, whichever is fastest: the first one
by the thresholds of each image, one behind a narrow layer by those of each pattern of outcomes, one
behind a wide layer by coarse sums. All of them give the outcomes that a session gives.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import IntArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.close_draws import thresholds
from qnnq.execution.model import Model
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.patterns import WIDEST, Rows, outcomes_of, pattern_of
from qnnq.execution.modes.wide_layer import WideLayer
from qnnq.networks.activation import rotated
from qnnq.networks.network import Network

LARGEST_TABLE = 1 << 21
"""Numbers of a table: 16 neurons before 32."""

FEWEST_SHOTS = 4
"""An image, from which on its thresholds take less time than its draws by themselves."""

SHOTS_PER_PATTERN = 2
"""From which on a table takes less time than the shots by themselves."""

_KEPT = 1 << 17
"""Largest number of the first layer's angles that are kept for the next run of the same images."""

Answer = Callable[[NDArray[Any], Draws], OutcomeArray]
"""Returns the outcomes (images, shots, width) of what arrives (images, 1 or shots, inputs)."""

Turned = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The cosines and sines of angles."""


def fresh_layers(
    model: Model, mode: Mode, images: int, shots: int, data: str = ""
) -> list[Answer | None]:
    """Return how each layer answers without a session; None: not, or not faster.

    Args:
        model: Any but a `Network` needs a session: its layers may take more than what arrived last.
        mode: How it is deployed.
        images: How many are run.
        shots: How many each of them gets.
        data: Digest of the data set that the images are of; "" where it is not known.
    """
    if not isinstance(model, Network):
        return [None] * len(model.widths)
    forms = [mode.closed_form(layer) for layer in range(model.hidden)]
    return [
        None
        if form is None
        else _first(model, form, shots, data)
        if layer == 0
        else _answer(model, layer, form, images * shots)
        for layer, form in enumerate(forms)
    ]


def _first(network: Network, form: NDArray[np.float64], shots: int, data: str) -> Answer | None:
    return ByImage(network, form, data) if shots >= FEWEST_SHOTS else None


def _answer(network: Network, layer: int, form: NDArray[np.float64], shots: int) -> Answer | None:
    before, width, copies = network.widths[layer - 1], network.widths[layer], form.shape[1]
    if before <= WIDEST:
        patterns = copies << before
        worth = patterns * SHOTS_PER_PATTERN <= shots and patterns * width <= LARGEST_TABLE
        return ByPattern(network, layer, form) if worth else None
    return WideLayer.if_worth(network, layer, form)


class ByImage:
    """The first layer: all shots of an image share its thresholds.

    Args:
        network: The network.
        form: See `Mode.closed_form`.
        data: Digest of the data set, by which its images are remembered.
    """

    def __init__(self, network: Network, form: NDArray[np.float64], data: str = "") -> None:
        self._network = network
        self._form = form
        self._data = data

    def __call__(self, inputs: NDArray[Any], draws: Draws) -> OutcomeArray:
        """Return the outcomes; see `Answer`."""
        cosines, sines = self._turned(inputs[:, 0], draws)  # (images, width)
        form: Sequence[NDArray[np.float64]] = tuple(self._form[:, 0])
        if self._form.shape[1] > 1:
            form = tuple(self._form[:, draws.copies(self._form.shape[1])])
        limits = thresholds(_minus(form, cosines, sines))
        return _below(draws.numbers(limits.shape[-1]), limits[:, None])

    def _turned(self, pixels: NDArray[Any], draws: Draws) -> Turned:
        if not self._data or len(pixels) * self._network.widths[0] > _KEPT:
            return _turned(self._network, 0, pixels)
        return _kept(self._network, _Pixels(pixels, self._data, draws.images))


class ByPattern:
    """A layer behind a narrow one: the thresholds of the patterns that arrive, in a table.

    Args:
        network: The network.
        layer: The layer, from 1 on.
        form: See `Mode.closed_form`.
    """

    def __init__(self, network: Network, layer: int, form: NDArray[np.float64]) -> None:
        self._form = form
        self._copies = form.shape[1]
        self._patterns, self._width = 1 << network.widths[layer - 1], network.widths[layer]
        self._turned = _of_patterns(network, layer)
        none = np.empty((0, self._width), dtype=np.int32)
        self._limits = Rows(self._copies * self._patterns, none, self._made)

    def _made(self, rows: IntArray) -> NDArray[np.int32]:
        copy, pattern = np.divmod(rows, self._patterns)
        turned = self._turned[pattern]
        form = tuple(self._form[:, copy] if self._copies > 1 else self._form)
        return thresholds(_minus(form, turned[:, : self._width], turned[:, self._width :]))

    def __call__(self, inputs: NDArray[Any], draws: Draws) -> OutcomeArray:
        """Return the outcomes; see `Answer`."""
        row = pattern_of(inputs)  # (images, shots)
        if self._copies > 1:
            row += draws.copies(self._copies)[:, None] * self._patterns
        return _below(draws.numbers(self._width), self._limits[row])


def _minus(
    form: Sequence[NDArray[np.float64]], cosines: NDArray[np.float64], sines: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return P(-1) in double precision, by the operations of the engines in their order."""
    constant, cosine, sine = form
    minus = cosine * cosines
    minus += constant
    minus += sine * sines
    return minus


def _below(numbers: NDArray[np.int32], limits: NDArray[np.int32]) -> OutcomeArray:
    """Return -1 where a number is below its limit, else +1; the shapes broadcast."""
    outcomes = (numbers >= limits).view(np.int8)
    outcomes *= 2
    outcomes -= 1
    return outcomes


def _turned(network: Network, layer: int, inputs: NDArray[Any]) -> Turned:
    """Return the cosines and sines of a layer's angles, (rows, width), for (rows, inputs)."""
    activations = network.activated(layer, network.sums(layer)(inputs))
    plus = activations == 1
    # Most activations of a trained network are clipped, and then two angles are all there are.
    others = np.flatnonzero(~plus & (activations != -1))
    angles = rotated(activations.reshape(-1)[others]).astype(np.float64)
    ends = rotated(np.array([1, -1], dtype=np.float32)).astype(np.float64)
    cosine, sine = np.cos(ends), np.sin(ends)
    cosines, sines = np.where(plus, cosine[0], cosine[1]), np.where(plus, sine[0], sine[1])
    cosines.reshape(-1)[others] = np.cos(angles)
    sines.reshape(-1)[others] = np.sin(angles)
    return cosines, sines


@lru_cache(maxsize=8)
def _of_patterns(network: Network, layer: int) -> Rows:
    """Return the cosines and sines behind patterns of the layer before, (patterns, 2 * width)."""
    before, width = network.widths[layer - 1], network.widths[layer]

    def turned(patterns: IntArray) -> NDArray[np.float64]:
        return np.concatenate(_turned(network, layer, outcomes_of(patterns, before)), axis=1)

    return Rows(1 << before, np.empty((0, 2 * width)), turned)


class _Pixels:
    """Images that equal others of the same data and indices, which alone are kept."""

    def __init__(self, pixels: NDArray[Any], data: str, images: IntArray) -> None:
        self._key = data, images.tobytes()
        self._pixels: NDArray[Any] | None = pixels

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pixels) and self._key == other._key

    def taken(self) -> NDArray[Any]:
        """Return the images, once."""
        pixels, self._pixels = self._pixels, None
        assert pixels is not None
        return pixels


@lru_cache(maxsize=32)
def _kept(network: Network, pixels: _Pixels) -> Turned:
    """Return `_turned` of images; a sweep runs the same ones under many noises."""
    return _turned(network, 0, pixels.taken())

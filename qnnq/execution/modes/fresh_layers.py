"""What layers answer whose neurons have no past, and answer each on their own.

Such an outcome hangs on what arrives, its random number and three numbers of its neuron alone, so
that it needs no session. A layer answers in one of three ways, whichever is fastest: the first one
by the thresholds of each image, one behind a narrow layer by those of each pattern of outcomes, one
behind a wide layer by coarse sums. All of them give the outcomes that a session gives.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import IntArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.model import Model
from qnnq.execution.modes.base import Mode
from qnnq.execution.modes.limits import Limits, Turned, limits_of
from qnnq.execution.modes.patterns import WIDEST, Rows, outcomes_of, pattern_of
from qnnq.execution.modes.wide_layer import WideLayer
from qnnq.networks.activation import rotated
from qnnq.networks.network import Network

LARGEST_TABLE = 1 << 21
"""Numbers of a table: 16 neurons before 32."""

LARGEST_JOINT_TABLE = 1 << 22
"""The same of joined neurons, which take more time by themselves: 16 before 16 in fours."""

FEWEST_SHOTS = 4
"""An image, from which on its thresholds take less time than its draws by themselves."""

SHOTS_PER_PATTERN = 2
"""From which on a table takes less time than the shots by themselves."""

_KEPT = 1 << 17
"""Largest number of the first layer's angles that are kept for the next run of the same images."""

Answer = Callable[[NDArray[Any], Draws], OutcomeArray]
"""Returns the outcomes (images, shots, width) of what arrives (images, 1 or shots, inputs)."""


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
        None if form is None else _answer(model, layer, form, images, shots, data)
        for layer, form in enumerate(forms)
    ]


def _answer(
    network: Network,
    layer: int,
    form: NDArray[np.float64] | LayerResponse,
    images: int,
    shots: int,
    data: str,
) -> Answer | None:
    width = network.widths[layer]
    limits = limits_of(form, width)
    if limits is None:
        return None
    if layer == 0:
        return ByImage(network, limits, data) if shots >= FEWEST_SHOTS else None
    before = network.widths[layer - 1]
    if before <= WIDEST:
        patterns = limits.copies << before
        numbers = patterns * limits.columns(width)
        largest = LARGEST_JOINT_TABLE if isinstance(form, LayerResponse) else LARGEST_TABLE
        worth = patterns * SHOTS_PER_PATTERN <= images * shots and numbers <= largest
        return ByPattern(network, layer, limits) if worth else None
    return None if isinstance(form, LayerResponse) else WideLayer.if_worth(network, layer, form)


class ByImage:
    """The first layer: all shots of an image share its thresholds.

    Args:
        network: The network.
        limits: Its limits.
        data: Digest of the data set, by which its images are remembered.
    """

    def __init__(self, network: Network, limits: Limits, data: str = "") -> None:
        self._network = network
        self._limits = limits
        self._data = data

    def __call__(self, inputs: NDArray[Any], draws: Draws) -> OutcomeArray:
        """Return the outcomes; see `Answer`."""
        turned = self._turned(inputs[:, 0], draws)  # (images, width)
        limits = self._limits.of_rows(turned, draws.copies(self._limits.copies))
        numbers = draws.numbers(self._network.widths[0])
        return self._limits.outcomes(numbers, limits[:, None])

    def _turned(self, pixels: NDArray[Any], draws: Draws) -> Turned:
        if not self._data or len(pixels) * self._network.widths[0] > _KEPT:
            return _turned(self._network, 0, pixels)
        return _kept(self._network, _Pixels(pixels, self._data, draws.images))


class ByPattern:
    """A layer behind a narrow one: the thresholds of the patterns that arrive, in a table.

    Args:
        network: The network.
        layer: The layer, from 1 on.
        limits: Its limits.
    """

    def __init__(self, network: Network, layer: int, limits: Limits) -> None:
        self._limits = limits
        self._copies = limits.copies
        self._patterns, self._width = 1 << network.widths[layer - 1], network.widths[layer]
        self._turned = _of_patterns(network, layer)
        none = np.empty((0, limits.columns(self._width)), dtype=np.int32)
        self._rows = Rows(self._copies * self._patterns, none, self._made)

    def _made(self, rows: IntArray) -> NDArray[np.int32]:
        copy, pattern = np.divmod(rows, self._patterns)
        turned = self._turned[pattern]
        return self._limits.of_rows((turned[:, : self._width], turned[:, self._width :]), copy)

    def __call__(self, inputs: NDArray[Any], draws: Draws) -> OutcomeArray:
        """Return the outcomes; see `Answer`."""
        row = pattern_of(inputs)  # (images, shots)
        if self._copies > 1:
            row += draws.copies(self._copies)[:, None] * self._patterns
        return self._limits.outcomes(draws.numbers(self._width), self._rows[row])


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

"""Features that are no pixels: a map to [0, 1] that the network carries.

x = low + p (high - low) holds for the features x that a network was trained on and the pixels p
that it takes here, so W x + b = W (high - low) p + (b + W low): the first layer takes up the map.
"""

import json
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.networks.network import Network

_KEY = "features"
_MARGIN = 0.5
"""Of a feature's span, on both sides: what is measured later may lie outside of the training's."""


@dataclass(frozen=True)
class Scaling:
    """A range of each feature, `low` and `high` of shape (features,), which becomes [0, 1]."""

    low: FloatArray
    high: FloatArray

    @classmethod
    def of_features(cls, features: FloatArray) -> Self:
        """Return the scaling for training features, (n, features); spans get a margin of half."""
        low, high = features.min(axis=0), features.max(axis=0)
        span = np.where(high > low, high - low, 1.0)
        return cls(low - _MARGIN * span, high + _MARGIN * span)

    @classmethod
    def of_network(cls, network: Network) -> Self:
        """Return the scaling that a network carries; raises `InputError` if it carries none."""
        text = network.information.get(_KEY)
        if text is None:
            raise InputError(
                "expected a network with a scaling (qnnq import --features FILE makes one)"
            )
        try:
            ranges = np.array(json.loads(text), dtype=np.float64)
            low, high = ranges
        except ValueError:
            raise InputError(f"metadata: {_KEY}: expected two lists of numbers") from None
        return cls(low, high)

    def pixels(self, features: FloatArray) -> FloatArray:
        """Return features, (n, features), as pixels in [0, 1].

        Raises `InputError` for another number of features, or one outside of its range.
        """
        if features.ndim != 2 or features.shape[1] != len(self.low):
            raise InputError(
                f"features: expected an array (n, {len(self.low)}), got {features.shape}"
            )
        pixels: FloatArray = (features - self.low) / (self.high - self.low)
        bad = np.argwhere(~((pixels >= 0) & (pixels <= 1)))  # also true of nan
        if len(bad):
            row, column = bad[0]
            raise InputError(
                f"features: expected {self.low[column]:g} to {self.high[column]:g} in column "
                f"{column} (the training's range and half of it on both sides), got "
                f"{features[row, column]:g} in row {row}"
            )
        return pixels

    def taken_up_by(self, network: Network) -> Network:
        """Return the network that takes pixels where `network` takes features."""
        first = network.weights[0].astype(np.float64)
        if first.shape[1] != len(self.low):
            raise InputError(
                f"features: expected {first.shape[1]} (what the network takes), got {len(self.low)}"
            )
        bias = first @ self.low
        if network.biases[0] is not None:
            bias = bias + network.biases[0]
        ranges = json.dumps([self.low.tolist(), self.high.tolist()])
        return replace(
            network,
            weights=(first * (self.high - self.low), *network.weights[1:]),
            biases=(bias, *network.biases[1:]),
            information={**network.information, _KEY: ranges},
        )

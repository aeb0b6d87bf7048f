"""Features that are no pixels: a map to [0, 1] that the network carries.

x = low + p (high - low) holds for the features x that a network was trained on and the pixels p
that it takes here, so W x + b = W (high - low) p + (b + W low): the first layer takes up the map.
The ranges are part of a network's information, so that it takes features as they are.
"""

import json
import warnings
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from qnnq.arrays import FloatArray
from qnnq.errors import InputError
from qnnq.networks.network import Network

_KEY = "features"
_COLUMNS = "feature_names"
_OUTSIDE = "features_outside"
_CLIP = "clip"
_MARGIN = 0.5
"""Of a feature's span, on both sides: what is measured later may lie outside of the training's."""


@dataclass(frozen=True)
class Scaling:
    """A range of each feature, `low` and `high` of shape (features,), which becomes [0, 1].

    Attributes:
        low: What becomes 0.
        high: What becomes 1.
        clip: Whether features outside of their range are taken for its end, or refused.
        columns: What the features are called, where that is known.
    """

    low: FloatArray
    high: FloatArray
    clip: bool = False
    columns: tuple[str, ...] | None = None

    @classmethod
    def of_features(
        cls, features: FloatArray, clip: bool = False, columns: tuple[str, ...] | None = None
    ) -> Self:
        """Return the scaling for training features, (n, features); spans get a margin of half."""
        low, high = features.min(axis=0), features.max(axis=0)
        span = np.where(high > low, high - low, 1.0)
        return cls(low - _MARGIN * span, high + _MARGIN * span, clip, columns)

    @classmethod
    def of_network(cls, network: Network) -> Self | None:
        """Return the scaling that a network carries, if it carries one."""
        known = network.information
        if _KEY not in known:
            return None
        try:
            low, high = np.array(json.loads(known[_KEY]), dtype=np.float64)
            columns = json.loads(known[_COLUMNS]) if _COLUMNS in known else None
        except (ValueError, TypeError):
            raise InputError(f"metadata: {_KEY}: expected two lists of numbers") from None
        names = None if columns is None else tuple(map(str, columns))
        return cls(low, high, known.get(_OUTSIDE) == _CLIP, names)

    def pixels(self, features: FloatArray, columns: tuple[str, ...] | None = None) -> FloatArray:
        """Return features, (n, features), as pixels in [0, 1].

        Raises `InputError` for other features than these, or where one is outside of its range.
        """
        if self.columns and columns and self.columns != columns:
            raise InputError(
                f"columns: expected {', '.join(self.columns)} in this order, got "
                f"{', '.join(columns)}"
            )
        if features.ndim != 2 or features.shape[1] != len(self.low):
            raise InputError(
                f"features: expected an array (n, {len(self.low)}), got {features.shape}"
            )
        pixels: FloatArray = (features - self.low) / (self.high - self.low)
        bad = np.argwhere(~((pixels >= 0) & (pixels <= 1)))  # also true of nan
        if self.clip and len(bad):
            warnings.warn(
                f"{len(bad):,} of {pixels.size:,} features were outside of the training's range "
                "and half of it on both sides; they were clipped to it",
                stacklevel=2,
            )
            clipped: FloatArray = pixels.clip(0, 1)
            return clipped
        if len(bad):
            row, column = bad[0]
            raise InputError(
                f"features: expected {self.low[column]:g} to {self.high[column]:g} in column "
                f"{column} (the training's range and half of it on both sides), got "
                f"{features[row, column]:g} in row {row}; --clip, where a network is made, takes "
                "such for the end of the range"
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
        carrier = self.stored_in(network)
        return replace(
            carrier,
            weights=(first * (self.high - self.low), *network.weights[1:]),
            biases=(bias, *network.biases[1:]),
        )

    def stored_in(self, network: Network) -> Network:
        """Return a network of pixels that carries this scaling."""
        stored = {_KEY: json.dumps([self.low.tolist(), self.high.tolist()])}
        if self.clip:
            stored[_OUTSIDE] = _CLIP
        if self.columns:
            stored[_COLUMNS] = json.dumps(self.columns)
        return replace(network, information={**network.information, **stored})

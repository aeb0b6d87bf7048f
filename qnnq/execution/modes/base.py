"""The seam between the shot loop and where its layers are measured."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, OutcomeArray
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.layer_response import LayerResponse


class Session(Protocol):
    """The neurons of some images and shots on their way through the layers."""

    def step(self, layer: int, activations: FloatArray, draws: Draws) -> OutcomeArray:
        """Rotate and measure every neuron of the next layer.

        Args:
            layer: The hidden layer: 0, then 1, and so on.
            activations: phi(z) in float32; shape (images, 1, width) where all shots of an image
                share them, else (images, shots, width).
            draws: The images, the number of shots and their random numbers.

        Returns:
            Outcomes +1 (bit 0) and -1 (bit 1), as they are reported, (images, shots, width).
        """
        ...


class Mode(Protocol):
    """How a layered network is deployed."""

    @property
    def images_per_call(self) -> int | None:
        """How many images one session may get; None asks for all of them at once."""
        ...

    @property
    def bytes_per_outcome(self) -> int:
        """How much memory a session needs, for each image, shot and neuron of the widest layer."""
        ...

    def closed_form(self, layer: int) -> NDArray[np.float64] | LayerResponse | None:
        """Return what tells a layer's outcomes without a session, if anything does.

        Returns:
            a, b, c of P(-1) = a + b cos(theta) + c sin(theta) of neurons without a past at
            theta = (pi/2)(1 - phi), shape (3, copies, neurons or 1); the whole response where
            outcomes are joint; None where they depend on more than that.
        """
        ...

    def start(self) -> Session:
        """Start with neurons without a past."""
        ...

"""The seam between the shot loop and what is run."""

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from qnnq.arrays import FloatArray


class Model(Protocol):
    """Layers of neurons whose angles follow from the outcomes so far."""

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of neurons of each layer."""
        ...

    @property
    def classes(self) -> int:
        """The number of classes that are told apart."""
        ...

    def controls(self, history: Sequence[NDArray[Any]]) -> FloatArray:
        """Return what the next layer's neurons turn by: theta = (pi/2)(r_last - phi).

        Args:
            history: The images, (images, 1, inputs), then the outcomes of every layer so far,
                (images, shots, width).

        Returns:
            phi in float32, shape (images, 1 or shots, width).
        """
        ...

    def logits(self, history: Sequence[NDArray[Any]]) -> FloatArray:
        """Return the logits of all classes after the last layer, (images, shots, classes)."""
        ...

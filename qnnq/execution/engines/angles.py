"""The angles of a layer, and what they follow from on every processor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import FloatArray, IntArray

Index = tuple[IntArray, IntArray, IntArray]
"""Images, shots and neurons of some outcomes, an array each."""


@dataclass(frozen=True, eq=False)
class Angles:
    """The angles alpha' of a layer's neurons, for some images and shots.

    Where neurons have a past, the last bits of an angle are those of a processor's sine and
    arctangent. Nothing may hang on them: which rows are equal is read from `origins`, and what a
    draw decides that is too close for single precision is decided by `at`.

    Attributes:
        values: Radians, shape (images, 1 or shots, width).
        error: How far they may be from the exact ones; broadcasts with `values`.
        origins: Returns what they follow from, the same bits on every processor: neurons of equal
            origins have equal angles. Shape (images, 1 or shots, width, numbers).
        at: Returns the angles of some outcomes in double precision.
    """

    values: FloatArray
    error: FloatArray | float
    origins: Callable[[], FloatArray]
    at: Callable[[Index], NDArray[np.float64]]

    @classmethod
    def given(cls, values: FloatArray) -> Self:
        """Return angles that are the same bits on every processor."""

        def at(index: Index) -> NDArray[np.float64]:
            image, shot, neuron = index
            own = values[image, shot if values.shape[1] > 1 else 0, neuron]
            return np.asarray(own, dtype=np.float64)

        return cls(values, 0.0, lambda: values[..., None], at)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of `values`."""
        return self.values.shape

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.values)

    def __getitem__(self, rows: IntArray) -> "Angles":
        """Return the angles of some of the images."""
        error = self.error if isinstance(self.error, float) else self.error[rows]
        return Angles(
            self.values[rows],
            error,
            lambda: self.origins()[rows],
            lambda index: self.at((rows[index[0]], *index[1:])),
        )

    def settled(self) -> FloatArray:
        """Return `values` from double precision: a last bit of that rarely reaches them."""
        if isinstance(self.error, float) and self.error == 0:
            return self.values
        images, shots, neurons = np.indices(self.shape, sparse=True)
        return self.at((images, shots, neurons)).astype(self.values.dtype)

"""The exact noisy instruments of neurons that live on from layer to layer, as arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BranchTable:
    """What some branches do to all neurons, for every pattern of the bits that they depend on.

    Attributes:
        bits: Neurons of the layer before, ascending. A pattern is the sum of 2**k times the bit of
            neuron bits[k].
        exact: Take coordinates before to coordinates after; shape (neurons, cases, before,
            after). The cases are the patterns; for the first table of a layer those of neurons
            whose last outcome was +1, then those of neurons where it was -1.
    """

    bits: tuple[int, ...]
    exact: Matrix

    @cached_property
    def matrices(self) -> NDArray[np.float32]:
        """`exact` in single precision."""
        return self.exact.astype(np.float32)


@dataclass(frozen=True, eq=False)
class LayerInstrument:
    """What one step does to the neurons of its layer, and to others that later layers measure.

    A state has coordinates, the first of which is the trace, 1; what they mean depends on the
    outcome that was reported last. A step gives unnormalised coordinates for both reported
    outcomes, one after the other.

    Attributes:
        width: Neurons of the layer.
        tables: The branches in front of the layer, one table after the other, the last one with
            the layer; none where the angles are computed outside.
        exact: None with tables; else take the products of (1, cos theta, sin theta), the two
            last outcomes (+1, -1) and the coordinates; shape (neurons, products, 2 * after).
    """

    width: int
    tables: tuple[BranchTable, ...]
    exact: Matrix | None

    @cached_property
    def matrices(self) -> NDArray[np.float32] | None:
        """`exact` in single precision."""
        return None if self.exact is None else self.exact.astype(np.float32)

    @property
    def neurons(self) -> int:
        """How many neurons it acts on."""
        return len(self.tables[0].exact if self.exact is None else self.exact)

    @property
    def numbers_per_neuron(self) -> int:
        """How many numbers are held at once for a neuron: before a product, and twice after."""
        tables = [table.exact for table in self.tables]
        every = tables if self.exact is None else [self.exact]
        return max(int(each.shape[-2] + 2 * each.shape[-1]) for each in every)

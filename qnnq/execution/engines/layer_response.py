"""The noisy response of one layer, arranged by copy and neuron for array arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import IntArray
from qnnq.errors import InputError
from qnnq.execution.engines.angles import Index
from qnnq.execution.engines.base import Draws


@dataclass(frozen=True)
class ComponentResponse:
    """The response of neurons whose outcomes may be correlated.

    Attributes:
        slots: The neurons' slots in the layer's circuit, ascending, k of them.
        coefficients: Shape (2,) * k + (3,) * k: for each pattern of bits, the coefficients of
            the products of (1, cos theta, sin theta) over the k angles; (5,) * k with
            cos(theta / 2) and sin(theta / 2).
    """

    slots: tuple[int, ...]
    coefficients: NDArray[np.float64]

    @classmethod
    def of_neuron(cls, slot: int, minus: NDArray[np.float64]) -> Self:
        """Return the response of a neuron of its own from a, b, c of its P(-1), shape (3,)."""
        return cls((slot,), np.stack([np.array([1.0, 0.0, 0.0]) - minus, minus]))


@dataclass(frozen=True, eq=False)
class JoinedNeurons:
    """Neurons in groups of k whose outcomes are correlated, all groups of one copy.

    Attributes:
        neurons: The neurons of each group, shape (groups, k).
        coefficients: For each pattern of bits, the coefficients of the products of
            (1, cos theta, sin theta) over the k angles, shape (groups, 2**k, 3**k); 5**k with
            cos(theta / 2) and sin(theta / 2).
    """

    neurons: IntArray
    coefficients: NDArray[np.float64]

    @property
    def degree(self) -> int:
        """Of the polynomials: 1, or 2 in half of each angle."""
        return 1 if self.coefficients.shape[2] == 3 ** self.neurons.shape[1] else 2


@dataclass(frozen=True, eq=False)
class LayerResponse:
    """What a layer answers to its neurons' angles.

    Attributes:
        exact: a, b, c of P(-1) = a + b cos(theta) + c sin(theta); shape (3, copies, neurons), 0
            for joined neurons. The neurons of the last execution of a layer that is wider than
            the chip include its spare ones, where those are joined to used ones.
        joined: The joined neurons of each copy.
    """

    exact: NDArray[np.float64]
    joined: tuple[tuple[JoinedNeurons, ...], ...]

    @cached_property
    def minus(self) -> NDArray[np.float32]:
        """`exact` in single precision."""
        return self.exact.astype(np.float32)

    @property
    def copies(self) -> int:
        """Copies of the layer on the chip."""
        return int(self.exact.shape[1])

    @property
    def has_joined(self) -> bool:
        """Whether an inserted gate makes the outcome of a neuron depend on another's angle."""
        return any(self.joined)

    @classmethod
    def of_components(
        cls, slot_of: IntArray, slots: int, responses: Sequence[ComponentResponse]
    ) -> Self:
        """Arrange the components of a circuit.

        Args:
            slot_of: The slot of each neuron of each copy, (copies, width). A layer wider than the
                chip uses each slot several times, neuron j being in execution j // slots.
            slots: How many slots there are.
            responses: The components of the circuit, which cover the slots.

        Raises:
            InputError: If neurons of several images are joined.
        """
        joint = [response for response in responses if len(response.slots) > 1]
        width = slot_of.shape[1]
        if any(len({slot // width for slot in response.slots}) > 1 for response in joint):
            raise InputError(
                "noise: its ZZ coupling joins neurons of several copies, which only `engine` aer "
                "simulates"
            )
        parts = -(-slot_of.shape[1] // slots)
        if joint and parts > 1:
            # The last execution's spare slots, whose angle is 0, may be joined to used ones.
            slot_of = np.arange(parts * slots)[None, :] % slots
        single = np.zeros((slots, 3))
        for response in responses:
            if len(response.slots) == 1:
                single[response.slots[0]] = response.coefficients[1]
        exact = np.moveaxis(single[slot_of], -1, 0)
        return cls(exact, tuple(_joined(row, joint) for row in slot_of))

    @classmethod
    def of_slots(cls, slot_of: IntArray, coefficients: NDArray[np.float64]) -> Self:
        """Arrange the responses of slots on their own: a, b, c of P(-1), shape (slots, 3)."""
        responses = [ComponentResponse.of_neuron(i, row) for i, row in enumerate(coefficients)]
        return cls.of_components(slot_of, len(coefficients), responses)

    def coefficients(self, draws: Draws) -> list[NDArray[np.float32]]:
        """Return a, b, c of P(-1); each broadcasts to (images, shots, neurons)."""
        if self.copies == 1:
            return list(self.minus)
        copy_of = draws.copies(self.copies)
        return [values[copy_of][:, None, :] for values in self.minus]

    def coefficients_at(self, index: Index, draws: Draws) -> list[NDArray[np.float64]]:
        """Return a, b, c of P(-1) of some outcomes in double precision."""
        image, _, neuron = index
        copy = draws.copies(self.copies)[image]
        return [values[copy, neuron] for values in self.exact]


def _joined(slots: IntArray, responses: Sequence[ComponentResponse]) -> tuple[JoinedNeurons, ...]:
    groups: dict[tuple[int, ...], list[tuple[IntArray, NDArray[np.float64]]]] = {}
    for response in responses:
        neurons = np.array([np.flatnonzero(slots == slot) for slot in response.slots])
        coefficients = response.coefficients.reshape(2 ** len(response.slots), -1)
        alike = groups.setdefault(response.coefficients.shape, [])
        alike.extend((each, coefficients) for each in neurons.T)
    return tuple(
        JoinedNeurons(np.stack([n for n, _ in found]), np.stack([c for _, c in found]))
        for found in groups.values()
        if found
    )


@runtime_checkable
class ClosedForm(Protocol):
    """An engine whose answers are known: neurons on their own have P(-1) = a + b cos + c sin."""

    def closed_form(self, layer: int) -> NDArray[np.float64] | LayerResponse:
        """Return a, b, c of a layer, shape (3, copies, neurons); all where outcomes are joint."""
        ...

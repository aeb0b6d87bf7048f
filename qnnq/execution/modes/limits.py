"""What random numbers are compared with: a limit a neuron, a tree of limits a group of joined ones.

A joined neuron's limit depends on the outcomes of those before it in its group: group by group, a
tree has one for the first, two for the second, four for the third, and so on.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from qnnq.arrays import IntArray, OutcomeArray
from qnnq.execution.engines.close_draws import thresholds
from qnnq.execution.engines.layer_response import JoinedNeurons, LayerResponse
from qnnq.execution.engines.polynomials import products

Turned = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The cosines and sines of angles."""


class Limits(Protocol):
    """How a layer answers to given random numbers."""

    copies: int
    """Of the layer on the chip."""

    def columns(self, width: int) -> int:
        """Return how many limits a layer of so many neurons has."""
        ...

    def of_rows(self, turned: Turned, copy: IntArray) -> NDArray[np.int32]:
        """Return the limits (rows, columns) of angles (rows, width), each on one copy (rows,)."""
        ...

    def outcomes(self, numbers: NDArray[np.int32], limits: NDArray[np.int32]) -> OutcomeArray:
        """Return outcomes (images, shots, width) of `Draws.numbers` and limits (..., columns)."""
        ...


def limits_of(form: NDArray[np.float64] | LayerResponse, width: int) -> Limits | None:
    """Return the limits of a layer, None where cosines and sines do not tell them.

    So they are where spare neurons are joined, copies in different ways, or by half angles.

    Args:
        form: See `qnnq.execution.modes.base.Mode.closed_form`.
        width: The layer's.
    """
    return Joint.of(form, width) if isinstance(form, LayerResponse) else Alone(form)


class Alone:
    """Limits of neurons that answer on their own.

    Args:
        form: a, b, c of P(-1), (3, copies, neurons or 1).
    """

    def __init__(self, form: NDArray[np.float64]) -> None:
        self._form = form
        self.copies = form.shape[1]

    def columns(self, width: int) -> int:
        """Return one a neuron."""
        return width

    def of_rows(self, turned: Turned, copy: IntArray) -> NDArray[np.int32]:
        """Return the limits of rows; see `Limits`.

        P(-1) is in double precision, by the operations of the engines in their order.
        """
        cosines, sines = turned
        constant, cosine, sine = self._form[:, 0] if self.copies == 1 else self._form[:, copy]
        minus = cosine * cosines
        minus += constant
        minus += sine * sines
        return thresholds(minus)

    def outcomes(self, numbers: NDArray[np.int32], limits: NDArray[np.int32]) -> OutcomeArray:
        """Return -1 where a number is below its limit, else +1; see `Limits`."""
        outcomes = (numbers >= limits).view(np.int8)
        outcomes *= 2
        outcomes -= 1
        return outcomes


class Joint:
    """Limits of joined neurons, and of those beside them.

    Args:
        response: Of a layer.
        kinds: For each number of joined neurons, those of each copy.
    """

    def __init__(self, response: LayerResponse, kinds: Sequence[Sequence[JoinedNeurons]]) -> None:
        joined = [copies[0].neurons.ravel() for copies in kinds]
        self._single = np.setdiff1d(np.arange(response.exact.shape[2]), np.concatenate(joined))
        self._alone = Alone(response.exact[..., self._single])
        self._kinds = kinds
        self.copies = response.copies

    @classmethod
    def of(cls, response: LayerResponse, width: int) -> Self | None:
        """Return the limits of a layer; see `limits_of`."""
        first, *others = response.joined
        alike = response.exact.shape[2] == width and all(
            len(own) == len(first) and all(map(_alike, own, first)) for own in others
        )
        alike = alike and all(kind.degree == 1 for kind in first)
        return cls(response, list(zip(*response.joined, strict=True))) if alike else None

    def columns(self, width: int) -> int:
        """Return one a neuron by itself, and those of the trees."""
        return len(self._single) + sum(_places(copies[0])[1] for copies in self._kinds)

    def of_rows(self, turned: Turned, copy: IntArray) -> NDArray[np.int32]:
        """Return the limits of rows; see `Limits`."""
        cosines, sines = turned
        alone = self._alone.of_rows((cosines[:, self._single], sines[:, self._single]), copy)
        trees = [self._trees(copies, turned, copy) for copies in self._kinds]
        return np.concatenate([alone, *trees], axis=1)

    def _trees(
        self, copies: Sequence[JoinedNeurons], turned: Turned, copy: IntArray
    ) -> NDArray[np.int32]:
        count = copies[0].neurons.shape[1]
        cosines, sines = (part[:, copies[0].neurons] for part in turned)  # (rows, groups, k)
        basis = np.stack([np.ones_like(cosines), cosines, sines], axis=-1)
        factors = products(basis)  # (rows, groups, 3 ** k)
        joint = np.empty((*factors.shape[:2], 2**count))
        for number, joined in enumerate(copies):
            rows = copy == number
            joint[rows] = np.einsum(
                "rgt,gpt->rgp", factors[rows], joined.coefficients, optimize=True
            )
        return thresholds(_tree(joint).reshape(len(joint), -1))

    def outcomes(self, numbers: NDArray[np.int32], limits: NDArray[np.int32]) -> OutcomeArray:
        """Return outcomes; see `Limits`."""
        outcomes = np.empty(numbers.shape, dtype=np.int8)
        start = len(self._single)
        alone = self._alone.outcomes(numbers[..., self._single], limits[..., :start])
        outcomes[..., self._single] = alone
        for copies in self._kinds:
            neurons = copies[0].neurons
            groups, end = _places(copies[0])
            trees = limits[..., start : start + end].reshape(*limits.shape[:-1], -1, groups)
            before: list[NDArray[np.bool_]] = []
            for number, members in enumerate(map(_axis, neurons.T)):
                level = trees[..., 2**number - 1 : 2 ** (number + 1) - 1, :]
                minus = numbers[..., members] < _chosen(level, before)
                outcomes[..., members] = np.int8(1) - 2 * minus.view(np.int8)
                before.append(minus)
            start += end
        return outcomes


def _places(joined: JoinedNeurons) -> tuple[int, int]:
    """Return the number of groups, and of the limits in their trees."""
    groups, count = joined.neurons.shape
    return groups, groups * (2**count - 1)


def _alike(one: JoinedNeurons, other: JoinedNeurons) -> bool:
    same = one.coefficients.shape == other.coefficients.shape
    return same and np.array_equal(one.neurons, other.neurons)


def _tree(joint: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(-1) of each neuron given those before it, (rows, places, groups).

    Args:
        joint: The probabilities of all patterns, (rows, groups, 2**k).
    """
    weights = joint.swapaxes(1, 2)
    levels = []
    while weights.shape[1] > 1:
        one = weights[:, 1::2]
        weights = weights[:, ::2] + one
        chance = np.divide(one, weights, out=np.zeros_like(weights), where=weights > 0)
        levels.append(np.clip(chance, 0, 1))  # of what is 0 but for rounding, it may be anything
    return np.concatenate(levels[::-1], axis=1)


def _axis(members: IntArray) -> slice | IntArray:
    """Return the neurons of one place in all groups as an index, the quickest that there is."""
    steps = np.unique(np.diff(members))
    if len(steps) == 1 and steps[0] > 0:
        return slice(int(members[0]), int(members[-1]) + 1, int(steps[0]))
    return members


def _chosen(level: NDArray[np.int32], before: Iterable[NDArray[np.bool_]]) -> NDArray[np.int32]:
    """Return the limits (..., groups) that the bits before lead to, of (..., places, groups)."""
    for minus in before:
        half = level.shape[-2] // 2
        level = np.where(minus[..., None, :], level[..., half:, :], level[..., :half, :])
    return level[..., 0, :]

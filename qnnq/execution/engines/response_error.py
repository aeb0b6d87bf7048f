"""How far a noise moves what neurons answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnnq.execution.engines.layer_response import ComponentResponse

Polynomial = tuple[tuple[int, ...], NDArray[np.float64]]
"""P(-1) of a slot: the slots whose angles it depends on, and the coefficients of the products of
their (1, cos, sin), shape (3,) * slots."""


def errors_of_slots(
    noisy: Sequence[ComponentResponse], ideal: Sequence[ComponentResponse]
) -> list[float]:
    """Return for every slot how far P(-1) is moved: the root mean square over all angles.

    Args:
        noisy: The components of a circuit, which cover its slots.
        ideal: Those of a circuit of the same slots.
    """
    first, second = _minus(noisy), _minus(ideal)
    return [_distance(first[slot], second[slot]) for slot in range(len(first))]


def _minus(responses: Sequence[ComponentResponse]) -> dict[int, Polynomial]:
    return {
        slot: (response.slots, _marginal(response, axis))
        for response in responses
        for axis, slot in enumerate(response.slots)
    }


def _marginal(response: ComponentResponse, axis: int) -> NDArray[np.float64]:
    others = tuple(other for other in range(len(response.slots)) if other != axis)
    return np.asarray(response.coefficients.sum(axis=others)[1])


def _distance(first: Polynomial, second: Polynomial) -> float:
    slots = sorted({*first[0], *second[0]})
    squares = (_widened(first, slots) - _widened(second, slots)) ** 2
    for _ in slots:  # the mean of cos^2 and of sin^2 is 1/2, the products are orthogonal
        squares = np.tensordot([1.0, 0.5, 0.5], squares, axes=(0, 0))
    return float(np.sqrt(squares))


def _widened(polynomial: Polynomial, slots: Sequence[int]) -> NDArray[np.float64]:
    own, coefficients = polynomial
    wide = np.zeros((3,) * len(slots))
    wide[tuple(slice(None) if slot in own else 0 for slot in slots)] = coefficients
    return wide

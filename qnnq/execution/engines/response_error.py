"""How far a noise moves what neurons answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qnnq.execution.engines.layer_response import ComponentResponse


def errors_of_slots(
    noisy: Sequence[ComponentResponse],
    ideal: Sequence[ComponentResponse],
    joint: Sequence[Sequence[int]] = (),
) -> list[float]:
    """Return for every slot how far P(-1) is moved: the root mean square over all angles.

    Args:
        noisy: The components of a circuit, which cover its slots.
        ideal: Those of a circuit of the same slots.
        joint: Slots of each group whose joint answers count: of its slots, the root of half the sum
            of squares over all patterns, which of one neuron is the same.
    """
    groups = {slot: tuple(sorted(group)) for group in joint for slot in group}
    first, second = _by_slot(noisy), _by_slot(ideal)
    units = [groups.get(slot, (slot,)) for slot in range(len(first))]
    found = {
        unit: _distance(_part(first[unit[0]], unit), _part(second[unit[0]], unit))
        for unit in {*units}
    }
    return [found[unit] for unit in units]


def _by_slot(responses: Sequence[ComponentResponse]) -> dict[int, ComponentResponse]:
    return {slot: response for response in responses for slot in response.slots}


def _part(response: ComponentResponse, unit: tuple[int, ...]) -> ComponentResponse:
    """Return what some slots answer, by all angles that this depends on."""
    others = tuple(axis for axis, slot in enumerate(response.slots) if slot not in unit)
    return ComponentResponse(response.slots, response.coefficients.sum(axis=others))


def _distance(first: ComponentResponse, second: ComponentResponse) -> float:
    """Return the distance of the answers of the same slots, axes of patterns first."""
    slots = sorted({*first.slots, *second.slots})
    patterns = first.coefficients.ndim - len(first.slots)
    terms = max(each.coefficients.shape[-1] for each in (first, second))
    wide = [_widened(each, slots, patterns, terms) for each in (first, second)]
    squares = ((wide[0] - wide[1]) ** 2).reshape(-1, *(terms,) * len(slots)).sum(axis=0)
    mean = np.array([1.0, *[0.5] * (terms - 1)])  # of cos^2 and of sin^2; products are orthogonal
    for _ in slots:
        squares = np.tensordot(mean, squares, axes=(0, 0))
    return float(np.sqrt(squares / 2))


def _widened(
    response: ComponentResponse, slots: Sequence[int], patterns: int, terms: int
) -> NDArray[np.float64]:
    own = response.coefficients
    wide = np.zeros((*own.shape[:patterns], *(terms,) * len(slots)))
    place = [slice(own.shape[-1]) if slot in response.slots else 0 for slot in slots]
    wide[(slice(None),) * patterns + tuple(place)] = own
    return wide

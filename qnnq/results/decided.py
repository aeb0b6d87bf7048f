"""Images that noise decides: right without it and wrong with it, or the other way round."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.points import Measured
from qnnq.results.robustness import Change, change, groups


@dataclass(frozen=True)
class Decided:
    """An image that noise decides: its index, its class, the votes without and with the noise."""

    point: Measured
    image: int
    truth: int
    before: int
    after: int


def is_noiseless(point: Measured) -> bool:
    """Whether a point was measured without noise."""
    return bool(point.labels["strength"] == 0 or point.labels["noise"] == "ideal")


def noise_changes(points: Sequence[Measured]) -> list[Change]:
    """Compare every noisy point with the one of its setting without noise.

    Raises `InputError` where there is no such pair.
    """
    found = []
    for group in groups(points, ["strength", "noise", "off", "content"]):
        bases = [point for point in group if is_noiseless(point)]
        for point in group:
            if bases and not is_noiseless(point):
                found.append(change(point, bases[0]))
    if not found:
        raise InputError(
            "images that noise decides: expected settings with noise and without (strength 0)"
        )
    return found


def decided_images(changes: Sequence[Change]) -> list[Decided]:
    """Return the images that each setting's weakest noise changes, lost ones first.

    Of several repetitions it is the class that the majority of most of them is.
    """
    found: list[Decided] = []
    seen: set[int] = set()
    for each in sorted(changes, key=lambda one: float(one.point.labels["strength"])):
        images = each.paired.images
        before, after = (_votes(point, images) for point in (each.reference, each.point))
        truth = _on(each.point, images, each.point.truth)
        lost, gained = (
            np.flatnonzero((first == truth) & (second != truth))
            for first, second in ((before, after), (after, before))
        )
        places = [*lost.tolist(), *gained.tolist()]
        if id(each.reference) in seen or not places:
            continue
        seen.add(id(each.reference))
        found += [
            Decided(each.point, *(int(array[place]) for array in (images, truth, before, after)))
            for place in places
        ]
    return found


def _votes(point: Measured, images: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the class that the majority of most repetitions is, (images,)."""
    return _on(point, images, point.repetitions.most_voted(point.counts.shape[1]))


def _on(
    point: Measured, images: NDArray[np.int64], values: NDArray[np.integer]
) -> NDArray[np.intp]:
    return values[np.searchsorted(point.images, images)].astype(np.intp)

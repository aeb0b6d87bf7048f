"""Images that noise decides: right without it and wrong with it, or the other way round."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qnnq.errors import InputError
from qnnq.results.points import Measured
from qnnq.results.robustness import Change, groups, pair
from qnnq.statistics import behaviour, difference, majority_votes


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
                paired = pair(point, bases[0])
                right, reference = paired.right
                changes = behaviour(reference, right), difference(right, reference)
                found.append(Change(point, bases[0], paired, *changes))
    if not found:
        raise InputError(
            "images that noise decides: expected settings with noise and without (strength 0)"
        )
    return found


def decided_images(changes: Sequence[Change]) -> list[Decided]:
    """Return the images that each setting's weakest noise changes, lost ones first."""
    found: list[Decided] = []
    seen: set[int] = set()
    for change in sorted(changes, key=lambda each: float(each.point.labels["strength"])):
        places = np.concatenate([change.behaviour.lost, change.behaviour.gained])
        if id(change.reference) in seen or not len(places):
            continue
        seen.add(id(change.reference))
        for image in change.paired.images[places]:
            before, after = (_vote(point, int(image)) for point in (change.reference, change.point))
            truth = int(change.reference.truth[np.searchsorted(change.reference.images, image)])
            found.append(Decided(change.point, int(image), truth, before, after))
    return found


def _vote(point: Measured, image: int) -> int:
    row = int(np.searchsorted(point.images, image))
    return int(majority_votes(point.counts[row : row + 1])[0])

"""Points that others are read beside: networks whose one answer for an image is certain."""

from collections.abc import Sequence

import numpy as np

from qnnq.errors import InputError
from qnnq.results.points import Measured
from qnnq.results.task import CLASSICAL, UNSAMPLED


def unsampled_of(point: Measured, references: Sequence[Measured]) -> Measured | None:
    """Return the reference of a point's own weights on all of its images, None without one."""
    for each in references:
        if (
            each.labels.get("engine") == UNSAMPLED
            and each.network_digest == point.network_digest
            and each.data_digest == point.data_digest
            and np.isin(point.images, each.images).all()
        ):
            return each
    return None


def required_unsampled(point: Measured, references: Sequence[Measured]) -> Measured:
    """Return the same; raises `InputError` without one."""
    found = unsampled_of(point, references)
    if found is None:
        raise InputError(
            f"unsampled: expected the answers of {point.labels['network']} without sampling on the "
            "same images, found none; a sweep stores them, also when it is given again"
        )
    return found


def rivals(references: Sequence[Measured]) -> list[Measured]:
    """Return the references that are networks of their own."""
    return [each for each in references if each.labels["engine"] == CLASSICAL]

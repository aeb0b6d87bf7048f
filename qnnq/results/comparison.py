"""Any two sets of points compared on the same images."""

from collections.abc import Sequence
from typing import Any

from qnnq.errors import InputError
from qnnq.results.labels import shown
from qnnq.results.points import Measured
from qnnq.results.references import unsampled_of
from qnnq.results.robustness import change
from qnnq.results.tables import Row, compared, interval
from qnnq.results.task import UNSAMPLED
from qnnq.statistics import share_right

_REPETITION = ("images", "copies")
"""Labels in which points may differ and still be about the same."""


def compare(
    first: Sequence[Measured], second: Sequence[Measured], references: Sequence[Measured] = ()
) -> list[Row]:
    """Return the majority of `second` minus that of `first`, a row a pair that belongs together.

    Two points do where they are alike in every label of which both sides have the same values.
    The labels in which the sides differ are what is compared; the columns NAME_a and NAME_b hold
    them.

    Raises:
        InputError: If no two points belong together, or two that do have no image in common.
    """
    names = [name for name in first[0].labels if name in second[0].labels]
    apart = [name for name in names if _values(first, name) != _values(second, name)]
    alike = [name for name in names if name not in (*apart, *_REPETITION)]
    rows = [
        _row(a, b, alike, apart, references)
        for a in first
        for b in second
        if all(shown(a.labels[name]) == shown(b.labels[name]) for name in alike)
    ]
    if not rows:
        raise InputError(
            "compare: no two points belong together: expected two sources, or --a and --b that "
            "choose other points, such as --a strength=0 --b strength=1"
        )
    return rows


def _values(points: Sequence[Measured], name: str) -> set[str]:
    return {shown(point.labels[name]) for point in points}


def _row(
    a: Measured,
    b: Measured,
    alike: Sequence[str],
    apart: Sequence[str],
    references: Sequence[Measured],
) -> Row:
    found = change(b, a)
    right_b, right_a = found.paired.right
    labels: dict[str, Any] = {name: a.labels[name] for name in alike}
    labels |= {
        f"{name}_{side}": point.labels[name]
        for name in apart
        for side, point in (("a", a), ("b", b))
    }
    accuracies = {
        f"majority_{side}": share_right(right, repetitions=len(point.repetitions.keys))
        for side, right, point in (("a", right_a, a), ("b", right_b, b))
    }
    row = compared(labels, found, accuracies)
    if references:
        reference = unsampled_of(b, references)
        images = found.paired.images
        row |= interval(UNSAMPLED, reference and reference.on(images).accuracy())
    return row

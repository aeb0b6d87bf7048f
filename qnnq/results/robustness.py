"""Robustness from a sweep: breakdown strengths, what each mechanism costs, images by behaviour.

All of it is about majority votes, and paired: image by image, on those that the points compared
have in common.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseSpecification
from noise_models.attribution import single_mechanisms
from qnnq.devices.names import device_names, names_in
from qnnq.errors import InputError
from qnnq.results.labels import shown
from qnnq.results.points import Measured
from qnnq.results.references import required_unsampled
from qnnq.results.repetitions import spread
from qnnq.results.task import UNSAMPLED
from qnnq.statistics import (
    Behaviour,
    Breakdown,
    Difference,
    Right,
    behaviour,
    breakdown,
    difference,
)


@dataclass(frozen=True)
class Attribution:
    """What one mechanism does to one network under one noise.

    Attributes:
        alone: Accuracy with this mechanism alone minus the accuracy without noise, or None where
            the sweep lacks one of the two.
        removed: Accuracy without this mechanism minus the accuracy under the whole noise, or None.
        images: Images that were compared, the fewer of the two.
        complete: Whether all points that were compared are finished.
        point: One of the points that were compared.
    """

    labels: dict[str, object]
    mechanism: str
    alone: Difference | None
    removed: Difference | None
    images: int
    complete: bool
    point: Measured


@dataclass(frozen=True)
class Paired:
    """Points on the images that they have in common.

    Attributes:
        images: Indices of these images, ascending, shape (images,).
        right: For each point, by what share of repetitions its majority vote was right about each;
            of one repetition, whether it was; shape (images,).
        complete: Whether all of the points are finished.
    """

    images: NDArray[np.int64]
    right: tuple[Right, ...]
    complete: bool


@dataclass(frozen=True)
class Change:
    """A point beside another one, its reference.

    Attributes:
        point: The point.
        reference: What it is compared with.
        paired: Both on the images that they have in common, the point first.
        behaviour: Positions in `paired.images`, sorted by which of the two is right, an image once
            for every repetition of the two: those of one seed and round are compared; where the two
            have others, in their order; a lone one with all. Of engine `exact` it is right where
            the majority is so more often than not.
        difference: Accuracy of the point minus that of the reference.
    """

    point: Measured
    reference: Measured
    paired: Paired
    behaviour: Behaviour
    difference: Difference


@dataclass(frozen=True)
class Curve:
    """A setting along noise strength: its first point, its breakdown, the images it is about.

    `threshold` is the accuracy that it is not to fall below, `reference` the network whose it is,
    `unsampled`, or "".
    """

    first: Measured
    breakdown: Breakdown
    threshold: float
    reference: str
    images: int
    complete: bool


def pair(*points: Measured) -> Paired:
    """Pair points by image.

    Raises `InputError` where they are of different data, or have no image in common.
    """
    names = [_named(point) for point in points]
    if len({point.data_digest for point in points}) > 1:
        raise InputError(f"{' and '.join(names[:2])}: expected points on the same data to compare")
    images = reduce(np.intersect1d, (point.images for point in points))
    if not len(images):
        raise InputError(f"{' and '.join(names[:2])}: expected images in common, found none")
    right = tuple(point.right[np.searchsorted(point.images, images)] for point in points)
    return Paired(images, right, all(point.complete for point in points))


def change(point: Measured, reference: Measured) -> Change:
    """Compare a point with its reference on the images that they have in common.

    Raises `InputError` as `pair`.
    """
    paired = pair(point, reference)
    both = np.stack(_repetitions_together(point, reference, paired.images))
    there = ~np.isnan(both).any(axis=0)
    right, before = (each > 0.5 for each in both)
    kinds = behaviour(before[there], right[there], np.nonzero(there)[1])
    return Change(point, reference, paired, kinds, _difference(point, reference, paired))


def check_complete(points: Sequence[Measured]) -> None:
    """Raise `InputError` for a point that is not finished, which can mislead a comparison."""
    unfinished = [point for point in points if not point.complete]
    if unfinished:
        raise InputError(
            f"{len(unfinished)} of {len(points)} points are not finished, the first: "
            f"{_named(unfinished[0])}; expected all that are compared to be, or --unfinished to "
            "take them as they are"
        )


def groups(points: Iterable[Measured], apart: Sequence[str]) -> list[list[Measured]]:
    """Sort points into lists that differ in the labels `apart` only."""
    found: dict[str, list[Measured]] = {}
    for point in points:
        key = {name: value for name, value in point.labels.items() if name not in apart}
        found.setdefault(str(key), []).append(point)
    return list(found.values())


def classical(points: Sequence[Measured], like: Measured) -> Measured:
    """Return the classical network (stretch 0, entanglement pi/2) without noise.

    One of equally many shots is preferred. Raises `InputError` where the sweep has none with the
    widths and images of `like`.
    """
    for point in sorted(points, key=lambda each: each.shots != like.shots):
        labels = point.labels
        if (
            labels["stretch"] == 0
            and math.isclose(labels["entanglement"], math.pi / 2)
            and (labels["strength"] == 0 or labels["noise"] == "ideal")
            and labels["widths"] == like.labels["widths"]
            and point.data_digest == like.data_digest
            and np.intersect1d(point.images, like.images).size
        ):
            return point
    raise InputError(
        "the sweep lacks the classical network: expected one with stretch 0, entanglement pi/2 "
        f"and widths {like.labels['widths']} at strength 0, on the same images; "
        "qnnq results FILE --report breakdown --threshold ACCURACY does without"
    )


def breakdowns(
    points: Sequence[Measured],
    threshold: float | Literal["unsampled"] | None,
    references: Sequence[Measured] = (),
) -> list[Curve]:
    """Return each curve's breakdown strength.

    Args:
        points: All points.
        threshold: An accuracy; `unsampled`: that of the same weights without sampling; None: that
            of the classical network without noise, whose own curve is left out.
        references: See `qnnq.results.points.read_references`.

    Raises:
        InputError: Where there are no curves, or one lacks its reference.
    """
    found = []
    for curve in groups(points, ["strength"]):
        if len(curve) < 2:
            continue
        reference = None
        if threshold == UNSAMPLED:
            reference = required_unsampled(curve[0], references)
        elif threshold is None:
            reference = classical(points, curve[0])
        if reference in curve:
            continue
        curve.sort(key=lambda point: point.labels["strength"])
        strengths = [point.labels["strength"] for point in curve]
        paired = pair(*curve, *([reference] if reference else []))
        limit = threshold if isinstance(threshold, float | int) else paired.right[-1]
        value = breakdown(strengths, paired.right[: len(curve)], limit)
        named = ""
        if reference:
            named = UNSAMPLED if threshold == UNSAMPLED else str(reference.labels["network"])
        level, images = float(np.mean(limit)), len(paired.images)
        found.append(Curve(curve[0], value, level, named, images, paired.complete))
    if not found:
        raise InputError(
            "breakdown: expected points at two strengths or more"
            + ("" if threshold is not None else ", also of another network than the classical one")
        )
    return found


def attributions(points: Sequence[Measured]) -> list[Attribution]:
    """Return what each mechanism costs alone, and what its removal gains.

    It needs points with mechanisms switched off (`off` in the sweep file), and a point at
    strength 0 for the costs alone. Raises `InputError` where there are none with mechanisms off.
    """
    found = []
    noiseless = {
        _without(point, ["strength", "off", "noise"]): point
        for point in points
        if point.labels["strength"] == 0 or point.labels["noise"] == "ideal"
    }
    for group in groups(points, ["off"]):
        by_off = {_off(point): point for point in group}
        reference = noiseless.get(_without(group[0], ["strength", "off", "noise"]))
        whole = by_off.get(frozenset())
        if len(by_off) < 2 or group[0].labels["strength"] == 0:
            continue
        mechanisms = _mechanisms(str(group[0].labels["noise"]))
        for mechanism in mechanisms:
            alone = by_off.get(frozenset(mechanisms) - {mechanism})
            without = by_off.get(frozenset([mechanism]))
            cost = change(alone, reference) if alone and reference else None
            gain = change(without, whole) if without and whole else None
            changes = [each for each in (cost, gain) if each]
            if changes:
                found.append(
                    Attribution(
                        {k: v for k, v in group[0].labels.items() if k != "off"},
                        mechanism,
                        cost.difference if cost else None,
                        gain.difference if gain else None,
                        min(len(each.paired.images) for each in changes),
                        all(each.paired.complete for each in changes),
                        changes[0].point,
                    )
                )
    if not found:
        raise InputError(
            "attribution: expected points with mechanisms switched off, as by off = [[], "
            '"gate", ["relaxation", "readout", "idle"], ...] in the sweep file'
        )
    return found


def behaviours(points: Sequence[Measured]) -> list[Change]:
    """Compare every point with the one of stretch 0 that is alike in all but the network.

    Raises `InputError` where nothing can be compared.
    """
    found = []
    for group in groups(points, ["network", "stretch"]):
        references = [point for point in group if point.labels["stretch"] == 0]
        for point in group:
            if references and point.labels["stretch"] > 0:
                found.append(change(point, references[0]))
    if not found:
        raise InputError("behaviour: expected networks of stretch 0 and above at one setting")
    return found


def _difference(point: Measured, reference: Measured, paired: Paired) -> Difference:
    """Return the difference of two points, with the variance between repetitions that share."""
    between = 0.0, math.inf
    if point.shared or reference.shared:
        if point.repetitions.keys == reference.repetitions.keys:
            ours, theirs = (_answers(each, paired.images) for each in (point, reference))
            between = spread(ours - theirs)
        else:
            between = _independent(
                *(spread(_answers(p, paired.images)) for p in (point, reference) if p.shared)
            )
    return difference(paired.right[0], paired.right[1], between=between)


def _independent(*errors: tuple[float, float]) -> tuple[float, float]:
    """Return the variance of independent errors and its degrees of freedom (Satterthwaite)."""
    variance = sum(each for each, _ in errors)
    of_freedom = sum(each**2 / freedom for each, freedom in errors)
    return variance, variance**2 / of_freedom if of_freedom else math.inf


def _answers(point: Measured, images: NDArray[np.int64]) -> NDArray[np.floating]:
    """Return whether each repetition's majority was right, (repetitions, images); or no number."""
    rows = np.searchsorted(point.images, images)
    return point.repetitions.answers("majority", point.truth)[:, rows]


def _repetitions_together(
    point: Measured, reference: Measured, images: NDArray[np.int64]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return the answers of repetitions that are compared, each (repetitions, images)."""
    ours, theirs = _answers(point, images), _answers(reference, images)
    number = len(ours) if len(theirs) == 1 else len(theirs)
    if 1 not in (len(ours), len(theirs)):
        keys = point.repetitions.keys, reference.repetitions.keys
        common = sorted({*keys[0]} & {*keys[1]})
        if common:
            ours, theirs = (
                each[[of.index(key) for key in common]]
                for each, of in zip((ours, theirs), keys, strict=True)
            )
        number = min(len(ours), len(theirs))
        ours, theirs = ours[:number], theirs[:number]
    shape = number, len(images)
    return np.broadcast_to(ours, shape), np.broadcast_to(theirs, shape)


def _named(point: Measured) -> str:
    labels = point.labels
    kept = ("noise", "strength", "off", "pairs", "images", "content")
    told = [f"{name} {shown(labels[name])}" for name in kept if labels.get(name) not in ("", None)]
    return f"{labels['network']} ({', '.join(told)})"


def _mechanisms(noise: str) -> dict[str, NoiseSpecification]:
    """Return the mechanisms of a noise; `device` stands for the noise of some device."""
    names = [*device_names(), *names_in(noise), "device"]
    return single_mechanisms(NoiseSpecification.parse(noise, names))


def _off(point: Measured) -> frozenset[str]:
    return frozenset(filter(None, str(point.labels["off"]).split("+")))


def _without(point: Measured, names: Sequence[str]) -> str:
    return str({name: shown(v) for name, v in point.labels.items() if name not in names})

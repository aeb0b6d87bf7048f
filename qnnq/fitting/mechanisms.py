"""Mechanisms of noise that were not fitted, and what each would change in the counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noise_models.catalogue import MECHANISMS, SYNTHETIC
from noise_models.free import FreeSpecification
from qnnq.fitting.likelihood import Likelihood, Values

FIRST = {"strength": 1.0, "probability": 0.01, "angle": 0.03, "frequency": 5e4}
"""Sizes that are tried first: numbers, radians, hertz."""

SIGNED = ("angle", "frequency")
"""Kinds of sizes that may be negative."""

SEEN = 2.0
"""Standard deviations of the counts that a mechanism of the size that is looked at changes."""

TRIES = 3


@dataclass(frozen=True, eq=False)
class Direction:
    """What a mechanism of some size changes.

    Attributes:
        mechanism: It, with its size free.
        size: Which size; may be negative.
        power: Of the size, that the change is proportional to: 1, or 2 if its sign is lost.
        changes: Of the class probabilities of each setting, each (images, classes).
    """

    mechanism: FreeSpecification
    size: float
    power: int
    changes: list[NDArray[np.float64]]

    def scaled(self, share: float) -> float:
        """Return the size that changes `share` times as much, within the mechanism's range."""
        high = self.mechanism.parameters[0].high
        return float(np.clip(self.size * share ** (1 / self.power), -high, high))

    def text(self, share: float) -> str:
        """Return the mechanism at the size that changes `share` times as much."""
        return str(self.mechanism.at([float(f"{self.scaled(share):.2g}")]))


@dataclass(frozen=True, eq=False)
class Unfitted:
    """Mechanisms that were not fitted.

    Attributes:
        directions: Of those that change something.
        unseen: Those that change nothing on these circuits, or that cannot be simulated on them.
    """

    directions: Sequence[Direction]
    unseen: tuple[str, ...] = ()


def mechanisms(device: str, fitted: FreeSpecification) -> list[FreeSpecification]:
    """Return every mechanism of the noise language that a noise leaves out or fixes.

    A device's mechanisms are one by one larger than calibrated; of a synthetic term each number
    is free with the others 0. Drift and files have no size that could be found.

    Args:
        device: The device that the counts are of.
        fitted: The noise; what it leaves free is not returned.
    """
    free = {parameter.name.split("#")[0] for parameter in fitted.parameters}
    low, high = (
        fitted.at([getattr(parameter, end) for parameter in fitted.parameters])
        for end in ("low", "high")
    )
    moved = {
        (b.name, b.parameters)
        for a, b in zip(low.terms, high.terms, strict=True)
        if a.strength != b.strength
    }
    found = []
    for text in (*_of_device(device), *_synthetic()):
        each = FreeSpecification.parse(text, [device])
        term = each.at([each.parameters[0].high]).terms[0]
        if each.parameters[0].name in free and not term.is_device:
            continue
        if (term.name, term.parameters) not in moved:
            found.append(each)
    return found


def _of_device(device: str) -> Iterator[str]:
    for mechanism in MECHANISMS:
        off = ", ".join(f"{other}=off" for other in MECHANISMS if other != mechanism)
        yield f"{device}({off})*?"


def _synthetic() -> Iterator[str]:
    for name, kind in SYNTHETIC.items():
        if {"file", "spread"} & set(kind.keys.values()):
            continue
        if "time" in kind.keys.values():
            yield f"{kind.example}*?"
            continue
        for form in kind.forms:
            for free in (key for key in kind.keys if key in form):
                values = (f"{key}={'?' if key == free else 0}" for key in kind.keys if key in form)
                yield f"{name}({', '.join(values)})"


def unfitted(
    likelihood: Likelihood, values: Values, candidates: Sequence[FreeSpecification]
) -> Unfitted:
    """Return what mechanisms change beside a noise, each at a size that the counts would show.

    Args:
        likelihood: Of the noise and the counts.
        values: The parameters of the noise.
        candidates: Each with one free parameter.
    """
    found: list[Direction] = []
    unseen = []
    for candidate in candidates:
        parameter = candidate.parameters[0]
        direction = _direction(likelihood, values, candidate, FIRST[parameter.kind])
        if direction is None:
            unseen.append(candidate.text)
        elif parameter.kind in SIGNED:
            other = changes_of(likelihood, values, candidate, -direction.size)
            found += signed(direction, other)
        else:
            found.append(direction)
    return Unfitted(found, tuple(unseen))


def signed(direction: Direction, other: Sequence[NDArray[np.float64]] | None) -> list[Direction]:
    """Return a mechanism's directions for both signs; one, squared, where both change the same.

    Args:
        direction: For one sign.
        other: What the other sign changes; None: it is not known.
    """
    if other is None:
        return [direction]
    pairs = list(zip(direction.changes, other, strict=True))
    even, odd = (sum(float(((a + sign * b) ** 2).sum()) for a, b in pairs) for sign in (1, -1))
    candidate, size = direction.mechanism, direction.size
    if even > odd:
        mean = [(a + b) / 2 for a, b in pairs]
        return [Direction(candidate, size, 2, mean)]
    return [direction, Direction(candidate, -size, 1, list(other))]


def _direction(
    likelihood: Likelihood, values: Values, candidate: FreeSpecification, size: float
) -> Direction | None:
    high = candidate.parameters[0].high
    best: Direction | None = None
    for _ in range(TRIES):
        changes = changes_of(likelihood, values, candidate, size)
        if changes is None:
            return best
        best = Direction(candidate, size, 1, changes)
        deviations = _seen(likelihood, values, changes)
        if deviations == 0:
            return None
        if SEEN / 3 < deviations < 3 * SEEN:
            break
        size = min(size * float(np.clip(SEEN / deviations, 1 / 16, 16)), high)
    return best


def changes_of(
    likelihood: Likelihood, values: Values, candidate: FreeSpecification, size: float
) -> list[NDArray[np.float64]] | None:
    """Return what a mechanism of some size changes; None where that cannot be simulated."""
    without = likelihood.probabilities(values)
    beside = likelihood.beside(values, candidate.at([size]))
    if without is None or beside is None:
        return None
    return [b - a for a, b in zip(without, beside, strict=True)]


def _seen(likelihood: Likelihood, values: Values, changes: Sequence[NDArray[np.float64]]) -> float:
    """Return a change in standard deviations of the counts."""
    settings = zip(likelihood.observations, likelihood.at(values), changes, strict=True)
    each = (
        (observation.shots[:, None] * change**2 / (p + abs(change) / 2)).sum()
        for observation, p, change in settings
    )
    return float(np.sqrt(sum(each)))

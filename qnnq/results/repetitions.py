"""What each repetition of a point chose: a vote is of one seed and round, not of their sum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnnq.statistics import (
    Right,
    between,
    majority_votes,
    single_shot_fractions,
    soft_votes,
)

Key = tuple[int, int]
"""Seed and round of a repetition."""
MISSING = -1
"""Stands for the vote of a repetition about an image that it did not measure."""

_TOGETHER = 1000
"""Repetitions that are held one by one before they are put into one array."""

_Rows = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int16], NDArray[np.int16], NDArray[np.float32]
]


@dataclass(frozen=True, eq=False)
class Repetitions:
    """The votes of every repetition about every image; all arrays are (repetitions, images).

    Attributes:
        keys: Seed and round of each.
        shots: Shots of an image that a repetition's vote is made of; where they differ, the most.
        majority: The class that most shots chose, `MISSING` where an image was not measured.
        soft_vote: The class of the highest mean softmax, or `MISSING`.
        single_shot: Share of right shots, not a number where an image was not measured.
    """

    keys: tuple[Key, ...]
    shots: int
    majority: NDArray[np.int16]
    soft_vote: NDArray[np.int16]
    single_shot: NDArray[np.float32]

    @classmethod
    def one(
        cls,
        truth: NDArray[np.integer],
        counts: NDArray[np.integer],
        softmax_sums: NDArray[np.floating],
        key: Key = (0, 0),
    ) -> "Repetitions":
        """Return the vote of all shots of some counts, as of one repetition."""
        majority, soft_vote, shares = decided(truth, counts, softmax_sums)
        shots = int(counts.sum(axis=1).max())
        return cls((key,), shots, majority[None], soft_vote[None], shares[None])

    def answers(self, prediction: str, truth: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return how right each is by a prediction, in [0, 1]; not a number where it is missing."""
        if prediction == "single_shot":
            return self.single_shot
        votes = self.majority if prediction == "majority" else self.soft_vote
        right: NDArray[np.float32] = (votes == truth).astype(np.float32)
        right[votes == MISSING] = np.nan
        return right

    def right(self, prediction: str, truth: NDArray[np.integer]) -> Right:
        """Return by what share of its repetitions each image is right; one: whether it is."""
        answers = self.answers(prediction, truth)
        if len(self.keys) == 1 and prediction != "single_shot":
            alone: NDArray[np.bool_] = answers[0] == 1
            return alone
        found: NDArray[np.float64] = np.nanmean(answers, axis=0, dtype=np.float64)
        return found

    def most_voted(self, classes: int) -> NDArray[np.intp]:
        """Return the class that most repetitions' majority is, (images,); ties: the lowest."""
        votes = np.stack([np.sum(self.majority == number, axis=0) for number in range(classes)])
        found: NDArray[np.intp] = votes.argmax(axis=0)
        return found


def decided(
    truth: NDArray[np.integer], counts: NDArray[np.integer], softmax_sums: NDArray[np.floating]
) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.float32]]:
    """Return the majority, the soft vote and the share of right shots of each image."""
    return (
        majority_votes(counts).astype(np.int16),
        soft_votes(softmax_sums).astype(np.int16),
        single_shot_fractions(counts, truth).astype(np.float32),
    )


def spread(answers: NDArray[np.floating]) -> tuple[float, float]:
    """Return `between` of the images that all repetitions have, (repetitions, images)."""
    return between(answers[:, ~np.isnan(answers).any(axis=0)].astype(np.float64))


class Gathered:
    """Repetitions of one point as they are read, each with images of its own."""

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._shots = 0
        self._rows: list[_Rows] = []

    def add(
        self,
        key: Key,
        images: NDArray[np.int64],
        truth: NDArray[np.int64],
        counts: NDArray[np.int64],
        softmax_sums: NDArray[np.float64],
    ) -> None:
        """Add what a repetition measured."""
        number = np.full(len(images), len(self._keys))
        self._keys.append(key)
        self._shots = max(self._shots, int(counts.sum(axis=1).max(initial=0)))
        self._rows.append((number, images, *decided(truth, counts, softmax_sums)))
        if len(self._rows) >= _TOGETHER:
            self._rows = [_joined(self._rows)]

    def on(self, images: NDArray[np.int64]) -> Repetitions:
        """Return them on the images of all, ascending."""
        number, index, votes, soft_votes, right = _joined(self._rows)
        place = number, np.searchsorted(images, index)
        shape = len(self._keys), len(images)
        majority, soft_vote = (np.full(shape, MISSING, np.int16) for _ in range(2))
        shares = np.full(shape, np.nan, np.float32)
        majority[place], soft_vote[place], shares[place] = votes, soft_votes, right
        return Repetitions(tuple(self._keys), self._shots, majority, soft_vote, shares)


def _joined(rows: Sequence[_Rows]) -> _Rows:
    return tuple(map(np.concatenate, zip(*rows, strict=True)))  # type: ignore[return-value]

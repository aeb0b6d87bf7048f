"""What shots would choose, from the probabilities of one shot: stands where votes would."""

from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.repetitions import Key
from qnnq.statistics import Accuracy, Right, mean_chance, share_right

PREDICTIONS = ("single_shot", "majority")
"""Of which there are probabilities; the soft vote of some shots has none in closed form."""


@dataclass(frozen=True, eq=False)
class Chances:
    """The class probabilities of one shot, and of the majority of several; see `Repetitions`.

    Attributes:
        truth: The class of each image, shape (images,).
        probabilities: Of each class in one shot, shape (images, classes).
        shots: Shots of an image of which the majority is asked for.
    """

    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    shots: int

    @property
    def keys(self) -> tuple[Key, ...]:
        """Seed and round of the only repetition: there is nothing to repeat."""
        return ((0, 0),)

    @property
    def single_shot(self) -> NDArray[np.float64]:
        """How likely one shot is right about each image, (1, images)."""
        return self.probabilities[np.arange(len(self.truth)), self.truth][None]

    @cached_property
    def _majority(self) -> NDArray[np.float64]:
        from qnnq.statistics.exact_votes import majority_probability

        return majority_probability(self.probabilities, self.truth, self.shots)[None]

    @property
    def majority(self) -> NoReturn:
        """Raise InputError: there are no votes."""
        raise InputError(
            "expected votes, found class probabilities of engine exact, which took no shots; "
            "choose others by --where engine=..."
        )

    def answers(self, prediction: str, truth: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return how likely each image is answered right, (1, images).

        Raises:
            InputError: Of the soft vote.
        """
        if prediction not in PREDICTIONS:
            raise InputError(
                f"prediction {prediction}: expected {' or '.join(PREDICTIONS)} of engine exact, "
                "as it takes no shots whose softmax could be added"
            )
        return self.single_shot if prediction == "single_shot" else self._majority

    def right(self, prediction: str, truth: NDArray[np.integer]) -> Right:
        """Return the same, (images,)."""
        found: NDArray[np.float64] = self.answers(prediction, truth)[0]
        return found

    def most_voted(self, classes: int) -> NDArray[np.intp]:
        """Return the likeliest class of each image, (images,); ties: the lowest."""
        found: NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return found

    def accuracy(self, prediction: str) -> Accuracy:
        """Return an accuracy without sampling error, with its interval over images."""
        right = self.right(prediction, self.truth).astype(np.float64)
        return mean_chance(right) if prediction == "single_shot" else share_right(right)

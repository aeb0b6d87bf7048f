"""What a run, a collected run and a point of a sweep have in common: votes about images."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.frames import dataframe
from qnnq.statistics import Accuracy, confusion, majority_votes
from qnnq.wording import nearest

if TYPE_CHECKING:
    import pandas as pd

PREDICTIONS = ("single_shot", "majority", "soft_vote")


class Outcomes:
    """Votes about images, whatever measured them.

    Who inherits has `images` (indices in the data set), `truth` (their classes, negative where the
    data have none), both of shape (images,), and `counts` (shots that chose each class), of shape
    (images, classes).
    """

    if TYPE_CHECKING:

        @property
        def images(self) -> NDArray[np.int64]:
            """The indices of the images."""

        @property
        def truth(self) -> NDArray[np.int64]:
            """Their classes."""

        @property
        def counts(self) -> NDArray[np.int64]:
            """Shots that chose each class."""

    @property
    def labelled(self) -> bool:
        """Whether the classes of the images are known."""
        return bool((self.truth >= 0).all())

    def accuracy(self, prediction: str = "majority") -> Accuracy:
        """Return the accuracy of `single_shot`, `majority` or `soft_vote`, with its interval.

        Raises:
            InputError: For another prediction, or where the data have no labels.
        """
        raise NotImplementedError

    def votes(self) -> NDArray[np.integer]:
        """Return the majority of each repetition, (repetitions, images), negative where none is."""
        return majority_votes(self.counts)[None]

    def confusion(self) -> NDArray[np.intp]:
        """Return how many majorities of each true class chose which: (true, chosen).

        Raises:
            InputError: If the data have no labels.
        """
        if not self.labelled:
            raise InputError("confusion: expected labels, found none")
        return confusion(self.truth, self.votes(), self.counts.shape[1])

    def to_dataframe(self) -> "pd.DataFrame":
        """Return a row an image.

        Its columns: `image` (the index in the data set), `label` if there are labels, `majority`
        (the class that most shots chose), and the shots that chose each class, `votes_0` and so on.

        Raises:
            InputError: If pandas is not installed.
        """
        return dataframe(self.columns())

    def predictions(self) -> list[dict[str, Any]]:
        """Return the same as rows, of plain numbers."""
        columns = self.columns()
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of `to_dataframe`."""
        columns: dict[str, NDArray[Any]] = {"image": self.images}
        if self.labelled:
            columns["label"] = self.truth
        columns["majority"] = np.argmax(self.counts, axis=1)
        return columns | {f"votes_{number}": shots for number, shots in enumerate(self.counts.T)}


def check_prediction(prediction: str) -> None:
    """Raise InputError unless a way to predict is known."""
    if prediction not in PREDICTIONS:
        raise InputError(
            f"prediction {prediction!r}: expected one of {', '.join(PREDICTIONS)}"
            f"{nearest(prediction, PREDICTIONS)}"
        )

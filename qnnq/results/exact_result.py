"""What a run without sampling found: class probabilities in place of counts."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.chances import PREDICTIONS, Chances
from qnnq.results.result import RunResult
from qnnq.results.task import Task

if TYPE_CHECKING:
    from qnnq.statistics import Accuracy


@dataclass(frozen=True, kw_only=True)
class ExactResult(RunResult):
    """A result of engine `exact`; its counts and softmax sums are 0, as it took no shots.

    Attributes:
        probabilities: Of each class in one shot, shape (images, classes).
        majority_of: Shots whose majority a reader asks for; no part of the task.
    """

    probabilities: NDArray[np.float64]
    majority_of: int = 1

    @classmethod
    def of(
        cls,
        task_id: str,
        task: Task,
        images: NDArray[np.int64],
        labels: NDArray[np.int64],
        probabilities: NDArray[np.float64],
        **more: Any,
    ) -> Self:
        """Return the result of a task; `more` are further fields."""
        none = np.zeros(probabilities.shape)
        counts = none.astype(np.int64)
        return cls(task_id, task, images, labels, counts, none, probabilities=probabilities, **more)

    def chances(self) -> Chances:
        """Return how likely the images, which have labels, are answered right."""
        return Chances(self.labels, self.probabilities, self.majority_of)

    @property
    def shots(self) -> int:
        """Shots whose majority is asked for."""
        return self.majority_of

    def to_json(self, with_counts: bool = False) -> dict[str, Any]:
        """Return the result in schema `qnnq.run/1`.

        It has `majority_of` in place of `shots`, with the time that the majority took, and
        `probabilities` in place of `counts`.
        """
        started = time.perf_counter()
        document = {
            {"shots": "majority_of"}.get(name, name): value
            for name, value in super().to_json().items()
        }
        document["majority_seconds"] = time.perf_counter() - started
        return document | ({"probabilities": self.probabilities.tolist()} if with_counts else {})

    def confusion(self) -> NDArray[np.intp]:
        """Raise InputError: there are no votes to count."""
        raise InputError("confusion: expected an engine that takes shots, got exact")

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of `to_dataframe`: the likeliest class, each class's probability."""
        columns: dict[str, NDArray[Any]] = {"image": self.images}
        if self.labelled:
            columns["label"] = self.labels
        columns["likeliest"] = np.argmax(self.probabilities, axis=1)
        of_class = enumerate(self.probabilities.T)
        return columns | {f"probability_{number}": chances for number, chances in of_class}

    def _accuracies(self) -> "dict[str, Accuracy]":
        chances = self.chances()
        return {name: chances.accuracy(name) for name in PREDICTIONS}

"""What a run found, and the identity of its task."""

from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.results.outcomes import Outcomes, check_prediction
from qnnq.results.task import Task
from qnnq.storage.installed import versions

if TYPE_CHECKING:
    from qnnq.statistics import Accuracy


@dataclass(frozen=True)
class RunResult(Outcomes):
    """What a run found; rates are derived from the counts when they are read.

    Attributes:
        task_id: The id of `task`; the one that an earlier version gave, where it made the result.
        task: Everything that determines the result.
        images: Indices of the images in the data set, shape (images,).
        labels: Their classes, shape (images,); -1 where the data have none.
        counts: Shots that chose each class, shape (images, classes).
        softmax_sums: Sum over shots of the softmax of the logits, shape (images, classes).
        seconds: Wall-clock time of the shots.
        versions: Package versions that made it.
        calibration: The device and the time of its calibration data, or None.
        out_of_reach: Share of the angles that compensation could not correct fully, or None.
        calibration_deviations: How far each accuracy deviates (root mean square) by the error of
            a measured response, or None.
        drift_deviations: Standard deviation of each accuracy over repetitions of the task at
            other times, where the noise drifts, or None.
    """

    task_id: str
    task: Task
    images: NDArray[np.int64]
    labels: NDArray[np.int64]
    counts: NDArray[np.int64]
    softmax_sums: NDArray[np.float64]
    seconds: float
    versions: dict[str, str]
    calibration: dict[str, str | None] | None
    out_of_reach: float | None = None
    calibration_deviations: dict[str, float] | None = None
    drift_deviations: dict[str, float] | None = None

    @property
    def truth(self) -> NDArray[np.int64]:
        """The classes of the images, negative where the data have none."""
        return self.labels

    @property
    def shots(self) -> int:
        """Shots an image; 0 of a task that takes none."""
        return self.task.shots or 0

    @property
    def seed(self) -> int:
        """Seed of every random number; 0 of a task that draws none."""
        return self.task.seed or 0

    def accuracy(self, prediction: str = "majority") -> "Accuracy":
        """Return the accuracy of a prediction, what its calibration and drift leave open included.

        Raises:
            InputError: For another prediction, or where the data have no labels.
        """
        check_prediction(prediction)
        if not self.labelled:
            raise InputError("accuracy: expected labels, found none")
        found = self._accuracies()
        if prediction not in found:
            raise InputError(f"prediction {prediction}: expected one of {', '.join(found)}")
        return found[prediction]

    def to_json(self, with_counts: bool = False) -> dict[str, Any]:
        """Return the result in schema `qnnq.run/1`; without labels `accuracy` is left out."""
        found = self._accuracies() if self.labelled else {}
        document: dict[str, Any] = {
            "schema": "qnnq.run/1",
            "task_id": self.task_id,
            "task": self.task.to_json(),
            "images": len(self.images),
            "shots": self.shots,
            "accuracy": {name: asdict(accuracy) for name, accuracy in found.items()},
            "seconds": self.seconds,
            "versions": self.versions,
            "calibration": self.calibration,
        }
        if not self.labelled:
            del document["accuracy"]
        if self.out_of_reach is not None:
            document["out_of_reach"] = self.out_of_reach
        if self.calibration_deviations is not None:
            document["calibration_deviations"] = self.calibration_deviations
        if self.drift_deviations is not None:
            document["drift_deviations"] = self.drift_deviations
        if with_counts:
            document["counts"] = self.counts.tolist()
        return document

    def _accuracies(self) -> "dict[str, Accuracy]":
        from qnnq.statistics import accuracies, widened

        found = accuracies(self.counts, self.softmax_sums, self.labels, self.shots)
        for deviations in (self.calibration_deviations, self.drift_deviations):
            for name, deviation in (deviations or {}).items():
                found[name] = widened(found[name], deviation)
        return found


@cache
def package_versions() -> dict[str, str]:
    """Return the versions of the packages that determine a result."""
    names = ("qnnq", "numpy", "qiskit", "qiskit-aer", "qiskit-ibm-runtime")
    found = versions()
    return {name: found[name] for name in names}

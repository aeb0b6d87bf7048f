"""The tasks of a point, all at once or, where it has a target width, one after the other."""

from dataclasses import dataclass, field

import numpy as np

from qnnq.results.file import Place
from qnnq.results.result import RunResult
from qnnq.runs.planned_run import RunIdentity
from qnnq.statistics import Accuracy, majority_votes, share_right, single_shot
from qnnq.sweep.points import Point, round_seed
from qnnq.sweep.work import WorkItem


@dataclass(eq=False)
class Adaptive:
    """One seed of a point with a target width: its next task depends on the results so far.

    Attributes:
        point: The point.
        identity: What its tasks are known by.
        seed: Which of its seeds.
        results: Of its tasks in their order: all blocks of images of a round, then the next round.
    """

    point: Point
    identity: RunIdentity
    seed: int
    results: list[RunResult] = field(default_factory=list)

    def undecided(self) -> bool:
        """Whether the interval is wider than the target, and holds the threshold if there is one.

        Within a later round some images have more shots than others: that is no time to stop.
        """
        blocks = len(self.point.blocks)
        done = len(self.results)
        if done == 0:
            return True
        if done > blocks and done % blocks:
            return True
        rounds = [self.results[block::blocks] for block in range(min(done, blocks))]
        accuracy = self._majority(rounds) if self.point.majority else self._single_shot(rounds)
        threshold = self.point.threshold
        if threshold is not None and not accuracy.low <= threshold <= accuracy.high:
            return False
        return accuracy.high - accuracy.low > (self.point.target_width or 0)

    def _majority(self, rounds: list[list[RunResult]]) -> Accuracy:
        """Return how many images are right, each by the share of its rounds whose majority is."""
        right = np.concatenate(
            [
                np.mean([majority_votes(each.counts) == each.labels for each in of_block], axis=0)
                for of_block in rounds
            ]
        )
        number = len(rounds[0])
        return share_right(right == 1 if number == 1 else right, repetitions=number)

    def _single_shot(self, rounds: list[list[RunResult]]) -> Accuracy:
        counts = [np.sum([each.counts for each in of_block], axis=0) for of_block in rounds]
        labels = np.concatenate([of_block[0].labels for of_block in rounds])
        return single_shot(np.concatenate(counts), labels)

    def next(self) -> "Asked | None":
        """Return the next task, or None where no further one is needed or left."""
        done, blocks = len(self.results), len(self.point.blocks)
        if done >= blocks * self.point.rounds or not self.undecided():
            return None
        return ask(self.point, self.identity, Place(self.seed, *divmod(done, blocks)), self)


@dataclass(frozen=True, eq=False)
class Asked:
    """A task as a point asks for it.

    Attributes:
        point: The point.
        identity: That of the whole point.
        place: Where the task's result stands in the point.
        item: What a worker is given.
        adaptive: The seed that waits for the result, where the point has a target width.
    """

    point: Point
    identity: RunIdentity
    place: Place
    item: WorkItem
    adaptive: Adaptive | None


def ask(
    point: Point, identity: RunIdentity, place: Place, adaptive: Adaptive | None = None
) -> Asked:
    """Return the task of a point at a place; `adaptive` is the seed that it belongs to, if any."""
    images, seed = point.blocks[place.block], round_seed(place.seed, place.round)
    item = WorkItem(point.request, images, seed, identity.part(images, seed))
    return Asked(point, identity, place, item, adaptive)

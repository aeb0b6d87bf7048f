"""The study behind `scoreboard.py`: the recipes, and classical networks."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import numpy as np
from study import Study, write_arrays
from together import Judged, Kind, judged, trained_together

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.training.settings import MAJORITY_SHOTS, TrainingSettings

WIDE = 64
"""Wider networks have fewer rows: no stretch 2, no 401 shots."""
MANY = 10_000
"""Networks of more training images have no best recipe; wide ones have fewer rows still."""
LONG = 2.5
"""Times the epochs of the recipe that all share."""


class Scoreboard(Study):
    """Classical networks beside those of a study, kept in the same way."""

    @property
    def wide(self) -> bool:
        """Whether it has fewer rows, a larger learning rate and more dropout."""
        return max(self.hidden) > WIDE

    @property
    def few_images(self) -> bool:
        """Whether the best recipes are affordable, too."""
        return len(load_data(self.data).labels) <= MANY

    @property
    def large(self) -> bool:
        """Whether it has the fewest rows."""
        return self.wide and not self.few_images

    def recipe(self, stretch: float, **changes: Any) -> TrainingSettings:
        """Return the recipe that all share, or a change of it."""
        settings = self.settings(
            stretch, learning_rate=0.05 if self.wide else 0.03, schedule="cosine", input_dropout=0.2
        )
        return replace(settings, **changes)

    @property
    def longer(self) -> dict[str, Any]:
        """What a longer training changes of the settings."""
        epochs = round(LONG * self.epochs)
        return {"epochs": epochs, "evaluate_every": epochs}

    def multiplications(self, shots: int, hidden: Sequence[int] = ()) -> int:
        """Return how many an image takes: shots share the first layer's."""
        data = load_data(self.data)
        sizes = (data.images.shape[1], *(hidden or self.hidden), int(data.labels.max()) + 1)
        first, *others = (before * after for before, after in pairwise(sizes))
        return first + shots * sum(others)

    @property
    def equal(self) -> tuple[int, ...]:
        """Hidden widths of a network whose one pass takes as much as the vote of 15 shots."""
        depth, most = len(self.hidden), self.multiplications(MAJORITY_SHOTS)
        width = max(self.hidden)
        while self.multiplications(1, (width + 1,) * depth) <= most:
            width += 1
        return (width,) * depth

    def classical(
        self,
        kinds: Sequence[Kind],
        settings: TrainingSettings,
        test: Dataset | None = None,
    ) -> Judged:
        """Return what classical networks answer, by default about the test images."""
        data, test = load_data(self.data), test or load_data("mnist-test")
        what = [[asdict(kind) for kind in kinds], settings.identity(), self.seeds]
        identity = json.dumps([*what, data.digest, test.digest], sort_keys=True)
        name = f"classical-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.npz"
        path = self.networks / name
        if not path.exists():
            outcome = judged(trained_together(kinds, settings, self.seeds, data), test)
            write_arrays(path, **vars(outcome))
        with np.load(path) as content:
            return Judged(**content)

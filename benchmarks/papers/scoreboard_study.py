"""The study behind `scoreboard.py`: the recipe that all share, and classical networks."""

import hashlib
import json
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import numpy as np
from classical import Classical, Outcome, train_classical
from study import Study, write_arrays

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.training.settings import TrainingSettings

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

    def best_recipes(self) -> tuple[TrainingSettings, TrainingSettings]:
        """Return the best recipes that `best_recipe.py` found, quantum and ReLU."""
        decay = {"weight_decay": 0.001}
        relu = {"label_smoothing": 0.1} if self.wide else decay
        return self.recipe(0.5, **decay, **self.longer), self.recipe(0.0, **relu, **self.longer)

    @property
    def parameters(self) -> int:
        """Return the number of weights of a network."""
        data = load_data(self.data)
        sizes = (data.images.shape[1], *self.hidden, int(data.labels.max()) + 1)
        return sum(before * after for before, after in pairwise(sizes))

    def classical(
        self, kind: Classical, settings: TrainingSettings, test: Dataset | None = None
    ) -> Outcome:
        """Return a classical network's outcome on images, by default the test images."""
        data, test = load_data(self.data), test or load_data("mnist-test")
        what = [asdict(kind), settings.identity(), data.digest, test.digest]
        identity = json.dumps(what, sort_keys=True)
        name = f"classical-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.npz"
        path = self.networks / name
        if not path.exists():
            outcome = train_classical(kind, settings, data, test)
            write_arrays(path, **vars(outcome))
        content = np.load(path)
        return Outcome(
            content["right"], content["probabilities"],
            float(content["training_seconds"]), float(content["seconds"]),
        )  # fmt: skip

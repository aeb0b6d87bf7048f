"""The search for the scoreboard's best recipes, of a quantum and of a ReLU network alike.

    python benchmarks/papers/best_recipe.py --hidden 512,512 --epochs 100 --seeds 0    # 45 minutes
    python benchmarks/papers/best_recipe.py --hidden 16,16,16 --epochs 60 --seeds 0    # 8 minutes
    python benchmarks/papers/best_recipe.py --quick                                    # a minute

Trained on the first 5,000 training images, judged without noise on the 10,000 that follow; of a
quantum network 15 shots vote. Each line changes the recipe that all networks of `scoreboard.py`
share. With one seed 10,000 images tell no difference below half a point, so the best of so many is
a guess, which the test images then judge. (The quick mode judges on images that it trained on,
which it need not download.)
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from classical import Classical
from error_bars import draw_errors
from scoreboard_study import Scoreboard
from study import print_rows, shown
from verdicts import Interval, mean_error

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.data.selection import parse_images

STRETCH = 0.5
BOTH: dict[str, dict[str, Any]] = {
    "the shared recipe": {},
    "dropout 0.2": {"dropout": 0.2},
    "dropout 0.5": {"dropout": 0.5},
    "input dropout 0.3": {"input_dropout": 0.3},
    "label smoothing 0.1": {"label_smoothing": 0.1},
    "weight decay 0.0005": {"weight_decay": 0.0005},
    "weight decay 0.001": {"weight_decay": 0.001},
    "weight decay 0.002": {"weight_decay": 0.002},
    "learning rate 0.1": {"learning_rate": 0.1},
    "learning rate 0.025": {"learning_rate": 0.025},
    "weight decay 0.001, learning rate 0.025": {"weight_decay": 0.001, "learning_rate": 0.025},
    "longer": {"longer": True},
    "label smoothing 0.1, longer": {"label_smoothing": 0.1, "longer": True},
    "weight decay 0.001, longer": {"weight_decay": 0.001, "longer": True},
}
"""What is changed, by name; `longer` multiplies the epochs."""
QUANTUM: dict[str, dict[str, Any]] = {
    "stretch 1": {"stretch": 1.0},
    "stretch 1, dropout 0.2": {"stretch": 1.0, "dropout": 0.2},
    "K = 4": {"train_shots": 4},
    "K = 4, weight decay 0.001": {"train_shots": 4, "weight_decay": 0.001},
}
NARROW: dict[str, dict[str, Any]] = {
    "htanh": {"activation": "htanh"},
    "K = 4, longer": {"train_shots": 4, "longer": True},
    "stretch 1, K = 4": {"stretch": 1.0, "train_shots": 4},
    "stretch 1, K = 4, longer": {"stretch": 1.0, "train_shots": 4, "longer": True},
}
"""Further ones of narrow quantum networks, which train in seconds."""


class Search(Scoreboard):
    """The networks of a scoreboard, judged on other images."""

    @cached_property
    def judged(self) -> Dataset:
        """The images to choose by."""
        data = load_data(self.validation["data"])
        chosen = parse_images(self.validation["images"], len(data.labels))
        return Dataset(data.images[chosen], data.labels[chosen], data.name)

    def quantum(self, changes: Mapping[str, Any]) -> Interval:
        """Return the mean error over seeds of a quantum network by a change of the recipe."""
        (networks,) = self.trained([replace(self.recipe(STRETCH), **self._settings(changes))])
        return mean_error([self.errors(each, **self.validation) for each in networks])

    def relu(self, changes: Mapping[str, Any]) -> Interval:
        """Return the same of a ReLU network."""
        changed = self._settings(changes)
        kind = Classical("relu", dropout=changed.pop("dropout", 0.0))
        settings = replace(self.recipe(0.0), **changed)
        return mean_error(
            [self.classical(kind, replace(settings, seed=seed), self.judged) for seed in self.seeds]
        )

    def _settings(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        others = {name: value for name, value in changes.items() if name != "longer"}
        short = {"epochs": self.epochs, "evaluate_every": self.epochs}
        return others | (self.longer if "longer" in changes else short)


def main() -> None:
    assert __doc__
    study = Search("best_recipe", __doc__, hidden=(16, 16, 16), epochs=60)
    if study.data != "mnist5k":
        study.refuse("--data: expected mnist5k, since other training images are judged by")
    if study.quick:
        study.epochs = 3  # of many recipes
    study.name = f"{study.name}-{study.shape}-{study.data}"
    candidates = BOTH | QUANTUM | ({} if study.wide else NARROW)
    work = [("quantum", study.quantum, *each) for each in candidates.items()]
    work += [("ReLU", study.relu, *each) for each in BOTH.items()]
    errors = {
        f"{network}, {name}": error(changes)
        for network, error, name, changes in shown(work, "recipes")
    }
    rows = [
        {"recipe": name, "seeds": len(study.seeds), **error.columns("error")}
        for name, error in errors.items()
    ]
    where = "images {images} of {data}".format(**study.validation)
    title = f"{where}, seeds {', '.join(map(str, study.seeds))}"
    print_rows(f"errors, {title}", rows)
    study.write(rows)
    draw_errors(study.figure(), title, errors, "quantum")


if __name__ == "__main__":
    main()

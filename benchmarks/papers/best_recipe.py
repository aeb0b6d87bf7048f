"""The search for the scoreboard's best recipes, of a quantum and of a ReLU network alike.

    python benchmarks/papers/best_recipe.py --hidden 512,512 --epochs 100 --seeds 0    # 45 minutes
    python benchmarks/papers/best_recipe.py --hidden 16,16,16 --epochs 60              # 15 minutes
    python benchmarks/papers/best_recipe.py --quick                                    # a minute

Trained on the first 5,000 training images, judged without noise on the 10,000 that follow; of a
quantum network 15 shots vote. Each line changes the recipe that all networks of `scoreboard.py`
share. With one seed 10,000 images tell no difference below half a point, so the best of so many is
a guess, which the test images then judge. (The quick mode judges on images that it trained on,
which it need not download.)
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from classical import Classical
from error_bars import draw_errors
from scoreboard_study import LONG, Scoreboard
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

    def error(
        self, quantum: bool, changes: Mapping[str, Any], judged: Dataset, where: str
    ) -> Interval:
        """Return the mean error over seeds of a recipe on some images.

        Args:
            quantum: Whether of a quantum network, else of a ReLU one.
            changes: Of the recipe.
            judged: The images.
            where: Which they are, as a run selects them.
        """
        changed: dict[str, Any] = {"stretch": STRETCH, **changes}
        epochs = round(LONG * self.epochs) if changed.pop("longer", False) else self.epochs
        changed |= {"epochs": epochs, "evaluate_every": epochs}
        if quantum:
            (networks,) = self.trained([replace(self.recipe(STRETCH), **changed)])
            name, images = where.split("/")
            return mean_error([self.errors(each, data=name, images=images) for each in networks])
        kind = Classical("relu", dropout=changed.pop("dropout", 0.0))
        settings = replace(self.recipe(0.0), **{**changed, "stretch": 0.0})
        return mean_error(
            [self.classical(kind, replace(settings, seed=seed), judged) for seed in self.seeds]
        )


def main() -> None:
    assert __doc__
    study = Search("best_recipe", __doc__, hidden=(16, 16, 16), epochs=60)
    if study.data != "mnist5k":
        sys.exit("--data: expected mnist5k, since other training images are judged by")
    if study.quick:
        study.epochs = 3  # of many recipes
    study.name = f"{study.name}-{'-'.join(map(str, study.hidden))}-{Path(study.data).stem}"
    data, images = ("mnist5k", "0:2000") if study.quick else ("mnist-train", "5000:15000")
    whole = load_data(data)
    chosen = parse_images(images, len(whole.labels))
    judged = Dataset(whole.images[chosen], whole.labels[chosen], data)
    quantum = BOTH | QUANTUM | ({} if study.wide else NARROW)
    work = [(True, *each) for each in quantum.items()]
    work += [(False, *each) for each in BOTH.items()]
    errors = {
        f"{'quantum' if is_quantum else 'ReLU'}, {name}": study.error(
            is_quantum, changes, judged, f"{data}/{images}"
        )
        for is_quantum, name, changes in shown(work, "recipes")
    }
    rows = [
        {"recipe": name, "seeds": len(study.seeds), **error.columns("error")}
        for name, error in errors.items()
    ]
    title = f"images {images} of {data}, seeds {', '.join(map(str, study.seeds))}"
    print_rows(f"errors, {title}", rows)
    study.write(rows)
    draw_errors(study.figure(), title, errors, "quantum")


if __name__ == "__main__":
    main()

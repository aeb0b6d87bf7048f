"""The stretch of quantum neurons, the slope of p-bits and the noise of signs, tuned alike.

    python benchmarks/papers/rivals.py            # 16-16-16, three seeds: 3 minutes
    python benchmarks/papers/rivals.py --quick    # a minute

Trained on the first 5,000 training images by two recipes of `scoreboard.py`, judged without device
noise on the 10,000 that follow, by the vote of 15 shots. What is best by the first recipe is what
the scoreboard calls tuned, where it trains all three for the vote of 4 as well; what is best by the
second is its best recipe. (The quick mode judges on images that it trained on, which it need not
download.)
"""

from dataclasses import replace

import numpy as np
from answers import Right
from scoreboard_study import Scoreboard
from study import print_rows, shown
from together import Kind
from verdicts import mean_error

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.data.selection import parse_images
from qnnq.statistics import majority_votes
from qnnq.training.settings import MAJORITY_SHOTS

WIDTHS = {
    "quantum": (0.25, 0.5, 1.0, 2.0),
    "p-bit": (1.0, 2.0, 4.0, 8.0),
    "gaussian": (0.125, 0.25, 0.5, 1.0),
}
"""Stretches, slopes, deviations."""


def main() -> None:
    assert __doc__
    study = Scoreboard("rivals", __doc__, hidden=(16, 16, 16), epochs=60)
    if study.quick:
        study.epochs = 3  # of many
    plain = study.recipe(0.0)
    recipes = {
        "shared": plain,
        "longer, weight decay 0.001": replace(plain, weight_decay=0.001, **study.longer),
    }
    data = load_data(study.validation["data"])
    chosen = parse_images(study.validation["images"], len(data.labels))
    others = Dataset(data.images[chosen], data.labels[chosen], data.name)
    kinds = [
        Kind(neurons, width, activation="tanh", passes=MAJORITY_SHOTS)
        for neurons, widths in WIDTHS.items()
        for width in widths
    ]
    rows = []
    for name, settings in shown(list(recipes.items()), "recipes"):
        outcome = study.classical(kinds, settings, others)
        for place, kind in enumerate(kinds):
            votes = outcome.votes[:, place]
            right = [Right(np.equal(majority_votes(each), others.labels)) for each in votes]
            rows.append(
                {
                    "recipe": name, "neurons": kind.neurons, "width": kind.width,
                    "seeds": len(right), **mean_error(right).columns("error"),
                }
            )  # fmt: skip
    print_rows("errors, images {images} of {data}".format(**study.validation), rows)
    study.write(rows)


if __name__ == "__main__":
    main()

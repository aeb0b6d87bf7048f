"""From simulated trials to the number of copies that a wanted accuracy takes; rows on disk."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from qnnq.statistics.intervals import wilson
from qnnq.storage.files import write_atomically

FACTORS = (0.7, 0.8, 0.9, 1.0, 1.12, 1.25, 1.4)
WANTED = 0.95

Trials = Callable[[int, int], int]
"""From copies and a number of trials to how many of them were right."""


def copies_for(
    trials: Trials, count: int, start: int, step: int = 1, seed: int = 0
) -> tuple[float, float, float]:
    """Return the copies for an accuracy of 95 %, with a 95 % interval.

    A logistic curve in ln(copies) is fitted to the share of right trials at copies around the
    answer, which a coarse search has found; the interval is a parametric bootstrap's.

    Args:
        trials: Simulates.
        count: Trials at each number of copies.
        start: Where the search begins.
        step: What numbers of copies are multiples of.
        seed: Of the bootstrap.
    """
    few, middle = max(100, count // 5), start
    while trials(middle, few) < WANTED * few:
        middle = _multiple(1.3 * middle, step)
    while middle > step and trials(_multiple(middle / 1.3, step), few) >= WANTED * few:
        middle = _multiple(middle / 1.3, step)
    grid = np.array(sorted({_multiple(middle * factor, step) for factor in FACTORS}))
    right = np.array([trials(copies, count) for copies in grid.tolist()])
    rng = np.random.default_rng(seed)
    drawn = [
        _crossing(grid, rng.binomial(count, (right + 0.5) / (count + 1)), count) for _ in range(200)
    ]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return _crossing(grid, right, count), float(low), float(high)


def _multiple(copies: float, step: int) -> int:
    return step * max(1, round(copies / step))


def _crossing(grid: np.ndarray, right: np.ndarray, count: int) -> float:
    design = np.stack([np.ones(len(grid)), np.log(grid / grid.mean())], axis=1)
    share = (right + 0.5) / (count + 1)
    parameters = np.linalg.lstsq(design, np.log(share / (1 - share)), rcond=None)[0]
    for _ in range(20):
        p = 1 / (1 + np.exp(-design @ parameters))
        information = design.T @ (design * (p * (1 - p))[:, None])
        parameters = parameters + np.linalg.solve(information, design.T @ (right / count - p))
    wanted = np.log(WANTED / (1 - WANTED))
    return float(grid.mean() * np.exp((wanted - parameters[0]) / parameters[1]))


def share(right: np.ndarray) -> tuple[float, float, float]:
    """Return the share of right answers, with Wilson's 95 % interval."""
    return float(right.mean()), *wilson(int(right.sum()), len(right))


class Rows:
    """Rows of a CSV file, written one by one; a row that is there is not made again.

    Args:
        path: The file.
        keys: Columns that say which row it is.
        values: Further columns.
    """

    def __init__(self, path: Path, keys: Sequence[str], values: Sequence[str]) -> None:
        self.path, self._fields = path, [*keys, *values]
        self.rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                self.rows = list(csv.DictReader(file))

    def make(self, make: Callable[[], dict[str, object]], **key: object) -> dict[str, str]:
        """Return the row of a key, made and written where it is missing."""
        wanted = {name: str(value) for name, value in key.items()}
        for row in self.rows:
            if wanted.items() <= row.items():
                return row
        made = {name: _text(value) for name, value in make().items()}
        self.rows.append({**wanted, **made})
        text = io.StringIO()
        writer = csv.DictWriter(text, self._fields, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, text.getvalue().encode())
        print(", ".join(f"{k}={v}" for k, v in self.rows[-1].items()), flush=True)
        return self.rows[-1]


def _text(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)

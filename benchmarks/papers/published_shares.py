"""What the comparisons with published accuracies share: the published numbers, runs and tables."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import wilson

PUBLISHED = json.loads(Path(__file__).with_name("published.json").read_text("utf-8"))
DEVICE = "fake_torino"
"""The fake device whose noise ours are under."""
FIRST_QUBITS = ",".join(map(str, range(16)))
CONSOLE = Console(width=160)


@dataclass(frozen=True)
class Share:
    """A published number of right answers out of `n`."""

    right: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.right, self.n)

    def holds(self, accuracy: float) -> bool:
        low, high = self.interval
        return low <= accuracy <= high

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.right / self.n:.1f} ({100 * low:.0f} to {100 * high:.0f})"

    def beside(self, ours: float) -> str:
        """Return this share, and whether its interval holds our accuracy."""
        return f"{self} {'holds ours' if self.holds(ours) else 'MISSES ours'}"


def shares(values: Iterable[float], n: int) -> list[Share]:
    """Return accuracies as whole numbers of right answers; read-off values are rounded."""
    return [Share(round(value * n), n) for value in values]


def shown(work: Sequence[Any], what: str) -> Iterator[Any]:
    """Go through some work with a progress bar, if stderr is a terminal."""
    errors = Console(stderr=True)
    yield from track(work, what, console=errors, transient=True, disable=not errors.is_terminal)


def request(model: str, noise: str, **options: Any) -> RunRequest:
    engine = "ideal" if noise == "ideal" else "instrument"
    return RunRequest(model=model, noise=noise, engine=engine, **options)


def accuracy(kind: str, wanted: RunRequest) -> float:
    return float(prepare(wanted).execute().to_json()["accuracy"][kind]["value"])


def new_table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading)
    return table

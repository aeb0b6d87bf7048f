"""What these scripts share: networks that are trained once, their errors, tables and verdicts."""

import argparse
import csv
import hashlib
import io
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from verdicts import Claim

from qnnq.data.load import load_data
from qnnq.errors import InputError
from qnnq.networks.file import read_network, write_network
from qnnq.runs.request import EngineName, RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import majority_votes
from qnnq.storage.files import write_atomically
from qnnq.training.settings import MAJORITY_SHOTS, TrainingSettings
from qnnq.training.trainer import train

CONSOLE = Console(width=130)
_ERRORS = Console(stderr=True)
_SMALL = 32
"""The widest layer of a quick study."""
T = TypeVar("T")


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        path: Its file.
        settings: What it was trained with.
        seconds: Processor time of the training.
        history: A dictionary an epoch (`qnnq.training.settings.Epoch`).
    """

    path: Path
    settings: TrainingSettings
    seconds: float
    history: list[dict[str, Any]]


@dataclass(frozen=True)
class Errors:
    """What one network does on the test images.

    Attributes:
        single_shot: Error of a shot, in [0, 1].
        majority: Error of the vote.
        right: Whether the vote was right, shape (images,).
        seconds: Processor time of all shots.
    """

    single_shot: float
    majority: float
    right: NDArray[np.bool_]
    seconds: float


class Study:
    """One figure: what exists in its folder is not done again, so a stopped one goes on."""

    def __init__(
        self,
        name: str,
        description: str,
        hidden: tuple[int, ...] = (512, 512),
        epochs: int = 100,
        data: str = "mnist5k",
    ) -> None:
        parser = argparse.ArgumentParser(
            description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--quick", action="store_true", help="small networks, few epochs")
        parser.add_argument("--hidden", type=_numbers, help="widths, such as 512,512")
        parser.add_argument("--seeds", type=_numbers)
        parser.add_argument("--epochs", type=int)
        parser.add_argument("--data", help="images to train on: a name or a file")
        parser.add_argument("--out", type=Path, default=Path("runs/papers"))
        options = parser.parse_args()
        self.quick: bool = options.quick
        self.seeds: tuple[int, ...] = options.seeds or ((0,) if self.quick else (0, 1, 2))
        small = tuple(min(width, _SMALL) for width in hidden)
        self.hidden: tuple[int, ...] = options.hidden or (small if self.quick else hidden)
        self.epochs: int = options.epochs or (10 if self.quick else epochs)
        self.data: str = options.data or ("mnist5k" if self.quick else data)
        self.refuse = parser.error
        try:
            load_data(self.data)
            self.settings(0.0)
        except InputError as error:
            self.refuse(str(error))
        self.networks = options.out / "networks"
        self.networks.mkdir(parents=True, exist_ok=True)
        kind = "-quick" if self.quick else ""
        self.tables = options.out if self.quick else Path(__file__).parent / "results"
        self.tables.mkdir(parents=True, exist_ok=True)
        self.name = f"{name}{kind}"

    @property
    def shape(self) -> str:
        """The widths of the hidden layers, such as 16-16-16."""
        return "-".join(map(str, self.hidden))

    @property
    def validation(self) -> dict[str, str]:
        """Images to choose by, as a run selects them; a quick study's need no download."""
        if self.quick:
            return {"data": "mnist5k", "images": "0:2000"}
        return {"data": "mnist-train", "images": "5000:15000"}

    def settings(self, stretch: float, **changes: Any) -> TrainingSettings:
        """Return the published recipe (arXiv:2503.15482): SGD 0.01, batches of 64, tanh."""
        published = TrainingSettings(
            self.hidden, stretch, activation="tanh", epochs=self.epochs, evaluate_every=self.epochs
        )
        return replace(published, **changes)

    def tuned(self, stretch: float, **changes: Any) -> TrainingSettings:
        """Return the recipe that networks of 16 neurons do better by."""
        recipe = {"activation": "htanh", "learning_rate": 0.03, "schedule": "cosine"}
        return self.settings(stretch, **{**recipe, "input_dropout": 0.2, **changes})

    def trained(
        self, cases: Iterable[TrainingSettings], seeds: Sequence[int] = ()
    ) -> list[list[Trained]]:
        """Train each case with each seed, by default all; return a list of seeds a case."""
        seeds = seeds or self.seeds
        work = [replace(case, seed=seed) for case in cases for seed in seeds]
        found = [self._trained(case) for case in shown(work, "training")]
        each = len(seeds)
        return [found[start : start + each] for start in range(0, len(found), each)]

    def _trained(self, settings: TrainingSettings) -> Trained:
        images, test = load_data(self.data), load_data("mnist-test")
        identity = json.dumps([settings.identity(), images.digest], sort_keys=True)
        path = self.networks / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.safetensors"
        record = path.with_suffix(".json")
        if not record.exists():
            checkpoint = path.with_suffix(".checkpoint")
            started = time.process_time()
            result = train(settings, images, test, device="cpu", checkpoint=checkpoint)
            if result.interrupted:
                raise KeyboardInterrupt
            seconds = time.process_time() - started
            write_network(result.network, path)
            history = [asdict(epoch) for epoch in result.history]
            content = {"settings": asdict(settings), "seconds": seconds, "history": history}
            write_atomically(record, json.dumps(content).encode())
            checkpoint.unlink(missing_ok=True)
        content = json.loads(record.read_text())
        return Trained(path, settings, content["seconds"], content["history"])

    def errors(
        self,
        network: Trained,
        shots: int = MAJORITY_SHOTS,
        entanglement: float | None = None,
        noise: str = "ideal",
        **options: Any,
    ) -> Errors:
        """Return the errors over all test images at `shots` an image.

        Args:
            network: What was trained.
            shots: How many of them vote.
            entanglement: Radians; None is what the network was trained with.
            noise: A noise specification, or `ideal`.
            options: Of `qnnq.runs.request.RunRequest`.
        """
        path = network.path
        if entanglement is not None:
            path = path.with_name(f"{path.stem}-g{entanglement:.6f}.safetensors")
            write_network(replace(read_network(network.path), entanglement=entanglement), path)
        others = "".join(f".{name}-{value}" for name, value in options.items())
        kept = path.with_suffix(f".{noise}.{shots}{others}.npz")
        if not kept.exists():
            engine: EngineName = "ideal" if noise == "ideal" else "instrument"
            request = RunRequest(str(path), engine=engine, noise=noise, shots=shots, **options)
            prepared = prepare(request)
            started = time.process_time()
            result = prepared.execute()
            seconds = time.process_time() - started
            right = majority_votes(result.counts) == result.labels
            hits = result.counts[np.arange(len(result.labels)), result.labels].sum()
            single = 1 - hits / (shots * len(result.labels))
            write_arrays(kept, right=right, single=single, seconds=seconds)
        content = np.load(kept)
        right = content["right"]
        return Errors(
            float(content["single"]), float(1 - right.mean()), right, float(content["seconds"])
        )

    def write(self, rows: Sequence[Mapping[str, Any]], part: str = "") -> None:
        """Write the table of a figure, or a further part of it."""
        path = self.tables / f"{self.name}{part}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        print(f"table: {os.path.relpath(path)}")

    def figure(self) -> Path:
        """Return where the figure goes."""
        return self.tables / f"{self.name}.png"

    def claims(self, claims: Sequence[Claim]) -> None:
        """Print what becomes of the papers' claims, and write it beside the table."""
        table = Table(title="claims", title_justify="left")
        for heading in ("claim", "verdict", "evidence"):
            table.add_column(heading)
        for claim in claims:
            table.add_row(claim.claim, claim.verdict, claim.evidence)
        CONSOLE.print(table)
        path = self.tables / f"{self.name}-claims.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["claim", "verdict", "evidence", "seeds", "images", "networks"])
            writer.writerows(
                [c.claim, c.verdict, c.evidence, c.seeds or len(self.seeds), c.images, self.shape]
                for c in claims
            )


def write_arrays(path: Path, **arrays: Any) -> None:
    """Write arrays to an .npz file, whole or not at all."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    write_atomically(path, stream.getvalue())


def print_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table, their keys as its headings."""
    table = Table(title=title)
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "))
    for row in rows:
        table.add_row(*map(str, row.values()))
    CONSOLE.print(table)


def shown(work: Sequence[T], description: str) -> Iterable[T]:
    """Iterate with a progress bar, where there is a terminal."""
    hidden = not _ERRORS.is_terminal
    return track(work, description, console=_ERRORS, transient=True, disable=hidden)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))

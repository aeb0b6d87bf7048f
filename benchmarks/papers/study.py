"""What these scripts share: networks that are trained once, their errors, tables and verdicts."""

import argparse
import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import together
from answers import Answers, Right, read_answers, write_answers
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from verdicts import Claim, judged

from qnnq.data.load import load_data
from qnnq.data.selection import parse_images
from qnnq.errors import InputError
from qnnq.networks.file import read_network, write_network
from qnnq.networks.network import Network
from qnnq.runs.request import EngineName, RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import majority_votes, single_shot_fractions
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
        history: A dictionary an epoch (`qnnq.training.settings.Epoch`).
    """

    path: Path
    settings: TrainingSettings
    history: list[dict[str, Any]]


@dataclass(frozen=True)
class Errors:
    """What one network does on the test images.

    Attributes:
        single_shot: Error of a shot, in [0, 1].
        majority: Error of the vote.
        right: Whether the vote was right, shape (images,).
        counts: Shots of each class, shape (images, classes).
    """

    single_shot: float
    majority: float
    right: NDArray[np.bool_]
    counts: NDArray[np.int32]


class Study:
    """One figure: what exists in its folder is not done again, so a stopped one goes on."""

    def __init__(
        self,
        name: str,
        description: str,
        hidden: tuple[int, ...] = (512, 512),
        epochs: int = 100,
        data: str = "mnist5k",
        seeds: tuple[int, ...] = (0, 1, 2),
        weights: bool = False,
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
        if weights:
            parser.add_argument("--weights", type=Path, help="a folder of the authors' weights")
        options = parser.parse_args()
        self.weights: Path | None = options.weights if weights else None
        self.out: Path = options.out
        self.quick: bool = options.quick
        self.seeds: tuple[int, ...] = options.seeds or ((0,) if self.quick else seeds)
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
        seeds, cases = seeds or self.seeds, list(cases)
        self._train_together(cases, seeds)
        work = [replace(case, seed=seed) for case in cases for seed in seeds]
        found = [self._trained(case) for case in shown(work, "training")]
        each = len(seeds)
        return [found[start : start + each] for start in range(0, len(found), each)]

    def _file(self, settings: TrainingSettings) -> Path:
        """Return where a network is kept."""
        identity = json.dumps([settings.identity(), load_data(self.data).digest], sort_keys=True)
        name = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return self.networks / f"{name}.safetensors"

    def _train_together(self, cases: Sequence[TrainingSettings], seeds: Sequence[int]) -> None:
        """Train those that are missing and share a recipe, where `together.py` can."""
        groups: dict[TrainingSettings, list[TrainingSettings]] = {}
        for case in dict.fromkeys(cases):
            if together.is_possible(case) and not all(
                self._file(replace(case, seed=seed)).exists() for seed in seeds
            ):
                groups.setdefault(together.recipe(case), []).append(case)
        data = load_data(self.data)
        for recipe, group in shown(list(groups.items()), "training together"):
            kinds = [together.quantum(case) for case in group]
            model = together.trained_together(kinds, recipe, seeds, data)
            for place, seed in enumerate(seeds):
                for kind, case in enumerate(group):
                    network = model.network(place, kind)
                    self._keep(replace(case, seed=seed), network, [])

    def _keep(
        self, settings: TrainingSettings, network: Network, history: list[dict[str, Any]]
    ) -> None:
        path = self._file(settings)
        write_network(network, path)
        content = {"settings": asdict(settings), "history": history}
        write_atomically(path.with_suffix(".json"), json.dumps(content).encode())

    def _trained(self, settings: TrainingSettings) -> Trained:
        images, test = load_data(self.data), load_data("mnist-test")
        path = self._file(settings)
        record = path.with_suffix(".json")
        if not record.exists():
            checkpoint = path.with_suffix(".checkpoint")
            result = train(settings, images, test, device="cpu", checkpoint=checkpoint)
            if result.interrupted:
                raise KeyboardInterrupt
            history = [asdict(epoch) for epoch in result.history]
            self._keep(settings, result.network, history)
            checkpoint.unlink(missing_ok=True)
        content = json.loads(record.read_text())
        return Trained(path, settings, content["history"])

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
            counts = prepare(request).execute().counts
            write_arrays(kept, counts=counts.astype(np.int32))
        with np.load(kept) as content:
            counts = content["counts"]
        labels = labels_of(options)
        right = majority_votes(counts) == labels
        single = 1 - float(single_shot_fractions(counts, labels).mean())
        return Errors(single, float(1 - right.mean()), right, counts)

    def keep(self, found: Mapping[str, Sequence[Errors | Right]]) -> Answers:
        """Keep the answers of each row, one a seed, as bits; return what was kept."""
        path = self.tables / f"{self.name}-answers.npz"
        write_answers(
            path, {name: np.array([each.right for each in seeds]) for name, seeds in found.items()}
        )
        return read_answers(path)

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
        rows = claim_rows(claims, len(self.seeds), self.shape)
        print_rows("claims", [{key: row[key] for key in CLAIM_SHOWN} for row in rows])
        self.write(rows, "-claims")


CLAIM_SHOWN = ("claim", "verdict", "evidence")


def claim_rows(claims: Sequence[Claim], seeds: int, networks: str) -> list[dict[str, Any]]:
    """Return the table of what becomes of claims, corrected for their number.

    Args:
        claims: All of one table.
        seeds: How many there are of each network, where a claim does not say others.
        networks: The widths of their hidden layers.
    """
    return [
        {
            "claim": claim.claim, "verdict": verdict, "evidence": claim.evidence,
            "p": f"{claim.p_value:.3g}", "p_holm": f"{corrected:.3g}",
            "seeds": claim.seeds or seeds, "images": claim.images, "networks": networks,
        }
        for claim, (verdict, corrected) in zip(claims, judged(claims), strict=True)
    ]  # fmt: skip


def labels_of(options: Mapping[str, Any]) -> NDArray[np.integer]:
    """Return the classes of the images that options of a run select, by default the test images."""
    data = load_data(options.get("data", "mnist-test"))
    labels: NDArray[np.integer] = data.labels
    if "images" in options:
        labels = labels[parse_images(options["images"], len(labels))]
    return labels


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

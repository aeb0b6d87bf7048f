"""What training for the noise, for the vote, and for both gains: breakdown strengths.

    python benchmarks/noise_aware.py                  # 16-16-16, 3 seeds: 5 minutes
    python benchmarks/noise_aware.py --quick          # 1 seed, few epochs: under 2 minutes

Networks of one shape are trained in four ways: without noise for one shot; without noise for
the vote of several shots; under the noise of a device at mixed strengths for one shot; and
both. All have the same stretch, schedule and input dropout. They are judged under the noise that
they were trained under and under another device's, beside the bundled networks, by the strength at
which the majority of 15 shots falls below the noise-free classical network of the size. What exists
in the folder is not done again, so a run that was stopped goes on. Needs torch (the extra `train`).
"""

import argparse
import contextlib
import csv
import io
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from qnnq.cli.main import main as qnnq
from qnnq.data.load import load_data
from qnnq.networks.file import write_network
from qnnq.training.settings import TrainingSettings
from qnnq.training.trainer import train

CLASSICAL = "mnist16-a0"
BUNDLED = (CLASSICAL, "mnist16-a0.5", "mnist16-a1")
STRENGTHS = (0, 1, 8, 16, 20, 24, 28, 32, 36, 40, 48)


@dataclass(frozen=True)
class Plan:
    """What is trained and judged."""

    base: TrainingSettings
    seeds: tuple[int, ...]
    trained_under: str
    judged_under: tuple[str, ...]
    mixed: tuple[float, ...]
    vote: int
    images: str

    def kinds(self) -> dict[str, TrainingSettings]:
        """Return the four ways to train, by name."""
        noise = {"noise": self.trained_under, "strengths": self.mixed}
        return {
            "plain": self.base,
            "vote-aware": replace(self.base, train_shots=self.vote),
            "noise-aware": replace(self.base, **noise),
            "both": replace(self.base, train_shots=self.vote, **noise),
        }


def trained(plan: Plan, folder: Path) -> dict[str, list[str]]:
    """Train every kind with every seed; return the files by kind."""
    data, test = load_data("mnist5k"), load_data("mnist-test")
    files: dict[str, list[str]] = {}
    work = [(kind, seed) for seed in plan.seeds for kind in plan.kinds()]
    errors = Console(stderr=True)
    hidden = not errors.is_terminal
    for kind, seed in track(work, "training", console=errors, transient=True, disable=hidden):
        path = folder / f"{kind}-{seed}.safetensors"
        if not path.exists():
            settings = replace(plan.kinds()[kind], seed=seed)
            checkpoint = path.with_suffix(".checkpoint")
            result = train(settings, data, test, device="cpu", checkpoint=checkpoint)
            if result.interrupted:
                raise KeyboardInterrupt
            write_network(result.network, path)
            checkpoint.unlink()
        files.setdefault(kind, []).append(str(path))
    return files


def judged(plan: Plan, files: Sequence[str], folder: Path) -> tuple[Path, Path]:
    """Sweep all networks over strengths; return the tables of accuracies and of breakdowns."""
    toml, results = folder / "sweep.toml", folder / "results.sqlite"
    accuracies, breakdowns = folder / "accuracies.csv", folder / "breakdowns.csv"
    lines = [
        "[[grid]]",
        f"networks = {[*BUNDLED, *files]!r}",
        f"noise = {list(plan.judged_under)!r}",
        f"strength = {list(STRENGTHS)!r}",
        f"images = {plan.images!r}",
    ]
    toml.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for command in (
        ["sweep", str(toml), "--out", str(results), "--workers", "1"],
        ["results", str(results), "--csv", str(accuracies)],
        ["results", str(results), "--report", "breakdown", "--csv", str(breakdowns)],
    ):
        with contextlib.redirect_stdout(io.StringIO()):  # the summary is shorter
            code = qnnq(command)
        if code:
            sys.exit(code)
    return accuracies, breakdowns


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def number(text: str) -> float:
    return float(text) if text else math.inf


def summary(
    noise: str, networks: dict[str, list[str]], accuracies: Path, breakdowns: Path
) -> list[dict[str, str]]:
    """Return a row a kind: its accuracies, and its breakdown strength for each seed."""
    measured = {
        (row["network"], float(row["strength"])): row
        for row in rows(accuracies)
        if row["noise"] == noise
    }
    falls = {row["network"]: row for row in rows(breakdowns) if row["noise"] == noise}
    found = []
    for kind, names in networks.items():
        row = {"judged under": noise, "training": kind, "seeds": str(len(names))}
        for prediction, strength in (
            ("single_shot", 1), ("majority", 0), ("majority", 1), ("majority", 16), ("majority", 32)
        ):  # fmt: skip
            values = [float(measured[name, strength][prediction]) for name in names]
            row[f"{prediction} at {strength}"] = f"{100 * sum(values) / len(values):.2f}"
        row["breakdown (95 %), a seed each"] = ", ".join(
            "{:.0f} ({:.0f} to {:.0f})".format(
                *(number(falls[name][f"breakdown_strength{end}"]) for end in ("", "_low", "_high"))
            )
            for name in names
        )
        found.append(row)
    return found


def show(found: Sequence[dict[str, str]]) -> None:
    table = Table()
    for heading in found[0]:
        table.add_column(heading)
    for row in found:
        table.add_row(*row.values(), end_section=row["training"] == "both")
    Console(width=160).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/noise_aware"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--noise", default="fake_kingston", help="what networks are trained under")
    parser.add_argument("--other", default="fake_torino", help="what they are judged under, too")
    parser.add_argument("--stretch", type=float, default=1.0)
    arguments = parser.parse_args()
    base = TrainingSettings(
        (16, 16, 16),
        arguments.stretch,
        epochs=10 if arguments.quick else 60,
        learning_rate=0.03,
        schedule="cosine",
        input_dropout=0.2,
        evaluate_every=1000,
    )
    plan = Plan(
        base=base,
        seeds=(0,) if arguments.quick else (0, 1, 2),
        trained_under=arguments.noise,
        judged_under=(arguments.noise, arguments.other),
        mixed=(1.0, 32.0),
        vote=15,
        images="0:2000" if arguments.quick else "all",
    )
    folder = arguments.out / ("quick" if arguments.quick else "full")
    folder.mkdir(parents=True, exist_ok=True)
    files = trained(plan, folder)
    every = [path for paths in files.values() for path in paths]
    tables = judged(plan, every, folder)
    networks = {name: [name] for name in BUNDLED} | files
    found = [row for noise in plan.judged_under for row in summary(noise, networks, *tables)]
    show(found)
    path = folder / "summary.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, found[0].keys())
        writer.writeheader()
        writer.writerows(found)
    print(f"table: {path}")


if __name__ == "__main__":
    main()

"""Quantum networks beside classical ones that a critic would choose: one table.

    python benchmarks/papers/scoreboard.py --hidden 16,16,16 --seeds 0,1,2,3,4
    python benchmarks/papers/scoreboard.py --hidden 512,512 --epochs 100 --seeds 0,1,2,3,4
    python benchmarks/papers/scoreboard.py --hidden 16,16,16 --epochs 20 --data mnist-train
    python benchmarks/papers/scoreboard.py --hidden 512,512 --epochs 20 --data mnist-train
    python benchmarks/papers/scoreboard.py --quick

They take 20, 120, 25, 60 and 2 minutes of processor time.

All are trained by one recipe: SGD with momentum, cosine schedule, a fifth of the pixels dropped,
the same epochs, no biases, weights that begin with a variance of 1 / inputs. Of the quantum
networks there are several (stretches, the vote of 4 in training, the published recipe), of a
classical kind one; p-bits and noisy signs could be tuned likewise. The rows "best recipe", of a
quantum and of a ReLU network of 5,000 images, are those that `best_recipe.py` found on other
images. Wide networks of 60,000 images have fewer rows, to save processor time. Each seed gives a
network of each kind. Where outcomes are random 15 shots vote.

"Significant": McNemar's test of each seed's network against the best quantum one of that seed, with
Holm's correction over all rows and seeds; which is the best is chosen on the same images, in favour
of the quantum ones. A best recipe is compared with the other. The intervals of the claims are not
corrected for their number.

A projectively measured network without noise is a classical stochastic network: its shots are drawn
here by a classical computer, exactly, so its classical twin is the same row. Quantum seconds are an
estimate for all test images on `fake_kingston`, as `qnnq estimate` makes it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from classical import kinds
from error_bars import draw_errors
from numpy.typing import NDArray
from rich.table import Table
from scoreboard_study import Scoreboard
from study import CONSOLE, Errors, shown
from verdicts import Claim, below, better, gain, mean_error

from qnnq.data.load import load_data
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.planning import plan_run
from qnnq.networks.activation import phi
from qnnq.networks.file import read_network
from qnnq.networks.network import Network
from qnnq.statistics import mcnemar
from qnnq.training.settings import MAJORITY_SHOTS

STRETCHES = (0.5, 1.0, 2.0)
NOISE = "fake_kingston"
MORE_SHOTS = (101, 401)
VOTE = 4
"""Shots of an image in vote-aware training."""
LEFT_OUT = ("ReLU, dropout in use too", "sign, dropout", "sign of z + normal noise")
"""Rows that wide networks of many images do not have, nor vote-aware ones and 101 shots."""
GOAL = 0.039
"""An error of the best quantum network, of 512-512 on 5,000 images."""
BEST = "best recipe"
TUNED = f"quantum, {BEST}, {MAJORITY_SHOTS} shots"
UNSAMPLED = "weights without sampling"
TWIN = "identical by construction"


@dataclass(frozen=True)
class Row:
    """A row of the table: networks of one kind, one a seed, or one for all seeds.

    `quantum_seconds` are of rows of shots that a device could take, `twin` says what their
    classical twin is.
    """

    name: str
    errors: Sequence[Errors]
    passes: int
    training_seconds: float
    parameters: int
    quantum_seconds: float | None = None
    twin: str = ""

    def seconds(self) -> float:
        """Return the mean processor time of all passes over the test images."""
        return float(np.mean([each.seconds for each in self.errors]))


def fixed(right: NDArray[np.bool_], seconds: float) -> Errors:
    """Return the errors of a network with one answer an image."""
    error = float(1 - right.mean())
    return Errors(error, error, right, seconds)


def classical_rows(study: Scoreboard) -> Iterator[Row]:
    """Train classical networks; return a row a kind, and ensembles of the seeds' networks."""
    labels = load_data("mnist-test").labels
    together = ("ReLU", "ReLU, dropout", "sign")
    plain = study.recipe(0.0)
    work = {
        name: (kind, plain)
        for name, kind in kinds(0.5 if study.wide else 0.1).items()
        if not (study.large and name in LEFT_OUT)
    }
    if study.few_images:
        work[f"ReLU, {BEST}"] = work["ReLU"][0], study.best_recipes()[1]
    for name in shown(list(work), "classical networks"):
        kind, settings = work[name]
        found = [study.classical(kind, replace(settings, seed=seed)) for seed in study.seeds]
        training = float(np.mean([each.training_seconds for each in found]))
        # Normalised pre-activations have a scale and an offset each.
        weights = study.parameters + (2 * sum(study.hidden) if kind.binary_weights else 0)
        errors = [fixed(each.right, each.seconds) for each in found]
        yield Row(name, errors, kind.passes, training, weights)
        if name in together and len(found) > 1:
            chosen = np.mean([each.probabilities for each in found], axis=0).argmax(axis=1)
            each = fixed(chosen == labels, sum(each.seconds for each in found))
            count = len(found)
            yield Row(f"{count} x {name}", [each], count, training * count, weights * count)


def quantum_rows(study: Scoreboard) -> Iterator[Row]:
    """Train quantum networks; return rows without noise, with a device's, and without sampling."""
    stretches = STRETCHES[:2] if study.wide else STRETCHES
    recipes = {f"quantum, stretch {a:g}": study.recipe(a) for a in stretches}
    more_shots: Sequence[int] = () if study.large else MORE_SHOTS[: 1 if study.wide else None]
    if not study.large:
        recipes["quantum, stretch 1, vote-aware"] = study.recipe(1.0, train_shots=VOTE)
    if study.few_images:
        recipes[f"quantum, {BEST}"] = study.best_recipes()[0]
    recipes["quantum, stretch 0.316, published recipe"] = study.settings(0.316)
    weights = study.parameters
    for name, networks in zip(recipes, study.trained(recipes.values()), strict=True):
        training = float(np.mean([network.seconds for network in networks]))
        for shots in (MAJORITY_SHOTS, *more_shots):
            errors = [study.errors(network, shots) for network in networks]
            seconds = quantum_seconds(networks[0].path, shots)
            yield Row(f"{name}, {shots} shots", errors, shots, training, weights, seconds, TWIN)
        noisy = [study.errors(network, noise=NOISE) for network in networks]
        seconds = quantum_seconds(networks[0].path, MAJORITY_SHOTS)
        yield Row(f"{name}, {NOISE}", noisy, MAJORITY_SHOTS, training, weights, seconds)
        expected = [without_sampling(read_network(network.path)) for network in networks]
        yield Row(f"{name}, {UNSAMPLED}", expected, 1, training, weights)


@lru_cache
def quantum_seconds(network: Path, shots: int) -> float:
    """Return what all test images would take on a device, by its cost estimate."""
    return plan_run(HardwareRequest(str(network), NOISE, shots=shots)).estimate.quantum_seconds


def without_sampling(network: Network) -> Errors:
    """Return what the same weights do with phi(z) in place of each outcome."""
    test = load_data("mnist-test")
    started = time.process_time()
    values = test.images / np.float32(255)
    layers = zip(network.weights, network.activations, network.stretches, strict=False)
    for weight, activation, stretch in layers:
        values = phi(values @ weight.T, activation, stretch)
    chosen = (values @ network.weights[-1].T).argmax(axis=1)
    return fixed(chosen == test.labels, time.process_time() - started)


def is_best(row: Row) -> bool:
    """Return whether a row is of a best recipe rather than of that which all share."""
    return BEST in row.name


def significance(rows: Sequence[Row], rivals: Mapping[str, Row]) -> list[str]:
    """Return how many seeds of each row are better and worse than its rival's."""
    tests = [
        (row.name, np.sign(theirs.majority - ours.majority), mcnemar(ours.right, theirs.right))
        for row in rows
        for rival in [rivals[row.name]]
        if row is not rival
        for ours, theirs in zip(repeated(row, rival), rival.errors, strict=True)
    ]
    corrected = holm_corrected([p for _, _, p in tests])
    told = []
    for row in rows:
        signs = [
            sign
            for (name, sign, _), p in zip(tests, corrected, strict=True)
            if name == row.name and p < 0.05
        ]
        itself = row is rivals[row.name]
        told.append("" if itself else f"+{signs.count(1)} -{signs.count(-1)}")
    return told


def repeated(row: Row, rival: Row) -> list[Errors]:
    """Return a row's errors, those of an ensemble once for each seed of the rival."""
    return list(row.errors) * (len(rival.errors) // len(row.errors))


def holm_corrected(values: Sequence[float]) -> NDArray[np.float64]:
    """Return p-values for all tests together (Holm, Scand. J. Statist. 6, 65, 1979)."""
    order = np.argsort(values)
    steps = np.maximum.accumulate(np.sort(values) * np.arange(len(values), 0, -1))
    found = np.empty(len(values))
    found[order] = np.minimum(steps, 1)
    return found


def main() -> None:
    assert __doc__
    study = Scoreboard("scoreboard", __doc__, hidden=(16, 16, 16), epochs=60)
    seeds = len(study.seeds)
    study.name = f"{study.name}-{study.shape}-{Path(study.data).stem}"
    rows = [*classical_rows(study), *quantum_rows(study)]
    errors = {row.name: mean_error(row.errors) for row in rows}
    shared = [row for row in rows if not is_best(row)]
    sampled = [row for row in shared if row.name.endswith(f", {MAJORITY_SHOTS} shots")]
    best = min(sampled, key=lambda row: errors[row.name].value)
    tuned = next((row for row in rows if row.name == TUNED), best)
    rivals = {row.name: tuned if is_best(row) else best for row in rows}
    table = Table(
        title=f"{study.shape} on {study.data}, {study.epochs} epochs, {seeds} seeds: error "
        "on 10,000 test images in % (95 %)",
        title_justify="left",
    )
    headings = (
        "network", "passes", "error", "seeds better and worse", "training s", "use s", "quantum s"
    )  # fmt: skip
    for heading in headings:
        table.add_column(heading)
    written = []
    for row, signs in zip(rows, significance(rows, rivals), strict=True):
        error = errors[row.name]
        table.add_row(
            row.name, str(row.passes), error.per_cent(), signs or "(rival)",
            f"{row.training_seconds:.0f}", f"{row.seconds():.2f}",
            "" if row.quantum_seconds is None else f"{row.quantum_seconds:.0f}",
        )  # fmt: skip
        written.append(
            {
                "network": row.name, "passes": row.passes, "seeds": len(row.errors),
                **error.columns("error"), "significant_better_worse": signs,
                "parameters": row.parameters,
                "training_seconds": round(row.training_seconds, 1),
                "seconds": round(row.seconds(), 3),
                "quantum_seconds":
                    "" if row.quantum_seconds is None else round(row.quantum_seconds, 1),
                "classical_twin": row.twin,
            }
        )  # fmt: skip
    CONSOLE.print(table)
    study.write(written)
    draw_errors(study.figure(), f"{study.shape} on {study.data}, {seeds} seeds", errors, "quantum")
    told = claims(rows, rivals, len(sampled))
    if study.hidden == (512, 512) and study.data == "mnist5k":
        error = errors[tuned.name]
        text = f"{tuned.name}, errs in at most {100 * GOAL:g} % of the images"
        told.append(Claim(text, below(error, GOAL), f"{error.per_cent()} %"))
    study.claims(told)


def claims(rows: Sequence[Row], rivals: Mapping[str, Row], among: int) -> list[Claim]:
    """Return whether quantum networks err less than each classical one, and than unsampled ones.

    Args:
        rows: All.
        rivals: The quantum network that a row is compared with, by name.
        among: Of how many quantum networks the best was chosen by the test images.
    """
    found = []
    for row in rows:
        rival = rivals[row.name]
        choice = "" if is_best(row) else f", the best of {among} such"
        if not row.name.startswith("quantum"):
            difference = gain(rival.errors, repeated(row, rival))
            found.append(better(f"{rival.name}{choice}, errs less than {row.name}", difference))
    by_name = {row.name: row for row in rows}
    for name, row in by_name.items():
        if name.endswith(UNSAMPLED):
            sampled = by_name[name.replace(UNSAMPLED, f"{MAJORITY_SHOTS} shots")]
            difference = gain(sampled.errors, row.errors)
            found.append(better(f"{sampled.name}, errs less than {UNSAMPLED}", difference))
    return found


if __name__ == "__main__":
    main()

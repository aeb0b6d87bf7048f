"""The published hardware results (arXiv:2507.21222) beside ours, on their images.

    python benchmarks/papers/reproduce_published.py            # 15 minutes of processor time
    python benchmarks/papers/reproduce_published.py --weights FOLDER    # with the authors' own
    python benchmarks/papers/reproduce_published.py --quick    # a minute

Experiments with 16-16-16 networks: 55 images at 10 shots on hardware, 55 others simulated; image
6929 at 96 shots; pairs SX, SX-dagger inserted on images 6929 and 0, on an Eagle, six copies of 16
neurons side by side; and the split of the test set by which networks are right. The published
numbers are in `published.json` beside this file. Ours are ten trainings of each stretch by the
published recipe on 5,000 images, and of stretch 0 and 0.5 on all 60,000 (20 epochs).

The authors' weights are public: `mnist_a{stretch}_lr-2_shots20_width16.json` in
`data/quantum_nn_rotation_angles` of github.com/Galitski-theory-group/natural-quantization (Git
LFS). `--weights` runs everything with a folder of them in place of ours; that of stretch 0.5 is
checked by its digest.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from answers import write_answers
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from published_shares import PUBLISHED, Comparison, Share, shares
from scipy.stats import binom, fisher_exact
from study import Study, print_rows, shown
from verdicts import Claim, holm_corrected

from qnnq.data.load import load_data
from qnnq.errors import InputError
from qnnq.execution.shot_loop import run_shots
from qnnq.figures.style import look, percent_axis, save, styled
from qnnq.networks.file import read_network
from qnnq.networks.imports import import_network
from qnnq.networks.network import Network
from qnnq.runs.prepared_run import PreparedRun
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.statistics import majority_votes

MANY, ONE = PUBLISHED["hardware_55_images"], PUBLISHED["image_6929"]
PAIRS, SPLIT = PUBLISHED["inserted_single_qubit_pairs"], PUBLISHED["test_set_split"]
STRETCHES: tuple[float, ...] = tuple(MANY["stretch"])
HERON, EAGLE = "fake_torino", "fake_sherbrooke"
IONS = "depolarizing(p1=5e-5, p2=1.0533e-3) + readout(p=4.8e-4)"
"""Quantinuum Helios (arXiv 2511.05465, abstract): average infidelities of 2.5e-5 on one qubit,
7.9e-4 on two, 4.8e-4 of preparation and measurement; a depolarizing p has p / 2 and 3 p / 4."""
COPIES = 6
FAULTY = 84
"""A qubit of the snapshot of the Eagle that does not work."""
FIRST = ",".join(str(qubit) for qubit in range(16 * COPIES + 1) if qubit != FAULTY)
ALL_IMAGES_EPOCHS = 20
SPLIT_STRETCHES = (0.0, 0.5)
"""Of which networks are trained on all images, too."""
TRUE_ACCURACY = 0.915
"""Of a network trained on all 60,000 images, in [0, 1]: what chance makes of it on 55 images."""
AUTHORS = "the authors'"

Networks = Mapping[float, Sequence[Network]]
"""By stretch: one a training."""


def authors_networks(folder: Path) -> dict[float, list[Network]]:
    """Return the networks of the authors' files in a folder.

    Raises:
        InputError: If one is missing or bad, or that of stretch 0.5 is another file.
    """
    pattern, digest = Path(PUBLISHED["authors_files"]["weights"]), "sha256_of_a0.5"
    found = {}
    for stretch in STRETCHES:
        path = folder / pattern.name.removesuffix(" (Git LFS)").format(stretch=f"{stretch:g}")
        if not path.is_file():
            path = folder / pattern.name.removesuffix(" (Git LFS)").format(stretch=stretch)
        network = import_network(path, "htanh", stretch)
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        if stretch == 0.5 and content != PUBLISHED["authors_files"][digest]:
            raise InputError(
                f"{path}: expected the published file, of SHA-256 "
                f"{PUBLISHED['authors_files'][digest]}, got {content}"
            )
        found[stretch] = [network]
    return found


def trained_networks(study: Study, stretches: Sequence[float]) -> dict[float, list[Network]]:
    """Return networks of each stretch by the published recipe, one a seed."""
    cases = [study.settings(stretch, activation="htanh") for stretch in stretches]
    return {
        stretch: [read_network(network.path) for network in networks]
        for stretch, networks in zip(stretches, study.trained(cases), strict=True)
    }


@lru_cache
def run_of(noise: str, images: str, **options: Any) -> PreparedRun:
    """Return a run of 16-16-16 networks; what is compiled depends on no weights."""
    engine: Any = "ideal" if noise == "ideal" else "instrument"
    request = RunRequest("mnist16-a0.5", noise=noise, engine=engine, images=images, **options)
    return prepare(request)


def right_shots(network: Network, run: PreparedRun, shots: int, seed: int) -> Any:
    """Return counts (images, classes) of a network under a run's noise, and the true classes."""
    pixels, labels = run.dataset.images[run.images], run.dataset.labels[run.images]
    votes = run_shots(network, pixels, run.images, run.mode(), shots, seed)
    return votes.counts, labels


def majorities(network: Network, run: PreparedRun, seeds: int) -> tuple[float, float]:
    """Return the mean accuracy of the published votes over repetitions, and its variance."""
    found = []
    for seed in range(seeds):
        counts, labels = right_shots(network, run, MANY["shots"], seed)
        found.append(float(np.mean(majority_votes(counts) == labels)))
    return float(np.mean(found)), float(np.var(found))


def one_shot(network: Network, run: PreparedRun, shots: int) -> float:
    """Return the share of right shots of one image."""
    counts, labels = right_shots(network, run, shots, 0)
    return float(counts[0, labels[0]] / shots)


def images_55(networks: Networks, weights: str, repeats: int) -> Iterator[Comparison]:
    """Yield the accuracies of 55 images on hardware, and of 55 others simulated."""
    for what, noise, key in (
        ("superconducting", HERON, "test_indices"),
        ("simulated", "ideal", "simulated_test_indices"),
    ):
        images = MANY[key]
        run = run_of(noise, ",".join(map(str, images)))
        for stretch, right in zip(STRETCHES, MANY[f"{what}_correct_of_55"], strict=True):
            if stretch not in networks:
                continue
            each = [majorities(network, run, repeats) for network in networks[stretch]]
            yield Comparison(
                f"{len(images)} images, {what}", f"stretch {stretch:g}", weights,
                Share(right, len(images)), [mean for mean, _ in each],
                float(np.mean([variance for _, variance in each])),
            )  # fmt: skip


def of_96(
    experiment: str,
    setting: str,
    weights: str,
    published: Share,
    ours: Sequence[float],
) -> Comparison:
    """Return the comparison of right shots of one image: chance is that of the published shots."""
    share = (published.right + 2) / (published.n + 4)  # as Wilson's interval centres it
    chance = share * (1 - share) / published.n
    return Comparison(experiment, setting, weights, published, ours, chance)


def image_6929(networks: Networks, weights: str, shots: int) -> Iterator[Comparison]:
    """Yield the accuracies of the image, with ions and with superconducting qubits."""
    n = ONE["shots"]
    theirs = {
        ("trapped ions", IONS): [Share(right, n) for right in ONE["trapped_ion_correct_of_96"]],
        ("superconducting", HERON): shares(ONE["superconducting_accuracy_approx"], n),
    }
    for (what, noise), published in theirs.items():
        run = run_of(noise, str(ONE["test_index"]))
        for stretch, share in zip(ONE["stretch"], published, strict=True):
            if stretch in networks:
                ours = [one_shot(network, run, shots) for network in networks[stretch]]
                yield of_96(f"image 6929, {what}", f"stretch {stretch:g}", weights, share, ours)


def inserted_pairs(networks: Networks, weights: str, shots: int) -> Iterator[Comparison]:
    """Yield the accuracies of two images with SX pairs, by the calibration of an Eagle."""
    for image, points, key in (
        ("6929", PAIRS["superconducting"], "stretch_0.5_correct_of_96"),
        ("0", PAIRS["superconducting_image_0"], "correct_of_96"),
    ):
        for pairs, right in zip(points["pairs"], points[key], strict=True):
            run = run_of(EAGLE, image, qubits=FIRST, copies=COPIES, pairs=pairs)
            ours = [one_shot(network, run, shots) for network in networks[0.5]]
            share = Share(right, ONE["shots"])
            yield of_96(f"SX pairs, image {image}", f"{pairs} pairs", weights, share, ours)


PARTS = ("right by both", "by stretch 0 alone", "by 0.5 alone", "by none")


def split(networks: Networks, repeats: int) -> dict[str, np.ndarray]:
    """Return which test images each training is always right, and never right, about.

    An image is right (wrong) by a network if it is in each of `repeats` votes of 10 shots; the
    others are left out, as in the publication.
    """
    run = run_of("ideal", "all")
    always = {}
    for stretch in SPLIT_STRETCHES:
        for place, network in enumerate(networks[stretch]):
            votes = []
            for seed in range(repeats if stretch else 1):
                counts, labels = right_shots(network, run, MANY["shots"], seed)
                votes.append(majority_votes(counts) == labels)
            always[stretch, place] = np.all(votes, axis=0), ~np.any(votes, axis=0)
    return {
        f"stretch {stretch:g}, {name}": np.array(
            [always[stretch, place][kind] for place in range(len(networks[0.0]))]
        )
        for stretch in SPLIT_STRETCHES
        for kind, name in enumerate(("always right", "never right"))
    }


def split_counts(answers: Mapping[str, Sequence[np.ndarray]]) -> list[list[int]]:
    """Return the counts of the published parts for each training."""
    zero, not_zero, half, not_half = (
        np.array(answers[f"stretch {stretch:g}, {name}"])
        for stretch in SPLIT_STRETCHES
        for name in ("always right", "never right")
    )
    parts = (zero & half, zero & not_half, not_zero & half, not_zero & not_half)
    return np.transpose([part.sum(axis=1) for part in parts]).tolist()


def split_rows(counts: Sequence[Sequence[int]], weights: str) -> list[dict[str, object]]:
    """Return a row a part: what was published, ours, and what becomes of it by Holm over all."""
    images = len(load_data("mnist-test").labels)
    compared = [
        Comparison(
            "test set", name, weights, Share(published, images),
            [each[place] / images for each in counts], 0.0,
        )
        for place, (name, published) in enumerate(zip(PARTS, SPLIT["counts"], strict=True))
    ]  # fmt: skip
    corrected = holm_corrected([each.p_value for each in compared])
    return [
        {
            "weights": weights, "part": each.setting, "published": each.published.right,
            "ours": round(images * each.mean, 1),
            "difference_low": round(images * (each.mean - each.half) - each.published.right, 1),
            "difference_high": round(images * (each.mean + each.half) - each.published.right, 1),
            "p_holm": f"{p:.3g}", "verdict": each.verdict(p),
            "of_each": " ".join(f"{images * value:.0f}" for value in each.ours),
        }
        for each, p in zip(compared, corrected, strict=True)
    ]  # fmt: skip


def rows(comparisons: Sequence[Comparison]) -> list[dict[str, object]]:
    """Return the table: what was published, ours, and what becomes of it by Holm over all."""
    corrected = holm_corrected([each.p_value for each in comparisons])
    return [
        {
            "experiment": each.experiment, "setting": each.setting, "weights": each.weights,
            "published": f"{each.published.right} of {each.published.n}",
            "published_low": round(each.published.interval[0], 4),
            "published_high": round(each.published.interval[1], 4),
            "ours": round(each.mean, 4),
            "published_interval_holds_ours":
                int(each.published.interval[0] <= each.mean <= each.published.interval[1]),
            "difference_low": round(each.mean - each.published.value - each.half, 4),
            "difference_high": round(each.mean - each.published.value + each.half, 4),
            "p_holm": f"{p:.3g}", "verdict": each.verdict(p),
            "ours_of_each": " ".join(f"{value:.4f}" for value in each.ours),
            "chance": f"{each.chance:.4g}",
        }
        for each, p in zip(comparisons, corrected, strict=True)
    ]  # fmt: skip


def read_comparisons(table: Sequence[Mapping[str, str]]) -> list[Comparison]:
    """Return the comparisons of a table that `rows` made."""
    found = []
    for row in table:
        right, n = map(int, row["published"].split(" of "))
        ours = [float(value) for value in row["ours_of_each"].split()]
        found.append(
            Comparison(
                row["experiment"], row["setting"], row["weights"], Share(right, n), ours,
                float(row["chance"]),
            )
        )  # fmt: skip
    return found


def by_chance() -> list[Claim]:
    """Return which published differences 55 images can tell from chance, and print what cannot."""
    by_stretch = dict(zip(STRETCHES, MANY["superconducting_correct_of_55"], strict=True))
    n = len(MANY["test_indices"])
    once = float(binom.sf(by_stretch[0.5] - 1, n, TRUE_ACCURACY))
    best = 1 - (1 - once) ** len(STRETCHES)
    print(
        f"{by_stretch[0.5]} or more of {n} right by chance, if {TRUE_ACCURACY:.1%} were true: "
        f"{once:.1%}; by the best of {len(STRETCHES)} stretches: {best:.0%}"
    )
    found = []
    for less, more in ((0.0, 0.5), (2.0, 0.5)):
        pair = [by_stretch[less], by_stretch[more]]
        p_value = float(fisher_exact([[right, n - right] for right in pair]).pvalue)
        found.append(
            Claim(
                f"on hardware, {n} images: stretch {more:g} is right more often than {less:g}",
                None, f"{pair[0]} and {pair[1]} of {n} right, Fisher's exact test",
                seeds=1, images=n, p=p_value, holds=pair[1] > pair[0],
            )
        )  # fmt: skip
    return found


EXPERIMENTS: tuple[Callable[[Networks, str, int], Iterator[Comparison]], ...] = (
    image_6929,
    inserted_pairs,
)


def compared(study: Study, networks: Networks, weights: str) -> list[Comparison]:
    """Return all comparisons of some weights; print and write their split of the test set."""
    repeats, shots = (5, 960) if study.quick else (50, 9600)
    found = list(images_55(networks, weights, repeats))
    for experiment in EXPERIMENTS:
        found += shown(list(experiment(networks, weights, shots)), weights)
    answers = split(networks, 3 if study.quick else 20)
    table = split_rows(split_counts(answers), weights)
    print_rows(f"the test set, {weights}", table)
    part = f"-split-{weights.split()[0].replace(',', '')}"
    study.write(table, part)
    write_answers(study.tables / f"{study.name}{part}-answers.npz", answers)
    return found


def main() -> None:
    assert __doc__
    study = Study(
        "reproduce_published", __doc__, hidden=(16, 16, 16), seeds=tuple(range(10)), weights=True
    )
    comparisons = []
    if study.weights:
        study.name, study.tables = f"{study.name}-authors", study.out
        try:
            networks = authors_networks(study.weights)
        except InputError as error:
            study.refuse(str(error))
        comparisons += compared(study, networks, AUTHORS)
    else:
        comparisons += compared(study, trained_networks(study, STRETCHES), "5,000 images")
        if not study.quick:
            study.data, study.epochs = "mnist-train", ALL_IMAGES_EPOCHS
            networks = trained_networks(study, SPLIT_STRETCHES)
            comparisons += compared(study, networks, "60,000 images")
    table = rows(comparisons)
    hidden = ("ours_of_each", "chance")
    print_rows(
        "published and ours",
        [{key: row[key] for key in row if key not in hidden} for row in table],
    )
    study.write(table)
    draw(study.figure(), comparisons)
    study.claims(by_chance())


def draw(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Draw each experiment: published points with intervals, ours of each weights as lines."""
    experiments = list(dict.fromkeys(each.experiment for each in comparisons))
    with styled():
        figure = Figure(figsize=(11, 6), layout="constrained")
        panels = figure.subplots(2, 3, sharey=True).ravel()
        for axes, experiment in zip(panels, experiments, strict=True):
            panel(axes, [each for each in comparisons if each.experiment == experiment])
            axes.set_title(experiment, loc="left", fontsize=9)
        for axes in panels[::3]:
            axes.set_ylabel("accuracy")
        percent_axis(panels[0])
        panels[0].legend(fontsize=8, loc="best")
        save(figure, path)


def panel(axes: Axes, comparisons: Sequence[Comparison]) -> None:
    """Draw one experiment; ours with the range of one further network."""
    weights = list(dict.fromkeys(each.weights for each in comparisons))
    settings = list(dict.fromkeys(each.setting for each in comparisons))
    for number, name in enumerate(weights):
        some = [each for each in comparisons if each.weights == name]
        places = [settings.index(each.setting) for each in some]
        if number == 0:
            values = np.array([each.published.value for each in some])
            low, high = np.transpose([each.published.interval for each in some])
            style = look(0)
            axes.errorbar(
                places, values, [values - low, high - values], linestyle="", capsize=2,
                color=style.color, marker=style.marker, label="published",
            )  # fmt: skip
        style = look(number + 1)
        mean, half = (np.array([getattr(e, key) for e in some]) for key in ("mean", "half"))
        axes.plot(places, mean, color=style.color, linestyle=style.linestyle, label=f"ours, {name}")
        ends = np.clip([mean - half, mean + half], 0, 1)
        axes.fill_between(places, *ends, color=style.color, alpha=0.15)
    words = [setting.split() for setting in settings]
    axes.set_xticks(
        range(len(settings)), [next(w for w in each if w[0].isdigit()) for each in words]
    )
    axes.set_xlabel(next(word for word in words[0] if not word[0].isdigit()))


if __name__ == "__main__":
    main()

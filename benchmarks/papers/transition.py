"""Where weakly measured networks of stretch 0 stop answering, and what ends it (arXiv:2503.15482).

    python benchmarks/papers/transition.py            # some 70 minutes of processor time
    python benchmarks/papers/transition.py --quick    # a minute

Error against the entanglement angle g, for depths and widths, by the number of shots that vote and
by how their votes are counted. The last hidden layer is measured projectively, as published, so one
layer has no transition. Weights are those trained at the angle, or at 3 pi/8 and judged at every
one: where those err less there, it is training that ends, not information. Votes are of the first
1,000 test images and

- plain: the class with most shots;
- centred: the class whose share of the shots is most above its mean over other images;
- likelihood: the class of image under which the shots are likeliest, by how often images of each
  class gave each answer; the other images are 500 of MNIST's training images, not trained on.

The edge is the largest angle at which more than half of the images are wrong, interpolated in
log g for each seed, with an interval for new seeds and new images; its width is by which factor
in g the error falls from three quarters to a quarter. At stretch 0 such a network is a sign network
with wrong reports (`weak_signs.py`), from which shots are drawn as 16-bit words. Networks of 4 and
8 neurons are summed exactly: how many bits the last outcomes of a shot tell of an image's class.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from answers import Answers, read_answers, write_answers
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from study import Study, Trained, print_rows, shown, write_arrays
from verdicts import Claim, Interval, combined, mean_error
from weak_signs import SignNetwork, information, last_outcomes, votes

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.figures.style import look, percent_axis, save, styled
from qnnq.networks.file import read_network

ANGLES = (1 / 64, 1 / 32, 1 / 16, 3 / 32, 1 / 8, 3 / 16, 1 / 4, 3 / 8)
"""Of pi."""
DEPTHS = (2, 3, 4)
SMALL = (4, 8)
"""Widths that are summed exactly."""
RULES = ("plain", "centred", "likelihood")
THERE, ABOVE = TRAINED = ("there", "at 3 pi/8")
"""At which angle the weights were trained: at the one they are judged at, or at the largest."""
VOTES = {16: (15, 255, 4095, 102_400), 64: (15, 255, 1023)}
"""By width."""
WIDE, CHOSEN = 64, 3
"""A width whose networks are trained there in one depth only, and else from `FEWER` seeds."""
MORE = 4095
"""Further votes of wide networks that are trained there."""
IMAGES, OTHERS = 1000, (5000, 5500)
OTHER_SHOTS = 1023
"""Shots of each of the other images."""
RESAMPLED = 200
SEEDS = tuple(range(10))
FEWER = 5


@dataclass(frozen=True)
class Point:
    """Networks of one shape at one angle, and how their shots are counted."""

    width: int
    depth: int
    g: float
    votes: int
    rule: str
    trained: str

    @property
    def name(self) -> str:
        where = f"{self.width} x {self.depth}, {self.g:.6f} pi"
        return f"{where}, {self.votes} shots, {self.rule}, trained {self.trained}"


def trainings(width: int, depth: int) -> tuple[str, ...]:
    """Return at which angles networks of a shape are trained."""
    return TRAINED if width != WIDE or depth == CHOSEN else (ABOVE,)


def votes_of(width: int, trained_at: str) -> tuple[int, ...]:
    """Return how many shots vote."""
    return (*VOTES[width], MORE) if (width, trained_at) == (WIDE, THERE) else VOTES[width]


def points(widths: Sequence[int], depths: Sequence[int], angles: Sequence[float]) -> list[Point]:
    """Return all points of the table."""
    return [
        Point(width, depth, g, number, rule, trained_at)
        for width, depth, g in itertools.product(widths, depths, angles)
        for trained_at in trainings(width, depth)
        for number in votes_of(width, trained_at)
        for rule in RULES
    ]


def right(
    counts: NDArray[np.int64], others: NDArray[np.int64], labels: Sequence[NDArray[np.integer]]
) -> dict[str, NDArray[np.bool_]]:
    """Return which images are right by each rule.

    Args:
        counts: Shots of each class, shape (images, classes).
        others: The same of the other images.
        labels: Of the images and of the others.
    """
    truth, known = labels
    shares = others / others.sum(axis=1, keepdims=True)
    classes = range(counts.shape[1])
    # One shot more of each class: none is impossible.
    of_class = [others[known == label].sum(axis=0) + 1 for label in classes]
    logs = np.log([each / each.sum() for each in of_class])  # (class of image, class of shot)
    scores = {
        "plain": counts,
        "centred": counts / counts.sum(axis=1, keepdims=True) - shares.mean(axis=0),
        "likelihood": counts @ logs.T,
    }
    return {rule: score.argmax(axis=1) == truth for rule, score in scores.items()}


def of_network(
    study: Study, network: Trained, numbers: Sequence[int], g: float
) -> dict[str, NDArray[np.bool_]]:
    """Return which test images are right at an angle, by number of shots and rule.

    It is kept beside the network.
    """
    kept = network.path.with_suffix(f".{g:.6f}.votes.npz")
    if not kept.exists():
        test, others = load_data("mnist-test"), other_images(study)
        weights = read_network(network.path)
        signs = SignNetwork.of(replace(weights, entanglement=math.pi * g))
        random = np.random.default_rng([network.settings.seed, 1])
        (known,) = votes(signs, others.images, [OTHER_SHOTS], random)
        drawn = votes(signs, test.images[:IMAGES], numbers, random)
        labels = test.labels[:IMAGES], others.labels
        found = {
            f"{number} {rule}": each
            for number, counts in zip(numbers, drawn, strict=True)
            for rule, each in right(counts, known, labels).items()
        }
        write_arrays(kept, **found)
    with np.load(kept) as content:
        return {name: content[name] for name in content}


def decoded_name(width: int, depth: int) -> str:
    """Return the name of the answers of a shape by decoded records."""
    return f"{width} x {depth}, decoded, trained {ABOVE}"


def decoded(network: Trained) -> NDArray[np.bool_]:
    """Return which test images one shot gets right, at any angle, whose whole record is used.

    From the last layer back, e_(l-1) = r_l phi_l e_l; the record so tells the signs of the first
    layer without error, and a computer does the rest.
    """
    test = load_data("mnist-test")
    sharp = replace(read_network(network.path), entanglement=math.pi / 2)
    (counts,) = votes(SignNetwork.of(sharp), test.images[:IMAGES], [1], np.random.default_rng(0))
    right: NDArray[np.bool_] = counts.argmax(axis=1) == test.labels[:IMAGES]
    return right


def other_images(study: Study) -> Dataset:
    """Return the images that votes are centred by; a quick study's need no download."""
    data, (first, end) = load_data(study.validation["data"]), OTHERS
    if study.quick:
        first, end = 0, end - first
    return Dataset(data.images[first:end], data.labels[first:end], data.name)


def trained(study: Study, width: int, depth: int, angles: Sequence[float]) -> list[list[Trained]]:
    """Return the networks of one shape: for each angle, one a seed."""
    there = THERE in trainings(width, depth)
    seeds, chosen = (study.seeds, angles) if there else (study.seeds[:FEWER], angles[-1:])
    cases = [study.settings(0.0, hidden=(width,) * depth, entanglement=math.pi * g) for g in chosen]
    return study.trained(cases, seeds)


def main() -> None:
    assert __doc__
    study = Study("transition", __doc__, hidden=(16, 64), epochs=40, seeds=SEEDS)
    widths = (16,) if study.quick else study.hidden
    depths, angles = (DEPTHS[:2], ANGLES[::2]) if study.quick else (DEPTHS, ANGLES)
    found: dict[str, NDArray[np.bool_]] = {}
    shapes = list(itertools.product(widths, depths))
    for width, depth in shown(shapes, "judging"):
        networks = trained(study, width, depth, angles)
        for trained_at in trainings(width, depth):
            numbers = votes_of(width, trained_at)
            for place, g in enumerate(angles):
                chosen = networks[place if trained_at == THERE else -1]
                chosen = chosen[:FEWER] if (width, trained_at) == (WIDE, ABOVE) else chosen
                each = [of_network(study, network, numbers, g) for network in chosen]
                for number, rule in itertools.product(numbers, RULES):
                    name = Point(width, depth, g, number, rule, trained_at).name
                    found[name] = np.array([seed[f"{number} {rule}"] for seed in each])
        found[decoded_name(width, depth)] = np.array([decoded(each) for each in networks[-1]])
    path = study.tables / f"{study.name}-answers.npz"
    write_answers(path, found)
    answers = read_answers(path)
    study.write(rows(answers, points(widths, depths, angles)))
    lines = curves(answers, widths, depths, angles)
    edges = edge_rows(lines, angles)
    print_rows("angles over pi below which more than half of the images are wrong", edges)
    study.write(edges, "-edges")
    study.write(decoded_rows(answers, widths, depths), "-decoded")
    small = SMALL[:1] if study.quick else SMALL
    study.write(list(information_rows(study, small, depths, angles)), "-information")
    draw(study, lines, angles)
    study.claims(claims(lines, angles))


def rows(answers: Answers, every: Sequence[Point]) -> list[dict[str, Any]]:
    """Return the error of each point."""
    return [
        {
            "width": point.width, "depth": point.depth, "entanglement_over_pi": round(point.g, 6),
            "trained": point.trained, "shots": point.votes, "rule": point.rule,
            "seeds": len(answers[point.name]),
            **mean_error(answers[point.name]).columns("error"),
        }
        for point in every
    ]  # fmt: skip


def decoded_rows(
    answers: Answers, widths: Sequence[int], depths: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the error of one shot whose record is decoded, for each shape."""
    names = {shape: decoded_name(*shape) for shape in itertools.product(widths, depths)}
    return [
        {
            "width": width, "depth": depth, "seeds": len(answers[name]),
            **mean_error(answers[name]).columns("error"),
        }
        for (width, depth), name in names.items()
    ]  # fmt: skip


Line = NDArray[np.bool_]
"""Wrong answers along the angles, shape (angles, seeds, images)."""
Key = tuple[int, int, str, int, str]
"""Width, depth, where the weights were trained, number of shots and rule."""
Lines = Mapping[Key, Line]


def curves(
    answers: Answers, widths: Sequence[int], depths: Sequence[int], angles: Sequence[float]
) -> dict[Key, Line]:
    """Return all lines of errors along the angles."""
    found: dict[Key, Line] = {}
    shapes = itertools.product(widths, depths)
    for width, depth, trained_at in ((*s, t) for s in shapes for t in trainings(*s)):
        for number, rule in itertools.product(votes_of(width, trained_at), RULES):
            each = [answers[Point(width, depth, g, number, rule, trained_at).name] for g in angles]
            line = [[~network.right for network in seeds] for seeds in each]
            found[width, depth, trained_at, number, rule] = np.array(line)
    return found


def crossing(angles: Sequence[float], errors: NDArray[np.floating], level: float) -> float:
    """Return the log of the angle below which errors are above a level, at most of the ends."""
    logs = np.log(angles)
    wrong = np.flatnonzero(errors > level)
    if not len(wrong):
        return float(logs[0])
    last = wrong[-1]
    if last + 1 == len(angles):
        return float(logs[-1])
    share = (errors[last] - level) / (errors[last] - errors[last + 1])
    return float(logs[last] + share * (logs[last + 1] - logs[last]))


def log_edges(
    line: Line, angles: Sequence[float], level: float = 0.5
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each seed's edge as a logarithm, and the means over seeds of resampled images."""
    errors = line.mean(axis=2)
    each = np.array([crossing(angles, errors[:, seed], level) for seed in range(line.shape[1])])
    random = np.random.default_rng(0)
    images = line.shape[2]
    weights = random.multinomial(images, np.full(images, 1 / images), RESAMPLED) / images
    resampled = np.tensordot(line, weights.T, axes=1)  # (angles, seeds, resampled)
    means = [
        np.mean([crossing(angles, resampled[:, seed, k], level) for seed in range(len(each))])
        for k in range(RESAMPLED)
    ]
    return each, np.array(means)


def mean_log(each: NDArray[np.float64], resampled: NDArray[np.float64], images: int) -> Interval:
    """Return a mean over seeds with an interval for new seeds and new images."""
    variances, freedom = [float(resampled.var(ddof=1))], [images - 1]
    if len(each) > 1:
        variances.append(float(each.var(ddof=1)) / len(each))
        freedom.append(len(each) - 1)
    return combined(float(each.mean()), variances, freedom)


def edge(line: Line, angles: Sequence[float]) -> Interval:
    """Return the logarithm of the edge."""
    return mean_log(*log_edges(line, angles), line.shape[2])


def sharpness(line: Line, angles: Sequence[float]) -> Interval:
    """Return the logarithm of the factor in g from three quarters wrong to a quarter."""
    (quarter, some), (most, others) = (log_edges(line, angles, level) for level in (0.25, 0.75))
    return mean_log(quarter - most, some - others, line.shape[2])


def outside(line: Line, angles: Sequence[float]) -> str:
    """Return how many seeds' edges are not between the first and the last angle."""
    each, _ = log_edges(line, angles)
    below = int(np.sum(each <= np.log(angles[0])))
    above = int(np.sum(each >= np.log(angles[-1])))
    return "; ".join(
        [f"{below} at most {angles[0]:.4f}"] * bool(below)
        + [f"{above} at least {angles[-1]:.4f}"] * bool(above)
    )


def edge_rows(lines: Lines, angles: Sequence[float]) -> list[dict[str, Any]]:
    """Return where more than half of the images are wrong, and how sharply that begins."""
    found = []
    for (width, depth, trained_at, number, rule), line in lines.items():
        place, factor = edge(line, angles), sharpness(line, angles)
        found.append(
            {
                "width": width, "depth": depth, "trained": trained_at, "shots": number,
                "rule": rule,
                "seeds": line.shape[1],
                "edge_over_pi": f"{math.exp(place.value):.4f}",
                "low": f"{math.exp(place.low):.4f}", "high": f"{math.exp(place.high):.4f}",
                "seeds_outside": outside(line, angles),
                "factor_from_75_to_25_per_cent": f"{math.exp(factor.value):.2f}",
                "factor_low": f"{math.exp(factor.low):.2f}",
                "factor_high": f"{math.exp(factor.high):.2f}",
            }
        )  # fmt: skip
    return found


def information_rows(
    study: Study, widths: Sequence[int], depths: Sequence[int], angles: Sequence[float]
) -> Iterator[dict[str, Any]]:
    """Yield the bits that a shot of small networks tells of the class of a test image, exactly."""
    test = load_data("mnist-test")
    images, labels = test.images[:IMAGES], test.labels[:IMAGES]
    for width, depth in shown(list(itertools.product(widths, depths)), "information"):
        every = trained(study, width, depth, angles)
        for trained_at, (place, g) in itertools.product(TRAINED, enumerate(angles)):
            bits, wrong = [], []
            networks = every[place if trained_at == THERE else -1]
            for network in networks:
                weights = read_network(network.path)
                signs = SignNetwork.of(replace(weights, entanglement=math.pi * g))
                chances = last_outcomes(signs, images)
                _, classes = signs.tables()
                by_class = np.stack([chances[:, classes == c].sum(axis=1) for c in range(10)], 1)
                bits.append(information(chances, labels))
                wrong.append(float((by_class.argmax(axis=1) != labels).mean()))
            mean = mean_log(np.array(bits), np.zeros(2), IMAGES)
            yield {
                "width": width, "depth": depth, "trained": trained_at,
                "entanglement_over_pi": round(g, 6), "seeds": len(networks), **mean.columns("bits"),
                "error_of_very_many_shots": round(float(np.mean(wrong)), 4),
            }  # fmt: skip


def difference(first: Line, second: Line, angles: Sequence[float], what: str = "edge") -> Interval:
    """Return by which logarithm the edge (or the sharpness) of the first is above the second's.

    Paired by seed and image; of more seeds the first are compared.
    """
    count = min(first.shape[1], second.shape[1])
    first, second = first[:, :count], second[:, :count]
    levels = (0.5,) if what == "edge" else (0.25, 0.75)
    parts = [[log_edges(line, angles, level) for line in (first, second)] for level in levels]
    (a, b), *rest = parts
    each, some = a[0] - b[0], a[1] - b[1]
    for c, d in rest:
        each, some = each - (c[0] - d[0]), some - (c[1] - d[1])
    return mean_log(each, some, first.shape[2])


def claims(lines: Lines, angles: Sequence[float]) -> list[Claim]:
    """Return what becomes of a critical angle."""
    found = []

    def factor(text: str, value: Interval) -> None:
        low, middle, high = (math.exp(each) for each in (value.low, value.value, value.high))
        evidence = f"a factor of {middle:.2f} ({low:.2f} to {high:.2f}) in g"
        found.append(Claim(text, value, evidence, images=IMAGES))

    widths = list(dict.fromkeys(key[0] for key in lines))
    depths = list(dict.fromkeys(key[1] for key in lines))
    shapes = list(itertools.product(widths, depths))
    for width, depth, trained_at in ((*s, t) for s in shapes for t in trainings(*s)):
        where = f"{depth} layers of {width}, trained {trained_at}"
        few, *_, many = votes_of(width, trained_at)
        plain, most = (lines[width, depth, trained_at, each, "plain"] for each in (few, many))
        factor(
            f"the edge of {few} shots is above that of {many} ({where})",
            difference(plain, most, angles),
        )
        for rule in RULES[1:]:
            other = lines[width, depth, trained_at, many, rule]
            factor(
                f"the edge of {many} plain shots is above that of {rule} ones ({where})",
                difference(most, other, angles),
            )
    for width, depth in (s for s in shapes if THERE in trainings(*s)):
        number = VOTES[width][-1]
        most, other = (lines[width, depth, each, number, "plain"] for each in TRAINED)
        factor(
            f"weights trained there have a higher edge than those trained {ABOVE} "
            f"({depth} layers of {width}, {number} shots)",
            difference(most, other, angles),
        )
    for width, trained_at in ((w, t) for w in widths for t in trainings(w, depths[0])):
        number = VOTES[width][-1]
        for less, more in itertools.pairwise(depths):
            factor(
                f"{more} layers of {width} have a higher edge than {less} ({number} shots, "
                f"trained {trained_at})",
                difference(
                    lines[width, more, trained_at, number, "plain"],
                    lines[width, less, trained_at, number, "plain"],
                    angles,
                ),
            )
    if len(widths) == 2:
        for depth in depths:
            few = VOTES[widths[0]][0]
            pair = [lines[width, depth, ABOVE, few, "plain"] for width in widths]
            factor(
                f"the edge is sharper with 64 neurons than with 16 ({depth} layers, {few} shots)",
                difference(pair[0], pair[1], angles, "sharpness"),
            )
    return found


def draw(study: Study, lines: Lines, angles: Sequence[float]) -> None:
    """Draw error against the angle: a row a width and where it was trained, a column a depth."""
    groups = sorted({(key[0], key[2]) for key in lines}, key=lambda g: (g[0], g[1] != THERE))
    depths = list(dict.fromkeys(key[1] for key in lines))
    with styled():
        size = (1.6 + 2.7 * len(depths), 0.6 + 2.2 * len(groups))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(len(groups), len(depths), sharex=True, sharey=True, squeeze=False)
        for row, (width, trained_at) in zip(panels, groups, strict=True):
            for axes, depth in zip(row, depths, strict=True):
                if trained_at in trainings(width, depth):
                    panel(axes, lines, (width, depth, trained_at), angles)
                else:
                    axes.set_axis_off()
            row[0].set_ylabel("error")
        for axes in panels[-1]:
            axes.set_xlabel(r"entanglement angle $g/\pi$")
            axes.set_xticks(angles, [f"{g:.3f}" for g in angles], rotation=60)
            axes.minorticks_off()
        percent_axis(panels[0, 0])
        found = dict[str, Artist]()
        for axes in panels.flat:
            handles, labels = axes.get_legend_handles_labels()
            found |= zip(labels, handles, strict=True)
        names = sorted(found, key=lambda name: int(name.split(" ")[0]))
        handles = [found[name] for name in names]
        figure.legend(handles, names, fontsize=7, loc="outside right center")
        save(figure, study.figure())


def panel(axes: Axes, lines: Lines, shape: tuple[int, int, str], angles: Sequence[float]) -> None:
    """Draw one shape: a colour a number of shots, a style a way to count them."""
    width, depth, trained_at = shape
    styles = {"plain": "-", "centred": "--", "likelihood": ":"}
    numbers = sorted({number for each in VOTES.values() for number in (*each, MORE)})
    for shots in votes_of(width, trained_at):
        for rule, style in styles.items():
            line = lines[width, depth, trained_at, shots, rule].mean(axis=(1, 2))
            color = look(numbers.index(shots)).color
            axes.plot(angles, line, style, color=color, label=f"{shots} shots, {rule}")
    axes.axhline(0.5, color="0.6", lw=0.8)
    axes.set_xscale("log", base=2)
    axes.set_title(f"{depth} layers of {width}, trained {trained_at}", loc="left", fontsize=8)


if __name__ == "__main__":
    main()

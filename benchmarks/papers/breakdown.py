"""The noise that networks stand, by how they were trained.

    python benchmarks/papers/breakdown.py --seeds 0,1,2,3,4    # 20 minutes of processor time
    python benchmarks/papers/breakdown.py --quick              # a minute

Breakdown: the strength of a device's noise at which the majority of 15 shots falls below a
noise-free classical network of the size, image by image, with the same seed. That is the sign
network of the published recipe; against the sign network of the recipe that all others here share
(cosine schedule, a fifth of the pixels dropped) it is told as well. Training under noise is under
`fake_kingston`, whatever a network is judged under. Intervals are for new seeds and new images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from answers import Answers, Right
from matplotlib.figure import Figure
from rich.table import Table
from study import CONSOLE, Errors, Study, shown
from verdicts import Claim, Interval, combined, gain, mean_error

from qnnq.figures.style import look, percent_axis, save, styled
from qnnq.statistics import breakdown
from qnnq.training.settings import TrainingSettings

DEVICES = ("fake_kingston", "fake_torino", "fake_sherbrooke")
TRAINED_UNDER = DEVICES[0]
STRENGTHS = (0, 1, 8, 16, 20, 24, 28, 32, 36, 40, 48)
MIXED = (1.0, 8.0)
"""Strengths in training; chosen with K, epochs and dropout by `recipe.py`."""
VOTE = 4
IMAGES = 10_000
BEST, CORRECTED = "noise- and vote-aware", ", compensated"
GOAL, COST = 32, 0.003
"""A breakdown strength, and what it may cost at strength 1, as a fraction of the images."""
ENDS = ("", "_low", "_high")
SIGNS = {"published": "sign, published recipe", "tuned": "sign, tuned"}
"""Rows of the classical networks without noise."""


@dataclass(frozen=True)
class Kind:
    """A way to train, and whether angles are corrected for the noise that is judged under."""

    settings: TrainingSettings
    compensate: bool = False


def kinds(study: Study) -> dict[str, Kind]:
    """Return what is compared, by name."""
    plain = study.tuned(1.0)
    noisy = replace(plain, noise=TRAINED_UNDER, strengths=MIXED)
    both = replace(noisy, train_shots=VOTE)
    return {
        "published recipe, stretch 0.5": Kind(published(study, 0.5)),
        "plain": Kind(plain),
        f"plain{CORRECTED}": Kind(plain, compensate=True),
        BEST: Kind(both),
        f"{BEST}{CORRECTED}": Kind(both, compensate=True),
        "vote-aware": Kind(replace(plain, train_shots=VOTE)),
        "noise-aware": Kind(noisy),
    }


def published(study: Study, stretch: float) -> TrainingSettings:
    """Return the published recipe for networks of 16 neurons (arXiv:2507.21222)."""
    epochs = study.epochs if study.quick else 100
    return study.settings(stretch, activation="htanh", epochs=epochs, evaluate_every=epochs)


def judged(study: Study, name: str, kind: Kind) -> dict[str, list[Errors]]:
    """Train a kind; return its errors, one a seed, by device and strength."""
    (networks,) = study.trained([kind.settings])
    options = {"compensate": True} if kind.compensate else {}
    return {
        named(name, device, x): [
            study.errors(each, noise=f"{device}*{x}", **options) if x else study.errors(each)
            for each in networks
        ]
        for device in DEVICES
        for x in STRENGTHS
    }


def named(kind: str, device: str, strength: float) -> str:
    """Return the name of the answers of a kind under a device's noise."""
    return f"{kind} > {device} x {strength}" if strength else f"{kind} > no noise"


def curve(answers: Answers, kind: str, device: str) -> list[Sequence[Right]]:
    """Return the answers of each strength, one a seed."""
    return [answers[named(kind, device, x)] for x in STRENGTHS]


def mean_breakdown(
    line: Sequence[Sequence[Right]], references: Sequence[Right]
) -> tuple[Interval, list[float]]:
    """Return the mean breakdown strength, and each seed's; beyond the last strength it counts so.

    The variance over seeds and the mean of that over images, which all seeds share, are added.

    Args:
        line: For each strength, answers one a seed.
        references: Of the classical network, one a seed.
    """
    most = float(STRENGTHS[-1])
    found = [
        breakdown(STRENGTHS, [each.right for each in curve], reference.right)
        for curve, reference in zip(zip(*line, strict=True), references, strict=True)
    ]
    values, low, high = (
        np.minimum([getattr(each, end) for each in found], most) for end in ("value", "low", "high")
    )
    variances, freedom = [float(np.mean(((high - low) / (2 * 1.959964)) ** 2))], [IMAGES - 1]
    if len(found) > 1:
        variances.append(float(values.var(ddof=1)) / len(found))
        freedom.append(len(found) - 1)
    mean = combined(float(values.mean()), variances, freedom)
    low_end, high_end = max(mean.low, 0.0), min(mean.high, most)
    return Interval(mean.value, low_end, high_end, mean.error, mean.freedom), values.tolist()


def main() -> None:
    assert __doc__
    study = Study("breakdown", __doc__, hidden=(16, 16, 16), epochs=150)
    every = kinds(study)
    signs = [published(study, 0.0), replace(every["plain"].settings, stretch=0.0)]
    found: dict[str, list[Errors]] = {}
    for name, networks in zip(SIGNS.values(), study.trained(signs), strict=True):
        found[name] = [study.errors(network) for network in networks]
    for name, kind in shown(list(every.items()), "judging"):
        found |= judged(study, name, kind)
    answers = study.keep(found)
    table = rows(answers)
    for row in table:
        one = found[named(str(row["training"]), str(row["judged_under"]), 1)]
        row["single_shot_error_at_1"] = round(np.mean([each.single_shot for each in one]), 4)
    show(study, table, answers)
    study.write(table)
    draw(study, answers, list(every), SIGNS["published"])
    study.claims(claims(answers))


def kinds_of(answers: Answers) -> list[str]:
    """Return the names of the ways to train."""
    return list(dict.fromkeys(name.split(" > ")[0] for name in answers if " > " in name))


def rows(answers: Answers) -> list[dict[str, Any]]:
    """Return the table that follows from the answers."""
    return [row(answers, kind, device) for kind in kinds_of(answers) for device in DEVICES]


def row(answers: Answers, name: str, device: str) -> dict[str, Any]:
    """Return what becomes of one kind under one device's noise."""
    line = curve(answers, name, device)
    strength, each = mean_breakdown(line, answers[SIGNS["published"]])
    tuned, _ = mean_breakdown(line, answers[SIGNS["tuned"]])
    errors = {x: mean_error(answers[named(name, device, x)]).value for x in (0, 1, 32)}
    change = gain(answers[named(name, device, 1)], answers[named("plain", device, 1)])
    return {
        "training": name, "judged_under": device, "seeds": len(each),
        **{key: round(value, 1) for key, value in strength.columns("breakdown").items()},
        "breakdown_of_each_seed": " ".join(f"{value:.1f}" for value in each),
        "breakdown_against_tuned_sign": round(tuned.value, 1),
        **{f"majority_error_at_{x}": round(error, 4) for x, error in errors.items()},
        **{key: round(value, 4) for key, value in change.columns("better_than_plain_at_1").items()},
        **{
            f"error_of_{name}_sign": round(mean_error(answers[sign]).value, 4)
            for name, sign in SIGNS.items()
        },
    }  # fmt: skip


def show(study: Study, rows: Sequence[Mapping[str, Any]], answers: Answers) -> None:
    """Print the table."""
    signs = " and ".join(
        f"{100 * (1 - mean_error(answers[sign]).value):.1f} % ({name})"
        for name, sign in SIGNS.items()
    )
    table = Table(
        title=f"breakdown strengths (95 %), {len(study.seeds)} seeds; sign networks: {signs}; "
        "majority accuracy and change at strength 1 in %",
        title_justify="left",
    )
    headings = ("training", "judged under", "breakdown", "against tuned", "at 1", "at 32", "change")
    for heading in headings:
        table.add_column(heading)
    for each in rows:
        change = Interval(*(float(each[f"better_than_plain_at_1{end}"]) for end in ENDS))
        low, high = (each[f"breakdown{end}"] for end in ENDS[1:])
        table.add_row(
            str(each["training"]), str(each["judged_under"]),
            f"{each['breakdown']} ({low} to {high})", str(each["breakdown_against_tuned_sign"]),
            *(f"{100 * (1 - float(each[f'majority_error_at_{x}'])):.1f}" for x in (1, 32)),
            change.per_cent(1),
        )  # fmt: skip
    CONSOLE.print(table)


def claims(answers: Answers) -> list[Claim]:
    """Return what becomes of the goal and of what training for the noise and the vote promises."""
    references = answers[SIGNS["published"]]
    found = []
    for device in DEVICES:
        plain = curve(answers, "plain", device)
        for name in ("vote-aware", "noise-aware", BEST):
            line = curve(answers, name, device)
            strengths = [mean_breakdown(each, references)[0] for each in (line, plain)]
            text = f"{told(strengths[0])}, plain {told(strengths[1])}"
            claim = f"{name} training stands more noise of {device}"
            found.append(Claim(claim, apart(*strengths), text))
    for name in (BEST, f"{BEST}{CORRECTED}"):
        strength, _ = mean_breakdown(curve(answers, name, TRAINED_UNDER), references)
        one, plain_one = (answers[named(each, TRAINED_UNDER, 1)] for each in (name, "plain"))
        change = gain(one, plain_one)
        found += [
            Claim(f"{name}: breakdown at {GOAL} or more on {TRAINED_UNDER}", strength,
                  told(strength), GOAL),
            Claim(f"{name} training costs at most {100 * COST:g} points at strength 1", change,
                  f"{change.per_cent()} points", -COST),
        ]  # fmt: skip
    return found


def apart(first: Interval, second: Interval) -> Interval:
    """Return a difference as if both were independent, which networks of one seed are not."""
    parts = [(each.error or 0.0) ** 2 for each in (first, second)]
    return combined(first.value - second.value, parts, [first.freedom, second.freedom])


def told(strength: Interval) -> str:
    """Return a strength in words."""
    return f"{strength.value:.1f} ({strength.low:.1f} to {strength.high:.1f})"


def draw(study: Study, answers: Answers, kinds: Sequence[str], sign: str) -> None:
    """Draw accuracy against strength: a panel a device, a line a way to train."""
    with styled():
        figure = Figure(figsize=(11, 3.8), layout="constrained")
        panels = list(figure.subplots(1, len(DEVICES), sharey=True))
        for axes, device in zip(panels, DEVICES, strict=True):
            for number, name in enumerate(kinds):
                values = [1 - mean_error(each).value for each in curve(answers, name, device)]
                style = look(number)
                axes.plot(
                    STRENGTHS, values, color=style.color, marker=style.marker, ms=3, label=name
                )
            limit = 1 - mean_error(answers[sign]).value
            axes.axhline(limit, color="0.4", ls="--", lw=1, label="sign network, no noise")
            axes.set_xlabel("noise strength")
            axes.set_title(device, loc="left", fontsize=9)
        panels[0].set_ylabel("accuracy, majority of 15")
        percent_axis(panels[0])
        panels[-1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
        save(figure, study.figure())


if __name__ == "__main__":
    main()

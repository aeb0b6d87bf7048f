"""Trained under one noise, judged under another: where it helps and where it hurts.

    python benchmarks/papers/other_noise.py            # 16-16-16, three seeds: 10 minutes
    python benchmarks/papers/other_noise.py --quick    # a minute

Networks are trained for the vote of 4 without noise, under `fake_kingston` at half to four times
the strength 16, and under living neurons' noise (`--mode coherent`). All are judged by the majority
of 15 shots under that noise, other devices', one that is readout error for the most part, detuning
and over-rotation. The table says by how much each errs less than the network trained without noise,
paired by image and seed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from answers import Answers
from matplotlib.figure import Figure
from rich.table import Table
from study import CONSOLE, Study
from verdicts import Claim, Interval, bars, better, gain, mean_error

from qnnq.figures.style import look, save, styled
from qnnq.training.settings import TrainingSettings

DEVICE = "fake_kingston"
JUDGED_AT = 16
RATIOS = (0.5, 1, 2, 4)
LIVING, LATENCY = "fake_torino*8", "2us"
"""What is judged in coherent mode; the same is trained under in both modes."""
PLAIN = "no noise"
LOWEST = -8
"""Points, where the figure ends."""
NOISES = {
    # what it is: the noise and further options of a run
    "no noise": ("ideal", {}),
    f"{DEVICE} x 1": (DEVICE, {}),
    f"{DEVICE} x {JUDGED_AT}": (f"{DEVICE}*{JUDGED_AT}", {}),
    f"fake_torino x {JUDGED_AT}": (f"fake_torino*{JUDGED_AT}", {}),
    f"fake_sherbrooke x {JUDGED_AT}": (f"fake_sherbrooke*{JUDGED_AT}", {}),
    "readout error of 10 %": (f"{DEVICE} + readout(p=0.1)", {}),
    "detuning of 2 MHz": (f"{DEVICE} + detuning(frequency=2MHz)", {}),
    "over-rotation of 0.3": (f"{DEVICE} + overrotation(angle=0.3)", {}),
    f"{LIVING}, coherent": (LIVING, {"mode": "coherent", "feedback_latency": LATENCY}),
}


def kinds(study: Study) -> dict[str, TrainingSettings]:
    """Return what networks are trained under, by name."""
    plain = study.tuned(1.0, train_shots=4)
    found = {PLAIN: plain}
    for ratio in RATIOS:
        strength = ratio * JUDGED_AT
        found[f"{DEVICE} x {strength:g}"] = replace(plain, noise=DEVICE, strengths=(strength,))
    found[f"{LIVING}, stepwise"] = replace(plain, noise=LIVING)
    found[f"{LIVING}, coherent"] = replace(
        plain, noise=LIVING, mode="coherent", feedback_latency=LATENCY
    )
    return found


def main() -> None:
    assert __doc__
    study = Study("other_noise", __doc__, hidden=(16, 16, 16), epochs=60)
    settings = kinds(study)
    networks = dict(zip(settings, study.trained(settings.values()), strict=True))
    answers = study.keep(
        {
            named(trained, judged): [
                study.errors(each, noise=noise, **options) for each in networks[trained]
            ]
            for trained in settings
            for judged, (noise, options) in NOISES.items()
        }
    )
    show(study, list(settings), answers)
    study.write(rows(answers))
    draw(study, answers)
    study.claims(claims(answers))


def named(trained: str, judged: str) -> str:
    """Return the name of a row."""
    return f"{trained} > {judged}"


def gained(answers: Answers, trained: str, judged: str) -> Interval:
    """Return by how much less errs what was trained under a noise."""
    return gain(answers[named(trained, judged)], answers[named(PLAIN, judged)])


def rows(answers: Answers) -> list[dict[str, Any]]:
    """Return the table that follows from the answers."""
    found = []
    for name, errors in answers.items():
        trained, judged = name.split(" > ")
        found.append(
            {
                "trained_under": trained, "judged_under": judged, "seeds": len(errors),
                **mean_error(errors).columns("majority_error"),
                **gained(answers, trained, judged).columns("better_than_without_noise"),
            }
        )  # fmt: skip
    return found


def show(study: Study, trained: Sequence[str], answers: Answers) -> None:
    """Print the table: accuracies without noise in training, and by how much others are better."""
    table = Table(
        title=f"majority of 15, {len(study.seeds)} seeds: accuracy in % where trained without "
        "noise, and points that training under noise gains (95 %)",
        title_justify="left",
    )
    for heading in ("judged under", *trained):
        table.add_column(heading)
    for judged in NOISES:
        accuracy = 1 - mean_error(answers[named(PLAIN, judged)]).value
        others = [each for each in trained if each != PLAIN]
        cells = [gained(answers, each, judged).per_cent(1) for each in others]
        table.add_row(judged, f"{100 * accuracy:.1f}", *cells)
    CONSOLE.print(table)


def claims(answers: Answers) -> list[Claim]:
    """Return what becomes of the promises of noise-aware training."""
    same = f"{DEVICE} x {JUDGED_AT}"
    told = [
        better(f"training under {same} helps under {judged}", gained(answers, same, judged))
        for judged in NOISES
        if judged != PLAIN
    ]
    living, stepwise = f"{LIVING}, coherent", f"{LIVING}, stepwise"
    return [
        *told,
        better(
            f"training under {living} does at least as well there as without noise",
            gained(answers, living, living),
        ),
        better(
            f"training under {living} helps there more than under {stepwise}",
            gain(answers[named(living, living)], answers[named(stepwise, living)]),
        ),
    ]


def draw(study: Study, answers: Answers) -> None:
    """Draw what training under each strength gains, a line a noise that is judged under."""
    strengths = [ratio * JUDGED_AT for ratio in RATIOS]
    with styled():
        figure = Figure(figsize=(7, 3.8), layout="constrained")
        axes = figure.subplots()
        for number, judged in enumerate(NOISES):
            line = [gained(answers, f"{DEVICE} x {strength:g}", judged) for strength in strengths]
            style = look(number)
            places = [strength * 1.03 ** (number - len(NOISES) // 2) for strength in strengths]
            axes.errorbar(
                places, [100 * e.value for e in line], 100 * np.array(bars(line)), capsize=2,
                color=style.color, marker=style.marker, linestyle=style.linestyle, label=judged,
            )  # fmt: skip
        axes.axhline(0, color="0.4", lw=1)
        axes.set_xscale("log", base=2)
        axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
        axes.set_xlabel(f"strength of {DEVICE} in training")
        axes.set_ylim(bottom=LOWEST)
        axes.set_title(f"losses beyond {-LOWEST} points are cut off", loc="left", fontsize=8)
        axes.set_ylabel("gain against training without noise, points")
        axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), title="judged under")
        save(figure, study.figure())


if __name__ == "__main__":
    main()

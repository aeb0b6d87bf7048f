"""One, two and three hidden layers (arXiv:2503.15482).

    python benchmarks/papers/layers.py --hidden 128 --seeds 0,1,2,3,4    # 20 minutes
    python benchmarks/papers/layers.py --quick    # width 32, 10 epochs: a minute

The last hidden layer is measured projectively. So with one hidden layer method 2 is the sign
network and the combined method is method 1.
"""

import math
from typing import Any

from answers import Answers
from matplotlib.figure import Figure
from rich.table import Table
from study import CONSOLE, Study
from verdicts import Claim, bars, better, gain, mean_error

from qnnq.figures.style import look, percent_axis, save, styled

DEPTHS = (1, 2, 3)
KINDS = {
    "sign": (0.0, 1 / 2),
    "method 1, stretch 0.316": (0.316, 1 / 2),
    "method 2, 5 pi/19": (0.0, 5 / 19),
    "combined, 0.316 and 3 pi/8": (0.316, 3 / 8),
}
"""Stretch, and entanglement angle over pi."""


def main() -> None:
    assert __doc__
    study = Study("layers", __doc__)
    points = [(depth, kind) for depth in DEPTHS for kind in KINDS]
    cases = [
        study.settings(stretch, hidden=study.hidden[:1] * depth, entanglement=math.pi * g)
        for depth, kind in points
        for stretch, g in [KINDS[kind]]
    ]
    networks = dict(zip(points, study.trained(cases), strict=True))
    answers = study.keep(
        {named(*point): [study.errors(each) for each in seeds] for point, seeds in networks.items()}
    )
    table = Table(
        title=f"Error in %, majority of 15, {len(study.seeds)} seeds", title_justify="left"
    )
    for heading in ("hidden layers", *KINDS):
        table.add_column(heading)
    for depth in DEPTHS:
        errors = (mean_error(answers[named(depth, kind)]) for kind in KINDS)
        table.add_row(str(depth), *(error.per_cent() for error in errors))
    CONSOLE.print(table)
    study.write([{**row, "width": study.hidden[0]} for row in rows(answers)])
    draw(study, answers)
    study.claims(claims(answers))


def named(depth: int, kind: str) -> str:
    """Return the name of a row."""
    return f"{kind}, {depth} hidden layers"


def rows(answers: Answers) -> list[dict[str, Any]]:
    """Return the table that follows from the answers."""
    return [
        {
            "hidden_layers": depth, "kind": kind, "seeds": len(answers[named(depth, kind)]),
            **mean_error(answers[named(depth, kind)]).columns("majority_error"),
        }
        for depth in DEPTHS for kind in KINDS
    ]  # fmt: skip


def claims(answers: Answers) -> list[Claim]:
    """Return what becomes of the papers' claims."""
    quantum = "method 1, stretch 0.316"
    every = {depth: answers[named(depth, quantum)] for depth in DEPTHS}
    return [
        better(
            f"{quantum} errs less than the sign network, {depth} hidden layers",
            gain(every[depth], answers[named(depth, "sign")]),
        )
        for depth in DEPTHS
    ] + [better("three hidden layers of method 1 err less than two", gain(every[3], every[2]))]


def draw(study: Study, answers: Answers) -> None:
    """Draw error against depth, one line a kind."""
    with styled():
        figure = Figure(figsize=(5.5, 3.8), layout="constrained")
        axes = figure.subplots()
        for number, kind in enumerate(KINDS):
            line = [mean_error(answers[named(depth, kind)]) for depth in DEPTHS]
            places = [depth + 0.04 * (number - 1.5) for depth in DEPTHS]
            style = look(number)
            axes.errorbar(
                places, [e.value for e in line], bars(line), capsize=2, color=style.color,
                marker=style.marker, label=kind,
            )  # fmt: skip
        axes.set_xticks(DEPTHS)
        axes.set_xlabel(f"hidden layers of {study.hidden[0]} neurons")
        axes.set_ylabel("error, majority of 15")
        percent_axis(axes)
        axes.legend(fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        save(figure, study.figure())


if __name__ == "__main__":
    main()

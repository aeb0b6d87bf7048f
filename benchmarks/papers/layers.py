"""One, two and three hidden layers (arXiv:2503.15482).

    python benchmarks/papers/layers.py --hidden 128 --seeds 0,1,2,3,4    # 20 minutes
    python benchmarks/papers/layers.py --quick    # width 32, 10 epochs: a minute

The last hidden layer is measured projectively. So with one hidden layer method 2 is the sign
network and the combined method is method 1.
"""

import math
from collections.abc import Mapping

from matplotlib.figure import Figure
from rich.table import Table
from study import CONSOLE, Study
from verdicts import Interval, bars, better, gain, mean_error

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
    found = {point: [study.errors(each) for each in seeds] for point, seeds in networks.items()}
    rows = []
    table = Table(
        title=f"Error in %, majority of 15, {len(study.seeds)} seeds", title_justify="left"
    )
    for heading in ("hidden layers", *KINDS):
        table.add_column(heading)
    for depth in DEPTHS:
        errors = {kind: mean_error(found[depth, kind]) for kind in KINDS}
        table.add_row(str(depth), *(error.per_cent() for error in errors.values()))
        rows += [
            {"hidden_layers": depth, "kind": kind, "width": study.hidden[0],
             "seeds": len(study.seeds), **error.columns("majority_error")}
            for kind, error in errors.items()
        ]  # fmt: skip
    CONSOLE.print(table)
    study.write(rows)
    draw(study, {point: mean_error(errors) for point, errors in found.items()})
    quantum = "method 1, stretch 0.316"
    study.claims(
        [
            better(
                f"{quantum} errs less than the sign network, {depth} hidden layers",
                gain(found[depth, quantum], found[depth, "sign"]),
            )
            for depth in DEPTHS
        ]
        + [
            better(
                "three hidden layers of method 1 err less than two",
                gain(found[3, quantum], found[2, quantum]),
            )
        ]
    )


def draw(study: Study, errors: Mapping[tuple[int, str], Interval]) -> None:
    """Draw error against depth, one line a kind."""
    with styled():
        figure = Figure(figsize=(5.5, 3.8), layout="constrained")
        axes = figure.subplots()
        for number, kind in enumerate(KINDS):
            line = [errors[depth, kind] for depth in DEPTHS]
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

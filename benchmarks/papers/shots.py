"""Error against the number of shots that vote, 1 to 255 (arXiv:2503.15482).

    python benchmarks/papers/shots.py            # 512-512: about 12 minutes on two cores
    python benchmarks/papers/shots.py --quick    # 32-32, 10 epochs: seconds

Each number of shots is a run of its own with its own random numbers. Without noise.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure
from study import Study
from verdicts import Interval, bars, better, gain, mean_error

from qnnq.figures.style import look, percent_axis, save, styled

SHOTS = (1, 3, 7, 15, 31, 63, 127, 255)
STRETCHES = (0.0, 0.316, 1.0, 2.0)


def main() -> None:
    assert __doc__
    study = Study("shots", __doc__)
    networks = study.trained([study.settings(stretch) for stretch in STRETCHES])
    found = {
        (stretch, shots): [study.errors(each, shots) for each in seeds]
        for stretch, seeds in zip(STRETCHES, networks, strict=True)
        for shots in SHOTS
    }
    errors = {key: mean_error(each) for key, each in found.items()}
    study.write(
        [
            {
                "stretch": stretch, "shots": shots, "seeds": len(study.seeds),
                **error.columns("majority_error"),
            }
            for (stretch, shots), error in errors.items()
        ]
    )  # fmt: skip
    draw(study, errors)
    study.claims(
        [
            better(
                "the majority of 15 shots errs less than one shot (stretch 0.316)",
                gain(found[0.316, 15], found[0.316, 1]),
            ),
            better(
                "more than 15 shots gain more (255 against 15, stretch 0.316)",
                gain(found[0.316, 255], found[0.316, 15]),
            ),
            better(
                "the same at stretch 2, where a shot is noisier",
                gain(found[2.0, 255], found[2.0, 15]),
            ),
        ]
    )


def draw(study: Study, errors: dict[tuple[float, int], Interval]) -> None:
    """Draw error against shots, one line a stretch."""
    with styled():
        figure = Figure(figsize=(5.5, 3.8), layout="constrained")
        axes = figure.subplots()
        for number, stretch in enumerate(STRETCHES):
            line: Sequence[Interval] = [errors[stretch, shots] for shots in SHOTS]
            style = look(number)
            axes.errorbar(
                SHOTS, [e.value for e in line], bars(line), capsize=2, color=style.color,
                marker=style.marker, label=f"stretch {stretch:g}" if stretch else "sign network",
            )  # fmt: skip
        axes.set_xscale("log", base=2)
        axes.set_xticks(SHOTS, list(map(str, SHOTS)))
        axes.set_xlabel("shots that vote")
        axes.set_ylabel("error of the majority")
        percent_axis(axes)
        axes.legend(fontsize=8)
        save(figure, study.figure())


if __name__ == "__main__":
    main()

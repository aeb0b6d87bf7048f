"""Where weakly measured networks stop learning, and what ends it there (arXiv:2503.15482).

    python benchmarks/papers/transition.py            # 2 to 4 layers of 16 and of 64: 30 minutes
    python benchmarks/papers/transition.py --quick    # 2 and 3 layers of 16: under 2 minutes

Error against the entanglement angle g for depths and widths, at stretch 0. The last hidden layer is
measured projectively, as published, so n layers are n - 1 weak ones and one layer has no transition
(its errors are those of the sign network at any g: not drawn). The edge is the largest
angle at which the majority of 15 still errs in more than half of the images, interpolated in log g.
Two explanations are told apart. If too little information were in the outcomes (a neuron's carry
1 - H2((1 + sin g)/2) bits at most), weights trained at pi/4 could do no better below the edge than
those trained there; if the gradient is the obstacle, they do better. And if shots average it out,
training for the vote of 15 moves the edge (tried at the first width).
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure
from study import Errors, Study, better, gain, mean_error

from qnnq.figures.style import look, percent_axis, save, styled

ANGLES = (1 / 64, 1 / 32, 1 / 16, 3 / 32, 1 / 8, 1 / 4)
"""Of pi."""
REFERENCE = ANGLES[-1]
VOTE = 15
Shape = tuple[int, ...]


def main() -> None:
    assert __doc__
    study = Study("transition", __doc__, hidden=(16, 64), epochs=40)
    widths = (16,) if study.quick else study.hidden
    depths = (2, 3) if study.quick else (2, 3, 4)
    angles = ANGLES[1::2] if study.quick else ANGLES
    shapes = [(width,) * depth for width in widths for depth in depths]
    points = [
        (shape, shots, g)
        for shape in shapes
        for shots in ((1, VOTE) if shape[0] == widths[0] else (1,))
        for g in angles
    ]
    cases = [
        study.settings(0.0, hidden=shape, entanglement=math.pi * g, train_shots=shots)
        for shape, shots, g in points
    ]
    networks = dict(zip(points, study.trained(cases), strict=True))
    found = {key: [study.errors(each) for each in seeds] for key, seeds in networks.items()}
    moved = {
        (shape, g): [
            study.errors(each, entanglement=math.pi * g) for each in networks[shape, 1, REFERENCE]
        ]
        for shape in shapes
        for g in angles
    }
    study.write(
        [
            {
                "hidden": "-".join(map(str, shape)), "train_shots": shots,
                "entanglement_over_pi": round(g, 6), "seeds": len(study.seeds),
                "information_bits": round(information(g), 6),
                **mean_error(found[shape, shots, g]).columns("majority_error"),
                "majority_error_of_weights_trained_at_pi_4":
                    round(mean_error(moved[shape, g]).value, 6),
            }
            for shape, shots, g in points
        ]
    )  # fmt: skip
    for shape in shapes:
        edges = ", ".join(
            f"{name} {edge(angles, line)}" for name, _, line in lines(shape, angles, found, moved)
        )
        print(f"{'-'.join(map(str, shape))}: half of the images are wrong below, {edges}")
    draw(study, shapes, angles, found, moved)
    below = angles[len(angles) // 2 - 1]
    study.claims(
        [
            better(
                f"at {below:.3f} pi the gradient ends learning, not the information: weights "
                f"trained at pi/4 err less than those trained there ({'-'.join(map(str, shape))})",
                gain(moved[shape, below], found[shape, 1, below]),
            )
            for shape in shapes
        ]
        + [
            better(
                f"training for the vote helps there ({'-'.join(map(str, shape))})",
                gain(found[shape, VOTE, below], found[shape, 1, below]),
            )
            for shape in shapes
            if (shape, VOTE, below) in found
        ]
    )


def lines(
    shape: Shape,
    angles: Sequence[float],
    found: dict[tuple[Shape, int, float], list[Errors]],
    moved: dict[tuple[Shape, float], list[Errors]],
) -> Iterator[tuple[str, str, list[list[Errors]]]]:
    """Yield each line of a shape: its name, its style, and the errors at each angle."""
    yield "trained there", "-", [found[shape, 1, g] for g in angles]
    if (shape, VOTE, angles[0]) in found:
        yield f"for the vote of {VOTE}", "--", [found[shape, VOTE, g] for g in angles]
    yield "trained at pi/4", ":", [moved[shape, g] for g in angles]


def information(g: float) -> float:
    """Return the bits that an outcome tells of a neuron in one of its poles, at g times pi."""
    p = (1 + math.sin(math.pi * g)) / 2
    return 1 + sum(q * math.log2(q) for q in (p, 1 - p) if q > 0)


def edge(angles: Sequence[float], line: Sequence[Sequence[Errors]]) -> str:
    """Return the angle below which more than half of the images are wrong."""
    errors = np.array([mean_error(each).value for each in line])
    wrong = np.flatnonzero(errors > 0.5)
    if not wrong.size:
        return f"< {angles[0]:.3f} pi"
    last = int(wrong[-1])
    if last + 1 == len(angles):
        return f"> {angles[-1]:.3f} pi"
    share = (errors[last] - 0.5) / (errors[last] - errors[last + 1])
    return f"{math.exp(np.interp(share, [0, 1], np.log(angles[last : last + 2]))):.3f} pi"


def draw(
    study: Study,
    shapes: Sequence[Shape],
    angles: Sequence[float],
    found: dict[tuple[Shape, int, float], list[Errors]],
    moved: dict[tuple[Shape, float], list[Errors]],
) -> None:
    """Draw error against the angle: a panel a width, a colour a depth."""
    widths = list(dict.fromkeys(shape[0] for shape in shapes))
    with styled():
        figure = Figure(figsize=(1.5 + 3.6 * len(widths), 3.8), layout="constrained")
        panels = list(figure.subplots(1, len(widths), sharey=True, squeeze=False)[0])
        for axes, width in zip(panels, widths, strict=True):
            chosen = [shape for shape in shapes if shape[0] == width]
            for number, shape in enumerate(chosen):
                color = look(number).color
                for name, style, line in lines(shape, angles, found, moved):
                    label = f"{len(shape)} layers, {name}" if width == widths[0] else None
                    values = [mean_error(each).value for each in line]
                    axes.plot(angles, values, style, color=color, label=label)
            axes.set_xscale("log", base=2)
            axes.set_xticks(angles, [f"{g:.3f}" for g in angles], rotation=60)
            axes.set_xlabel(r"entanglement angle $g/\pi$")
            axes.set_title(f"width {width}", loc="left", fontsize=9)
        panels[0].set_ylabel("error, majority of 15")
        percent_axis(panels[0])
        figure.legend(fontsize=6, loc="outside right center")
        save(figure, study.figure())


if __name__ == "__main__":
    main()

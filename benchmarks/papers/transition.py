"""Where weakly measured networks stop learning, and what ends it there (arXiv:2503.15482).

    python benchmarks/papers/transition.py            # 2 to 4 layers of 16 and of 64: 30 minutes
    python benchmarks/papers/transition.py --quick    # 2 and 3 layers of 16: under 2 minutes

Error against the entanglement angle g for depths and widths, at stretch 0. The last hidden layer is
measured projectively, as published, so n layers are n - 1 weak ones and one layer has no transition
(its errors are those of the sign network at any g: not drawn). The edge is the largest
angle at which the majority of 15 still errs in more than half of the images, interpolated in log g;
its width is by which factor in g the error falls from three quarters to a quarter.
Does too little information in the outcomes (a neuron's carry 1 - H2((1 + sin g)/2) bits at most)
end learning below the edge, or training itself (its gradient, in this number of epochs)? Where
other weights do better than those trained there for a shot, it is training: better ones exist.
Tried are weights of the next angle above the edge, and, at the first width, of training there for
the vote of 15. Where they are no better, nothing is told.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from study import Errors, Study, print_rows
from verdicts import Claim, better, gain, mean_error

from qnnq.figures.style import look, percent_axis, save, styled

ANGLES = (1 / 64, 1 / 32, 1 / 16, 3 / 32, 1 / 8, 1 / 4, 3 / 8)
"""Of pi."""
VOTE = 15
Shape = tuple[int, ...]


def main() -> None:
    assert __doc__
    study = Study("transition", __doc__, hidden=(16, 64), epochs=40)
    widths = (16,) if study.quick else study.hidden
    depths = (2, 3) if study.quick else (2, 3, 4)
    angles = ANGLES[::2] if study.quick else ANGLES
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
    references = {shape: next_above(angles, largest(angles, shape, found)) for shape in shapes}
    moved = {
        (shape, g): [
            study.errors(each, entanglement=math.pi * g)
            for each in networks[shape, 1, references[shape]]
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
                "majority_error_of_weights_of_next_angle_above_edge":
                    round(mean_error(moved[shape, g]).value, 6),
            }
            for shape, shots, g in points
        ]
    )  # fmt: skip
    edges = [
        edge("-".join(map(str, shape)), name, angles, line)
        for shape in shapes
        for name, _, line in list(lines(shape, angles, found, moved))[:-1]  # of those trained there
    ]
    print_rows("angles over pi below which more than half of the images are wrong", edges)
    study.write(edges, "-edges")
    draw(study, shapes, angles, found, moved)
    below = {shape: largest(angles, shape, found) for shape in shapes}
    study.claims(
        [
            claim
            for shape, g in below.items()
            if g is not None and g < angles[-1]
            for claim in claims(shape, g, found, moved)
        ]
    )


def claims(
    shape: Shape,
    below: float,
    found: dict[tuple[Shape, int, float], list[Errors]],
    moved: dict[tuple[Shape, float], list[Errors]],
) -> list[Claim]:
    """Return what ends learning at an angle below a shape's edge."""
    where = f"({'-'.join(map(str, shape))}, {below:.3f} pi)"
    others = {"trained at the next angle above": moved[shape, below]}
    if (shape, VOTE, below) in found:
        others[f"trained there for the vote of {VOTE}"] = found[shape, VOTE, below]
    told = []
    for which, errors in others.items():
        text = f"training ends learning, not information: weights {which} err less {where}"
        claim = better(text, gain(errors, found[shape, 1, below]))
        unknown = claim.verdict == "does not hold"  # that these are worse tells nothing
        told.append(replace(claim, verdict="cannot be told") if unknown else claim)
    return told


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
    yield "trained above the edge", ":", [moved[shape, g] for g in angles]


def information(g: float) -> float:
    """Return the bits that an outcome tells of a neuron in one of its poles, at g times pi."""
    p = (1 + math.sin(math.pi * g)) / 2
    return 1 + sum(q * math.log2(q) for q in (p, 1 - p) if q > 0)


def largest(
    angles: Sequence[float], shape: Shape, found: dict[tuple[Shape, int, float], list[Errors]]
) -> float | None:
    """Return the largest angle where more than half of the images are wrong, if there is one."""
    wrong = [g for g in angles if mean_error(found[shape, 1, g]).value > 0.5]
    return wrong[-1] if wrong else None


def next_above(angles: Sequence[float], below: float | None) -> float:
    """Return the first angle above one, the first of all for None, the last where none is left."""
    place = 0 if below is None else angles.index(below) + 1
    return angles[min(place, len(angles) - 1)]


def edge(
    hidden: str, training: str, angles: Sequence[float], line: Sequence[Sequence[Errors]]
) -> dict[str, object]:
    """Return a row: where more than half of the images are wrong, and how sharp that begins."""
    errors = [mean_error(each).value for each in line]
    steep = [crossing(angles, errors, level) for level in (0.75, 0.25)]
    inside = all(angles[0] < g < angles[-1] for g in steep)
    half = crossing(angles, errors, 0.5)
    sign = "<= " if half == angles[0] else ">= " if half == angles[-1] else ""
    return {
        "hidden": hidden, "training": training, "edge_over_pi": f"{sign}{half:.4f}",
        "factor_from_75_to_25_per_cent": f"{steep[1] / steep[0]:.1f}" if inside else "",
    }  # fmt: skip


def crossing(angles: Sequence[float], errors: Sequence[float], level: float) -> float:
    """Return the angle below which errors are above a level, the first or the last at most."""
    wrong = [place for place, error in enumerate(errors) if error > level]
    if not wrong:
        return angles[0]
    last = wrong[-1]
    if last + 1 == len(angles):
        return angles[-1]
    share = (errors[last] - level) / (errors[last] - errors[last + 1])
    low, high = np.log(angles[last : last + 2])
    return float(np.exp(low + share * (high - low)))


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

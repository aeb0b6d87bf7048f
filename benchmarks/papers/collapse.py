"""Whether training collapses below pi/8 with three hidden layers, as published (arXiv:2503.15482).

    python benchmarks/papers/collapse.py            # 512-512-512: 12 minutes of processor time
    python benchmarks/papers/collapse.py --quick    # 32-32-32, 10 epochs: seconds

The published program has three hidden layers, the last of which is measured projectively;
`stretch.py` has two. Stretch 0, the published recipe.
"""

import math
from typing import Any

from answers import Answers
from study import Study, print_rows
from verdicts import Claim, above, better, gain, mean_error

from qnnq.training.settings import MAJORITY_SHOTS

ANGLES = {"pi/4": math.pi / 4, "pi/8": math.pi / 8, "pi/16": math.pi / 16}
SHOTS = (1, MAJORITY_SHOTS)


def main() -> None:
    assert __doc__
    study = Study("collapse", __doc__, hidden=(512, 512, 512))
    networks = study.trained([study.settings(0.0, entanglement=g) for g in ANGLES.values()])
    answers = study.keep(
        {
            named(angle, shots): [study.errors(each, shots) for each in seeds]
            for angle, seeds in zip(ANGLES, networks, strict=True)
            for shots in SHOTS
        }
    )
    print_rows("errors on 10,000 test images", rows(answers))
    study.write(rows(answers))
    study.claims(claims(answers))


def named(angle: str, shots: int) -> str:
    """Return the name of a row."""
    return f"{angle}, {shots} shots"


def rows(answers: Answers) -> list[dict[str, Any]]:
    """Return the table that follows from the answers."""
    return [
        {
            "entanglement": angle, "shots": shots, "seeds": len(answers[named(angle, shots)]),
            **mean_error(answers[named(angle, shots)]).columns("error"),
        }
        for angle in ANGLES for shots in SHOTS
    ]  # fmt: skip


def claims(answers: Answers) -> list[Claim]:
    """Return what becomes of the published claim."""
    found = []
    for shots in SHOTS:
        quarter, eighth, least = (answers[named(angle, shots)] for angle in ANGLES)
        found += [
            above(f"most images are wrong at {angle}, {shots} shots", mean_error(each), 0.5)
            for angle, each in (("pi/8", eighth), ("pi/16", least))
        ]
        found.append(better(f"pi/8 errs more than pi/4, {shots} shots", gain(quarter, eighth)))
    return found


if __name__ == "__main__":
    main()

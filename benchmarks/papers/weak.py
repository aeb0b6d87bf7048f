"""What training for the vote makes of weakly measured networks of 16 neurons.

    python benchmarks/papers/weak.py --seeds 0,1,2,3,4    # 10 minutes of processor time
    python benchmarks/papers/weak.py --quick              # a minute

At stretch 0 each measurement errs with probability (1 - sin g)/2: 16 neurons are too few to average
that out within a shot. Trained by the published recipe, by the tuned one (cosine schedule, a fifth
of the pixels dropped) and by the tuned one for the vote of 15 shots; judged without noise and under
`fake_kingston`. Breakdown strengths are those of `breakdown.py`, 0 where the network is no better
than the sign network without noise.
"""

import itertools
import math
from dataclasses import replace
from typing import Any

from answers import Answers
from breakdown import DEVICES, Kind, curve, draw, judged, kinds_of, mean_breakdown, named, published
from study import Study, print_rows, shown
from verdicts import Claim, better, gain, mean_error

from qnnq.training.settings import MAJORITY_SHOTS

ANGLES = {"5 pi/19": 5 * math.pi / 19, "3 pi/8": 3 * math.pi / 8}
DEVICE = "fake_kingston"
NOISES = {"no noise": 0, DEVICE: 1}
"""Strengths of the device's noise that the table has."""
VOTE = f"tuned, vote of {MAJORITY_SHOTS}"
PUBLISHED = "published recipe"
SIGN = "sign network"


def main() -> None:
    assert __doc__
    study = Study("weak", __doc__, hidden=(16, 16, 16), epochs=30)
    cases = {}
    for name, angle in ANGLES.items():
        tuned = study.tuned(0.0, entanglement=angle)
        cases[f"{name}, {PUBLISHED}"] = replace(published(study, 0.0), entanglement=angle)
        cases[f"{name}, tuned"] = tuned
        cases[f"{name}, {VOTE}"] = replace(tuned, train_shots=MAJORITY_SHOTS)
    signs, *_ = study.trained([published(study, 0.0), *cases.values()])
    found = {SIGN: [study.errors(network) for network in signs]}
    for name, case in shown(list(cases.items()), "judging"):
        found |= judged(study, name, Kind(case))
    answers = study.keep(found)
    table = rows(answers)
    for row, (name, x) in zip(table, itertools.product(cases, NOISES.values()), strict=True):
        single = [each.single_shot for each in found[named(name, DEVICE, x)]]
        row["single_shot_error"] = round(sum(single) / len(single), 4)
    print_rows(f"errors on 10,000 test images, {len(study.seeds)} seeds", table)
    study.write(table)
    strengths = breakdown_rows(answers)
    print_rows(f"breakdown strengths, {len(study.seeds)} seeds", strengths)
    study.write(strengths, "-breakdown")
    draw(study, answers, list(cases), SIGN)
    study.claims(claims(answers))


def rows(answers: Answers) -> list[dict[str, Any]]:
    """Return the table of errors that follows from the answers."""
    found = []
    for name, (where, x) in itertools.product(kinds_of(answers), NOISES.items()):
        errors = answers[named(name, DEVICE, x)]
        angle, training = name.split(", ", 1)
        found.append(
            {
                "entanglement": angle, "training": training, "judged_under": where,
                "seeds": len(errors), **mean_error(errors).columns("majority_error"),
            }
        )  # fmt: skip
    return found


def breakdown_rows(answers: Answers) -> list[dict[str, Any]]:
    """Return the strengths of each device's noise that the networks stand."""
    found = []
    for name, device in itertools.product(kinds_of(answers), DEVICES):
        strength, each = mean_breakdown(curve(answers, name, device), answers[SIGN])
        angle, training = name.split(", ", 1)
        errors = {x: mean_error(answers[named(name, device, x)]).value for x in (1, 16, 32)}
        found.append(
            {
                "entanglement": angle, "training": training, "judged_under": device,
                "seeds": len(each),
                **{key: round(value, 1) for key, value in strength.columns("breakdown").items()},
                "breakdown_of_each_seed": " ".join(f"{value:.1f}" for value in each),
                **{f"majority_error_at_{x}": round(error, 4) for x, error in errors.items()},
            }
        )  # fmt: skip
    return found


def claims(answers: Answers) -> list[Claim]:
    """Return what training for the vote promises."""
    return [
        better(
            f"{training} errs less than {than} at {angle}, without noise",
            gain(*(answers[named(f"{angle}, {each}", DEVICE, 0)] for each in (training, than))),
        )
        for angle in ANGLES
        for training, than in (("tuned", PUBLISHED), (VOTE, "tuned"))
    ]


if __name__ == "__main__":
    main()

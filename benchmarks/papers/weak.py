"""What training for the vote makes of weakly measured networks of 16 neurons.

    python benchmarks/papers/weak.py --seeds 0,1,2,3,4    # 10 minutes of processor time
    python benchmarks/papers/weak.py --quick              # a minute

At stretch 0 each measurement errs with probability (1 - sin g)/2: 16 neurons are too few to average
that out within a shot. Trained by the published recipe, by the tuned one (cosine schedule, a fifth
of the pixels dropped) and by the tuned one for the vote of 15 shots; judged without noise and under
`fake_kingston`. Breakdown strengths are those of `breakdown.py`, 0 where the network is no better
than the sign network without noise.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from breakdown import DEVICES, Kind, at, draw, judged, mean_breakdown, published
from study import Study, print_rows, shown
from verdicts import better, gain, mean_error

from qnnq.training.settings import MAJORITY_SHOTS, TrainingSettings

ANGLES = {"5 pi/19": 5 * math.pi / 19, "3 pi/8": 3 * math.pi / 8}
NOISES = {"no noise": "ideal", "fake_kingston": "fake_kingston"}
VOTE = f"tuned, vote of {MAJORITY_SHOTS}"
PUBLISHED = "published recipe"


def main() -> None:
    assert __doc__
    study = Study("weak", __doc__, hidden=(16, 16, 16), epochs=30)
    cases = {}
    for name, angle in ANGLES.items():
        tuned = study.tuned(0.0, entanglement=angle)
        cases[name, PUBLISHED] = replace(published(study, 0.0), entanglement=angle)
        cases[name, "tuned"] = tuned
        cases[name, VOTE] = replace(tuned, train_shots=MAJORITY_SHOTS)
    networks = dict(zip(cases, study.trained(cases.values()), strict=True))
    found = {
        (*case, where): [study.errors(each, noise=noise) for each in seeds]
        for case, seeds in networks.items()
        for where, noise in NOISES.items()
    }
    rows = [
        {
            "entanglement": angle, "training": training, "judged_under": where,
            "seeds": len(errors),
            "single_shot_error": round(sum(e.single_shot for e in errors) / len(errors), 4),
            **mean_error(errors).columns("majority_error"),
        }
        for (angle, training, where), errors in found.items()
    ]  # fmt: skip
    print_rows(f"errors on 10,000 test images, {len(study.seeds)} seeds", rows)
    study.write(rows)
    breakdowns(study, cases)
    study.claims(
        [
            better(
                f"{training} errs less than {than} at {angle}, without noise",
                gain(found[angle, training, "no noise"], found[angle, than, "no noise"]),
            )
            for angle in ANGLES
            for training, than in (("tuned", PUBLISHED), (VOTE, "tuned"))
        ]
    )


def breakdowns(study: Study, cases: Mapping[tuple[str, str], TrainingSettings]) -> None:
    """Print, write and draw the strengths of each device's noise that the networks stand."""
    (signs,) = study.trained([published(study, 0.0)])
    references = [study.errors(network) for network in signs]
    work = [(case, device) for case in cases for device in DEVICES]
    curves = {
        (", ".join(case), device): judged(study, Kind(cases[case]), device)
        for case, device in shown(work, "judging")
    }
    rows = []
    for (angle, training), device in work:
        curve = curves[f"{angle}, {training}", device]
        strength, each = mean_breakdown(curve, references)
        rows.append(
            {
                "entanglement": angle, "training": training, "judged_under": device,
                "seeds": len(each),
                **{key: round(value, 1) for key, value in strength.columns("breakdown").items()},
                "breakdown_of_each_seed": " ".join(f"{value:.1f}" for value in each),
                **{
                    f"majority_error_at_{x}": round(mean_error(at(curve, x)).value, 4)
                    for x in (1, 16, 32)
                },
            }
        )  # fmt: skip
    print_rows(f"breakdown strengths, {len(study.seeds)} seeds", rows)
    study.write(rows, "-breakdown")
    draw(study, curves, references)


if __name__ == "__main__":
    main()

"""Weak measurements below pi/8 at the published setting, with three hidden layers as published.

    python benchmarks/papers/deep.py            # 512-512-512, one seed: 6 minutes
    python benchmarks/papers/deep.py --quick    # seconds

Stretch 0, the published recipe of arXiv:2503.15482; the majority of 15 plain shots on all test
images, without noise. With two layers the same angles are in `stretch.py`.
"""

import math

import numpy as np
from answers import write_answers
from study import Study, print_rows
from verdicts import above, mean_error

ANGLES = (1 / 16, 1 / 8)
"""Of pi."""


def main() -> None:
    assert __doc__
    study = Study("deep", __doc__, hidden=(512, 512, 512), seeds=(0,))
    cases = [study.settings(0.0, entanglement=math.pi * g) for g in ANGLES]
    found = {
        g: [study.errors(network) for network in networks]
        for g, networks in zip(ANGLES, study.trained(cases), strict=True)
    }
    rows = [
        {
            "hidden": study.shape, "entanglement_over_pi": g, "seeds": len(errors),
            **mean_error(errors).columns("majority_error"),
            "single_shot_error": round(sum(e.single_shot for e in errors) / len(errors), 6),
        }
        for g, errors in found.items()
    ]  # fmt: skip
    print_rows("errors on 10,000 test images", rows)
    study.write(rows)
    answers = {
        f"{g:g} pi": np.array([each.right for each in errors]) for g, errors in found.items()
    }
    write_answers(study.tables / f"{study.name}-answers.npz", answers)
    text = "training collapses below pi/8: most images are wrong at {:g} pi, {} hidden layers"
    depth = len(study.hidden)
    study.claims([above(text.format(g, depth), mean_error(each), 0.5) for g, each in found.items()])


if __name__ == "__main__":
    main()

"""The same networks trained on all 60,000 images of MNIST (arXiv:2503.15482 used 5,000).

    python benchmarks/papers/all_images.py            # 512-512, 20 epochs: long without a GPU
    python benchmarks/papers/all_images.py --hidden 16,16,16 --epochs 20
    python benchmarks/papers/all_images.py --quick    # 5,000 images, 32-32: seconds

`mnist-train` is downloaded once; `--data FILE` takes the images from an IDX file.
"""

import math
from typing import Any

from answers import Answers
from error_bars import draw_errors
from study import Study
from verdicts import Claim, better, gain, mean_error

KINDS = {
    "sign": (0.0, 1 / 2),
    "method 1, stretch 0.316": (0.316, 1 / 2),
    "method 1, stretch 0.5": (0.5, 1 / 2),
    "combined, 0.316 and 3 pi/8": (0.316, 3 / 8),
}
"""Stretch, and entanglement angle over pi."""


def main() -> None:
    assert __doc__
    study = Study("all_images", __doc__, epochs=20, data="mnist-train")
    study.name = f"{study.name}-{study.shape}"
    cases = [study.settings(stretch, entanglement=math.pi * g) for stretch, g in KINDS.values()]
    networks = dict(zip(KINDS, study.trained(cases), strict=True))
    answers = study.keep(
        {kind: [study.errors(each) for each in seeds] for kind, seeds in networks.items()}
    )
    errors = {kind: mean_error(each) for kind, each in answers.items()}
    for kind, error in errors.items():
        print(f"{kind}: error {error.per_cent()} %")
    same = {"hidden": study.shape, "data": study.data, "epochs": study.epochs}
    study.write([{**row, **same} for row in rows(answers)])
    draw_errors(study.figure(), f"{study.shape} on {study.data}, majority of 15", errors, "sign")
    study.claims(claims(answers, study.data))


def rows(answers: Answers) -> list[dict[str, Any]]:
    """Return the table that follows from the answers."""
    return [
        {"kind": kind, "seeds": len(each), **mean_error(each).columns("majority_error")}
        for kind, each in answers.items()
    ]


def claims(answers: Answers, data: str = "mnist-train") -> list[Claim]:
    """Return what becomes of the papers' claims."""
    return [
        better(
            f"{kind} errs less than the sign network with {data}",
            gain(answers[kind], answers["sign"]),
        )
        for kind in list(KINDS)[1:]
    ]


if __name__ == "__main__":
    main()

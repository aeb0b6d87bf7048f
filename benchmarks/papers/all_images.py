"""The same networks trained on all 60,000 images of MNIST (arXiv:2503.15482 used 5,000).

    python benchmarks/papers/all_images.py            # 512-512, 20 epochs: long without a GPU
    python benchmarks/papers/all_images.py --hidden 16,16,16 --epochs 20
    python benchmarks/papers/all_images.py --quick    # 5,000 images, 32-32: seconds

`mnist-train` is downloaded once; `--data FILE` takes the images from an IDX file.
"""

import math

from study import Study, better, gain, mean_error

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
    cases = [study.settings(stretch, entanglement=math.pi * g) for stretch, g in KINDS.values()]
    networks = dict(zip(KINDS, study.trained(cases), strict=True))
    found = {kind: [study.errors(each) for each in seeds] for kind, seeds in networks.items()}
    for kind, each in found.items():
        print(f"{kind}: error {mean_error(each).per_cent()} %")
    study.write(
        [
            {
                "kind": kind, "hidden": "-".join(map(str, study.hidden)), "data": study.data,
                "epochs": study.epochs, "seeds": len(each),
                **mean_error(each).columns("majority_error"),
            }
            for kind, each in found.items()
        ]
    )  # fmt: skip
    study.claims(
        [
            better(
                f"{kind} errs less than the sign network with {study.data}",
                gain(found[kind], found["sign"]),
            )
            for kind in list(KINDS)[1:]
        ]
    )


if __name__ == "__main__":
    main()

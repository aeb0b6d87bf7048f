"""Whether sampled neurons keep a network from overfitting (arXiv:2503.15482).

    python benchmarks/papers/overfitting.py            # 512-512: about 8 minutes on two cores
    python benchmarks/papers/overfitting.py --quick    # 32-32, 10 epochs: seconds

Errors on the training and on the test images, epoch by epoch, of the classical sign network and of
method 1, at the published recipe: 5,000 images, tanh, SGD with momentum, no regularisation. An
error in training is that of one shot, so it is one shot on the test images that stands beside it.
"""

import numpy as np
from matplotlib.figure import Figure
from study import Study, Trained
from verdicts import better, combined, gain, mean_error

from qnnq.figures.style import look, percent_axis, save, styled

STRETCHES = {0.0: "sign (stretch 0)", 0.316: "stretch 0.316", 1.0: "stretch 1"}
SAMPLED = 0.316


def main() -> None:
    assert __doc__
    study = Study("overfitting", __doc__)
    every = max(1, study.epochs // 20)
    cases = [study.settings(stretch, evaluate_every=every) for stretch in STRETCHES]
    networks = dict(zip(STRETCHES, study.trained(cases), strict=True))
    rows = [
        {
            "stretch": stretch, "seed": network.settings.seed, "epoch": epoch["epoch"],
            "training_error_single_shot": round(epoch["training_error"], 6),
            "test_error_single_shot": round(epoch["single_shot_error"], 6),
            "test_error_majority": epoch["majority_error"],
        }
        for stretch, seeds in networks.items() for network in seeds for epoch in network.history
        if epoch["majority_error"] is not None
    ]  # fmt: skip
    study.write(rows)
    draw(study, networks)
    found = {stretch: [study.errors(each) for each in seeds] for stretch, seeds in networks.items()}
    gaps = {stretch: gap(seeds) for stretch, seeds in networks.items()}
    for stretch, name in STRETCHES.items():
        error = mean_error(found[stretch]).per_cent()
        print(
            f"{name}: a shot errs {100 * gaps[stretch].mean():.2f} points more on the test images "
            f"than in training; error of the majority {error} %"
        )
    claims = [
        better(
            f"with sampled neurons (stretch {SAMPLED}, majority of 15) a network errs less on new "
            "images than the sign network",
            gain(found[SAMPLED], found[0.0]),
        )
    ]
    narrower = gaps[0.0] - gaps[SAMPLED]
    if len(narrower) > 1:  # an interval for new seeds on the same images
        text = "and its gap between test and training images, one shot, is narrower"
        parts = [narrower.var(ddof=1) / len(narrower)], [len(narrower) - 1]
        claims.append(better(text, combined(float(narrower.mean()), *parts)))
    study.claims(claims)


def gap(networks: list[Trained]) -> np.ndarray:
    """Return by how much the error of a shot is larger on the test images than in training."""
    last = [network.history[-1] for network in networks]
    return np.array([each["single_shot_error"] - each["training_error"] for each in last])


def draw(study: Study, networks: dict[float, list[Trained]]) -> None:
    """Draw errors against epochs; one line a seed."""
    with styled():
        figure = Figure(figsize=(6.5, 4), layout="constrained")
        axes = figure.subplots()
        for number, (stretch, seeds) in enumerate(networks.items()):
            for place, network in enumerate(seeds):
                for key, line, kind in (
                    ("training_error", ":", "training, one shot"),
                    ("single_shot_error", "--", "test, one shot"),
                    ("majority_error", "-", "test, majority of 15"),
                ):
                    points = [e for e in network.history if e["majority_error"] is not None]
                    axes.plot(
                        [e["epoch"] for e in points], [e[key] for e in points], line,
                        color=look(number).color,
                        label=None if place else f"{STRETCHES[stretch]}: {kind}",
                    )  # fmt: skip
        axes.set_xlabel("epoch")
        axes.set_ylabel("error")
        axes.set_ylim(0, 0.2)
        percent_axis(axes)
        axes.legend(fontsize=7)
        save(figure, study.figure())


if __name__ == "__main__":
    main()

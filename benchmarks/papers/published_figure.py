"""The figure of `reproduce_published.py`."""

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from published_shares import PUBLISHED, shares

from qnnq.networks.bundled import load_model


def draw(
    path: Path,
    majority: dict[str, float],
    one: dict[str, float],
    pairs: dict[str, dict[int, float]],
) -> None:
    """Draw the three experiments: published points with intervals, our accuracies as lines."""
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    many, image = PUBLISHED["hardware_55_images"], PUBLISHED["image_6929"]
    inserted = PUBLISHED["inserted_single_qubit_pairs"]["superconducting"]
    experiments = (
        ("55 images, majority of 10", "stretch", many, "superconducting_accuracy_approx", 55),
        ("image 6929", "stretch", image, "superconducting_accuracy_approx", image["shots"]),
        ("image 6929", "pairs", inserted, "stretch_0.5_accuracy_approx", image["shots"]),
    )
    for axes, (title, x, source, key, n) in zip(panels, experiments, strict=True):
        points = shares(source[key], n)
        values = np.array([share.right / share.n for share in points])
        low, high = np.transpose([share.interval for share in points])
        bars = np.array([values - low, high - values])
        axes.errorbar(source[x], values, bars, fmt="ks", capsize=3, label="published")
        axes.set_xlabel("inserted pairs SX, SX-dagger" if x == "pairs" else "stretch")
        axes.set_title(title, fontsize="medium")
        axes.grid(alpha=0.3)
    for axes, found in zip(panels, (majority, one), strict=False):
        networks = {name: load_model(name) for name in found}
        rotation = [
            name
            for name, each in networks.items()
            if each.entanglement == math.pi / 2 and isinstance(each.stretch, float)
        ]
        stretches = [networks[name].stretch for name in rotation]
        axes.plot(stretches, [found[name] for name in rotation], "o-", label="device noise")
    for name, values in pairs.items():
        panels[2].plot(list(values), list(values.values()), "o-", label=name)
    panels[0].set_ylabel("accuracy")
    for axes in panels:
        axes.legend(frameon=False, fontsize="small")
    figure.savefig(path, dpi=150)

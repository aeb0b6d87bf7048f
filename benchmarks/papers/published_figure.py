"""The figure of `reproduce_published.py`."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from published_shares import PUBLISHED, shares

from qnnq.figures.style import look, percent_axis, save, styled
from qnnq.networks.bundled import load_model


def draw(
    path: Path,
    majority: dict[str, float],
    one: dict[str, float],
    pairs: dict[str, dict[int, float]],
) -> None:
    """Draw the three experiments: published points with intervals, our accuracies as lines."""
    with styled():
        theirs = look(0)
        figure = Figure(figsize=(11, 3.8), layout="constrained")
        panels = figure.subplots(1, 3, sharey=True)
        many, image = PUBLISHED["hardware_55_images"], PUBLISHED["image_6929"]
        approximate = "superconducting_accuracy_approx"
        size = len(many["test_indices"])
        inserted = PUBLISHED["inserted_single_qubit_pairs"]["superconducting"]
        experiments = (
            (
                f"{size} images, majority of 10",
                "stretch",
                many,
                "superconducting_accuracy_approx",
                size,
            ),
            ("image 6929", "stretch", image, approximate, image["shots"]),
            ("image 6929", "pairs", inserted, "stretch_0.5_accuracy_approx", image["shots"]),
        )
        for axes, (title, x, source, key, n) in zip(panels, experiments, strict=True):
            points = shares(source[key], n)
            values = np.array([share.right / share.n for share in points])
            low, high = np.transpose([share.interval for share in points])
            bars = np.array([values - low, high - values])
            axes.errorbar(
                source[x], values, bars, linestyle="", capsize=2, color=theirs.color,
                marker=theirs.marker, label="published",
            )  # fmt: skip
            axes.set_xlabel("inserted pairs SX, SX-dagger" if x == "pairs" else "stretch")
            axes.set_title(title, loc="left", fontsize=9)
        for axes, found in zip(panels, (majority, one), strict=False):
            networks = {name: load_model(name) for name in found}
            rotation = [
                name
                for name, each in networks.items()
                if each.entanglement == math.pi / 2 and isinstance(each.stretch, float)
            ]
            stretches = [networks[name].stretch for name in rotation]
            line(axes, 1, "device noise", stretches, [found[name] for name in rotation])
        for number, (name, values) in enumerate(pairs.items(), 1):
            line(panels[2], number, name, list(values), list(values.values()))
        panels[0].set_ylabel("accuracy")
        percent_axis(panels[0])
        for axes in panels:
            axes.legend(fontsize=8, loc="best")
        save(figure, path)


def line(axes: Axes, number: int, label: str, x: Sequence[float], y: Sequence[float]) -> None:
    """Draw our accuracies in a look of their own."""
    style = look(number)
    axes.plot(x, y, color=style.color, marker=style.marker, linestyle=style.linestyle, label=label)

"""Measured accuracies beside those of fitted noises."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qnnq.figures.style import look, panels, percent_axis, place_legend
from qnnq.fitting.explanation import Explanation
from qnnq.statistics import wilson


def fit_figure(
    explanations: Sequence[Explanation], pairs: Sequence[int], ax: Axes | None = None
) -> Figure:
    """Draw what was measured at each setting, and the 95 % band that each noise predicts.

    Args:
        explanations: Of the same settings.
        pairs: The inserted pairs of each setting: the axis, where they all differ.
        ax: Where to draw; None: a new figure.
    """
    points = explanations[0].predictions
    along = len(set(pairs)) == len(pairs) > 1
    x = np.array(pairs if along else range(1, len(points) + 1), float)
    order = np.argsort(x)
    with panels(ax, 5.4, 3.8) as (figure, (axes,)):
        for number, explanation in enumerate(explanations, start=1):
            style = look(number)
            low, value, high = (
                np.array([getattr(point, name) for point in explanation.predictions])[order]
                for name in ("low", "value", "high")
            )
            axes.plot(
                x[order],
                value,
                color=style.color,
                marker=style.marker,
                linestyle=style.linestyle,
                label=f"{explanation.fitted} (p = {explanation.p_value:.2g})",
            )
            axes.fill_between(x[order], low, high, color=style.color, alpha=0.12, linewidth=0)
        measured = np.array([point.measured for point in points])
        intervals = [wilson(round(point.measured * point.shots), point.shots) for point in points]
        lows, highs = np.transpose(intervals)
        axes.errorbar(
            x,
            measured,
            [measured - lows, highs - measured],
            fmt="ks",
            capsize=3,
            zorder=3,
            label="measured (95 % Wilson intervals)",
        )
        out = np.array([point.held_out for point in points])
        if out.any():
            axes.plot(x[out], measured[out], "ws", markersize=2.5, zorder=4, label="held out")
        axes.set_xlabel("inserted gate pairs" if along else "setting")
        axes.set_ylabel("accuracy of one shot")
        percent_axis(axes)
        place_legend(axes)
    return figure

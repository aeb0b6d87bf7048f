"""A figure that several scripts draw: one error and its interval a row."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from verdicts import Interval, bars

from qnnq.figures.style import look, percent_axis, save, styled


def draw_errors(path: Path, title: str, rows: Mapping[str, Interval], marked: str) -> None:
    """Draw a row an error, those whose name begins with `marked` in another colour."""
    with styled():
        figure = Figure(figsize=(7.5, 0.9 + 0.24 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for place, (name, error) in enumerate(rows.items()):
            style = look(int(not name.startswith(marked)))
            axes.errorbar(
                error.value,
                place,
                xerr=bars([error]),
                capsize=2,
                color=style.color,
                marker=style.marker,
            )
        axes.set_yticks(range(len(rows)), list(rows), fontsize=8)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(left=0)
        percent_axis(axes, "x")
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("error with its 95 % interval")
        axes.set_title(title, loc="left", fontsize=9)
        save(figure, path)

"""Learning curves: accuracies and loss against epochs."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from qnnq.errors import InputError
from qnnq.figures.style import MOST_SERIES, look, percent_axis, styled
from qnnq.training.settings import MAJORITY_SHOTS, Epoch


def _right(error: float | None) -> float | None:
    return None if error is None else 1 - error


_ACCURACIES: tuple[tuple[str, str, Callable[[Epoch], float | None]], ...] = (
    ("training", ":", lambda epoch: _right(epoch.training_error)),
    ("validation", "--", lambda epoch: _right(epoch.validation_error)),
    (f"test, majority of {MAJORITY_SHOTS}", "-", lambda epoch: _right(epoch.majority_error)),
)
_LOSSES: tuple[tuple[str, str, Callable[[Epoch], float | None]], ...] = (
    ("training", ":", lambda epoch: epoch.loss),
    ("validation", "--", lambda epoch: epoch.validation_loss),
)


class _PlainNumbers(LogFormatter):
    """Labels the ticks that `LogFormatter` would label, without powers of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of a tick, "" for none."""
        return f"{x:g}" if super().__call__(x, pos) else ""


def plot_learning(histories: Mapping[int, Sequence[Epoch]]) -> Figure:
    """Draw what was measured of accuracies and losses against epochs, a colour a seed."""
    if len(histories) > MOST_SERIES:
        raise InputError(f"{len(histories)} seeds are too many to tell apart in a figure")
    with styled():
        figure = Figure(figsize=(8.0, 3.6), layout="constrained")
        accuracies, losses = figure.subplots(1, 2)
        for number, (seed, history) in enumerate(histories.items()):
            name = f"seed {seed}: " if len(histories) > 1 else ""
            for axes, kinds in ((accuracies, _ACCURACIES), (losses, _LOSSES)):
                for meaning, line, value in kinds:
                    _draw(axes, history, value, name + meaning, look(number).color, line)
        accuracies.set_ylabel("accuracy")
        percent_axis(accuracies)
        losses.set_ylabel("loss (cross-entropy)")
        losses.set_yscale("log")
        for formatter in (losses.yaxis.set_major_formatter, losses.yaxis.set_minor_formatter):
            formatter(_PlainNumbers(minor_thresholds=(1.5, 0.4)))
        for axes in (accuracies, losses):
            axes.set_xlabel("epoch")
            axes.set_ylim(top=1 if axes is accuracies else None)
        accuracies.legend(fontsize=7)
    return figure


def _draw(
    axes: Axes,
    history: Sequence[Epoch],
    value: Callable[[Epoch], float | None],
    label: str,
    colour: str,
    line: str,
) -> None:
    points = [(epoch.epoch, found) for epoch in history if (found := value(epoch)) is not None]
    if points:
        marker = "o" if len(points) == 1 else None
        epochs, values = zip(*points, strict=True)
        axes.plot(epochs, values, color=colour, linestyle=line, marker=marker, label=label)

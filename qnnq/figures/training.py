"""Learning curves: like beside like, one shot with one shot and votes with votes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from qnnq.errors import InputError
from qnnq.figures.style import MOST_SERIES, look, panels, percent_axis, styled, tell
from qnnq.statistics import wilson
from qnnq.training.settings import MAJORITY_SHOTS, Epoch

_Curves = Sequence[tuple[str, str, Callable[[Epoch], float | None]]]


def _right(name: str) -> Callable[[Epoch], float | None]:
    def value(epoch: Epoch) -> float | None:
        error: float | None = getattr(epoch, name)
        return None if error is None else 1 - error

    return value


_VALIDATION = ("validation", "--", _right("validation_error"))
_TEST_VOTE = ("test", "-", _right("majority_error"))
_TRAINING = _right("training_error")
_LOSSES: _Curves = (
    ("training", ":", lambda epoch: epoch.loss),
    ("validation", "--", lambda epoch: epoch.validation_loss),
)


class _PlainNumbers(LogFormatter):
    """Labels the ticks that `LogFormatter` would label, without powers of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of a tick, "" for none."""
        return f"{x:g}" if super().__call__(x, pos) else ""


def plot_learning(
    histories: Mapping[int, Sequence[Epoch]],
    test_images: int,
    train_shots: int = 1,
    ax: Axes | None = None,
) -> Figure:
    """Draw what was measured of accuracies and losses against epochs, a colour a seed.

    Args:
        histories: By seed.
        test_images: How many test images there were, which the intervals are of.
        train_shots: Shots of an image in training, whose mean the training accuracy is of.
        ax: Where to draw; None: a new figure.

    Raises:
        InputError: For too many seeds.
    """
    if len(histories) > MOST_SERIES:
        raise InputError(f"{len(histories)} seeds are too many to tell apart in a figure")
    training = (f"training, mean of {train_shots}" if train_shots > 1 else "training", ":")
    one: _Curves = [("test", "-", _right("single_shot_error"))]
    votes: _Curves = [_VALIDATION, _TEST_VOTE]
    if train_shots == 1:
        one = [(*training, _TRAINING), *one]
    else:
        votes = [(*training, _TRAINING), *votes]
    with styled() if ax is None else nullcontext():
        figure, (single, majority, losses) = panels(ax, 9.6, 3.4, 3)
        for number, (seed, history) in enumerate(histories.items()):
            name = f"seed {seed}: " if len(histories) > 1 else ""
            for axes, kinds in ((single, one), (majority, votes), (losses, _LOSSES)):
                images = 0 if axes is losses else test_images
                for meaning, line, value in kinds:
                    of = images if meaning == "test" else 0
                    _draw(axes, history, value, name + meaning, (look(number).color, line), of)
        single.set_ylabel("accuracy of one shot")
        majority.set_ylabel(f"accuracy of the majority of {MAJORITY_SHOTS}")
        losses.set_ylabel("loss (cross-entropy)")
        losses.set_yscale("log")
        for formatter in (losses.yaxis.set_major_formatter, losses.yaxis.set_minor_formatter):
            formatter(_PlainNumbers(minor_thresholds=(1.5, 0.4)))
        for axes, corner in ((single, "lower"), (majority, "lower"), (losses, "upper")):
            axes.set_xlabel("epoch")
            axes.set_xlim(left=0)
            axes.legend(fontsize="small", loc=f"{corner} right")
        low = min(single.get_ylim()[0], majority.get_ylim()[0])
        for axes in (single, majority):
            percent_axis(axes)
            axes.set_ylim(low, 1)
        tell(figure, f"bars: 95 % of {test_images:,} test images (Wilson)")
    return figure


def _draw(
    axes: Axes,
    history: Sequence[Epoch],
    value: Callable[[Epoch], float | None],
    label: str,
    drawn: tuple[str, str],
    images: int,
) -> None:
    """Draw one curve, with the intervals of so many images where there are any."""
    points = [(epoch.epoch, found) for epoch in history if (found := value(epoch)) is not None]
    if not points:
        return
    colour, line = drawn
    epochs, values = zip(*points, strict=True)
    marker = "o" if len(points) == 1 or images else None
    axes.plot(epochs, values, color=colour, linestyle=line, marker=marker, ms=3, label=label)
    if images:
        ends = np.transpose([wilson(round(each * images), images) for each in values])
        errors = np.abs(ends - np.array(values))
        axes.errorbar(epochs, values, errors, fmt="none", ecolor=colour, elinewidth=0.9)

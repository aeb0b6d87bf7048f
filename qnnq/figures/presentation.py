"""What a user may change about a figure: names of networks, its title, its size."""

import re
from collections.abc import Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from qnnq.errors import InputError
from qnnq.results.points import Measured

_LARGEST_INCHES = 100.0


def renamed(points: Sequence[Measured], names: Sequence[str]) -> list[Measured]:
    """Call networks otherwise, by `NETWORK=NAME`; raises `InputError` for one that is not there."""
    known = dict.fromkeys(str(point.labels["network"]) for point in points)
    called: dict[str, str] = {}
    for text in names:
        network, equals, name = text.rpartition("=")
        if not equals or network not in known:
            raise InputError(f"--label {text!r}: expected NETWORK=NAME, one of {', '.join(known)}")
        called[network] = name
    return [
        replace(point, labels={**point.labels, "network": called.get(network, network)})
        for point in points
        for network in [str(point.labels["network"])]
    ]


def add_title(figure: Figure, title: str) -> None:
    """Put a title above a figure, and above the caption that it may have there."""
    caption = figure.get_suptitle()
    figure.suptitle(f"{title}\n{caption}" if caption else title, fontsize=10)


def parse_size(text: str) -> tuple[float, float]:
    """Return width and height in inches; raises `InputError`."""
    found = re.fullmatch(r"([0-9.]+)x([0-9.]+)", text)
    try:
        width, height = map(float, found.groups() if found else ())
    except ValueError:
        width = height = 0.0
    if not (0 < width <= _LARGEST_INCHES and 0 < height <= _LARGEST_INCHES):
        raise InputError(f"--size {text!r}: expected inches such as 7x4, up to 100x100")
    return width, height

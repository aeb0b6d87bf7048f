"""What a user may change about a figure: names of networks, its title, its size."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from qnnq.errors import InputError
from qnnq.results.points import Measured

_LARGEST_INCHES = 100.0


def parse_names(texts: Sequence[str], networks: Sequence[str]) -> dict[str, str]:
    """Return what each network is called, by `NETWORK=NAME` or as it is.

    Raises `InputError` for a network that is not there.
    """
    called = dict(zip(networks, networks, strict=True))
    for text in texts:
        network, equals, name = text.rpartition("=")
        if not equals or network not in called:
            raise InputError(f"--label {text!r}: expected NETWORK=NAME, one of {', '.join(called)}")
        called[network] = name
    return called


def renamed(points: Sequence[Measured], called: Mapping[str, str]) -> list[Measured]:
    """Return points whose networks are called otherwise."""
    return [
        replace(point, labels={**point.labels, "network": called[str(point.labels["network"])]})
        for point in points
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

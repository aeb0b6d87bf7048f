"""Pictures that commands write beside their tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qnnq.devices.device import Device
    from transpile.groups import Group

Map = Annotated[
    str | None,
    typer.Option(
        "--figure",
        help="Draw the device: couplings, errors, chosen qubits (.png, .svg or .pdf).",
        metavar="PICTURE",
    ),
]
Circuits = Annotated[
    str | None,
    typer.Option(
        help="Draw the circuits, with --mode coherent each step along time (.svg, .png or .pdf).",
        metavar="PICTURE",
    ),
]


def check_pictures(*paths: str | None) -> None:
    """Raise `InputError` for a picture that could not be written."""
    for path in paths:
        if path is not None:
            from qnnq.figures.style import check_ending
            from qnnq.storage.files import check_writable

            check_ending(path)
            check_writable(path)


def draw_map(
    device: "Device",
    path: str,
    sites: "Sequence[Group]" = (),
    noise: Any = None,
    title: str = "",
) -> None:
    """Draw a device under a noise, by default its own."""
    from noise_models import NoiseSpecification
    from qnnq.figures.device_map import plot_device
    from qnnq.figures.style import save

    specification = NoiseSpecification.parse("device", ["device"]) if noise is None else noise
    save(plot_device(device.target, specification, sites, title or device.name), path)


def save_each(figures: "Sequence[Any]", path: str) -> list[str]:
    """Save figures as `path`, of several with their numbers; return the files."""
    from qnnq.figures.style import save

    file = Path(path)
    paths = [
        str(file.with_stem(f"{file.stem}-{number}")) if len(figures) > 1 else path
        for number in range(1, len(figures) + 1)
    ]
    for figure, each in zip(figures, paths, strict=True):
        save(figure, each)
    return paths

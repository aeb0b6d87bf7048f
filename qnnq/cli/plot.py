"""`qnnq plot`: figures of a results file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from qnnq.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qnnq.results.points import Measured


def plot(
    file: options.ResultsFile,
    out: Annotated[Path, typer.Option(help="The picture: .png, .svg or .pdf.", metavar="PICTURE")],
    x: Annotated[
        Literal["strength", "pairs", "stretch", "entanglement", "feedback_latency"],
        typer.Option(help="What runs along the axis."),
    ] = "strength",
    kind: Annotated[
        Literal["curve", "devices", "attribution", "behaviour", "confusion", "image"],
        typer.Option(help="What to draw."),
    ] = "curve",
    prediction: Annotated[
        Literal["majority", "single_shot", "soft_vote", "both"],
        typer.Option(help="How shots are used; both: the majority, and pale one shot."),
    ] = "majority",
    where: options.Where = None,
    scale: Annotated[
        Literal["auto", "log", "linear"], typer.Option(help="The horizontal axis of curves.")
    ] = "auto",
    image: Annotated[
        int | None, typer.Option(help="Index of the image, for --kind image.", min=0)
    ] = None,
    style: Annotated[
        Literal["screen", "paper"],
        typer.Option(help="paper: 7 point, a column wide, and the caption is printed instead."),
    ] = "screen",
    columns: Annotated[
        int, typer.Option(help="Of the page that a figure for a paper fills.", min=1, max=2)
    ] = 1,
    unfinished: options.Unfinished = False,
    pool_seeds: options.PoolSeeds = False,
    title: Annotated[str | None, typer.Option(help="Stands above the figure.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Call a network otherwise; may be repeated.", metavar="NETWORK=NAME"),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Inches, such as 7x4.", metavar="WIDTHxHEIGHT")
    ] = None,
    json: options.Json = None,
) -> None:
    """Draw what a sweep found, with 95 % intervals.

    \b
    curve         accuracy along --x, one line a network or setting, intervals as bars
    devices       accuracy on devices, the best at the top; of many, the best and the worst
    attribution   what each noise mechanism costs alone, and gains when it is switched off
    behaviour     images gained and lost against the network of stretch 0
    confusion     majority vote against true class
    image         one image's votes along --x

    Example: qnnq plot results.sqlite --x strength --out figure.png
    """
    from qnnq.cli.output import print_notes, write_json
    from qnnq.errors import InputError
    from qnnq.figures.presentation import add_title, parse_names, parse_size, renamed
    from qnnq.figures.style import check_ending, paper, save, styled
    from qnnq.results.points import (
        read_networks,
        read_notes,
        read_points,
        read_references,
    )
    from qnnq.results.robustness import check_complete
    from qnnq.storage.files import check_writable
    from qnnq.wording import counted

    check_ending(out)
    check_writable(out, json)
    if (image is None) == (kind == "image"):
        raise InputError("--image: goes with --kind image, which needs it")
    if prediction == "both" and kind != "curve":
        raise InputError(f"--prediction both: expected with --kind curve, got {kind}")
    if columns != 1 and style != "paper":
        raise InputError("--columns: expected with --style paper")
    notes, _ = read_notes(file)
    print_notes(notes)
    called = parse_names(label or (), read_networks(file))
    found = read_points(file, where or (), pool_seeds=pool_seeds)
    points, known = renamed(found, called), list(called.values())
    if kind in ("attribution", "behaviour") and not unfinished:
        check_complete(points)
    references = renamed(read_references(file), called)
    with styled(paper(columns) if style == "paper" else None):
        figure = _figure(kind, points, references, x, prediction, scale, known, image)
    if title is not None:
        add_title(figure, title)
    if size is not None:
        figure.set_size_inches(*parse_size(size))
    save(figure, out)
    document = {"schema": "qnnq.plot/1", "picture": str(out), "points": len(points)}
    write_json(document, json)
    if json != "-":
        print(f"{out}: {kind} of {counted(len(points), 'point')}")
        if style == "paper":
            print(f"caption: {figure.get_label()}")


def _figure(
    kind: str,
    points: "Sequence[Measured]",
    references: "Sequence[Measured]",
    x: Any,
    prediction: str,
    scale: Any,
    known: "Sequence[str]",
    image: int | None,
) -> Any:
    from qnnq.figures import comparisons, curves, images

    several: Any = ("majority", "single_shot") if prediction == "both" else prediction
    if kind == "curve":
        return curves.plot_curves(points, x, several, scale, known, references)
    if kind == "devices":
        return comparisons.plot_devices(points, several, known, references)
    if kind == "attribution":
        return comparisons.plot_attribution(points, known)
    if image is not None:
        return images.plot_image(points, image, x)
    return images.plot_behaviour(points) if kind == "behaviour" else images.plot_confusion(points)

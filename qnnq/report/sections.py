"""The parts of the page, each from what was read; one that does not apply says why."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, cast

from qnnq.errors import InputError
from qnnq.figures.comparisons import plot_attribution, plot_devices
from qnnq.figures.curves import Axis, Prediction, on_machine, plot_curves
from qnnq.figures.images import plot_confusion, plot_decided
from qnnq.figures.style import PAGE, styled
from qnnq.report.accuracies import accuracies
from qnnq.report.content import MARK, Cell, Picture, Section, Table
from qnnq.report.maps import device_maps
from qnnq.report.sources import Sources
from qnnq.results.labels import shown
from qnnq.results.layout import lay_out
from qnnq.results.points import Measured
from qnnq.results.robustness import groups
from qnnq.results.tables import TESTS, Row, build_report, changes_by_noise
from qnnq.wording import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 500
MOST_FIGURES = 6
LINES_IN_FIGURE = 6
_AXES: Mapping[Axis, str] = {
    "strength": "Accuracy against noise strength",
    "pairs": "Accuracy against inserted gate pairs",
    "feedback_latency": "Accuracy against feedback latency",
}
_BEYOND = 1e308  # sorts after every number


def build_sections(sources: Sources) -> list[Section]:
    """Return all parts that the sources allow, and at the end what they do not."""
    with styled(PAGE):
        return _sections(sources)


def _sections(sources: Sources) -> list[Section]:
    points, references = list(sources.points), list(sources.references)
    found: list[Section] = [accuracies(points, references)]
    missing: list[str] = []
    parts: list[Callable[[], Section | None]] = [
        *(lambda x=x: _curves(points, references, x) for x in _AXES),
        lambda: _breakdown(points, references),
        lambda: _latency(points),
        lambda: _attribution(points),
        lambda: _devices(points, references),
        lambda: device_maps(sources.origins),
        lambda: _confusion(points),
        lambda: _decided(points),
        lambda: _question(points),
        lambda: _all(points),
    ]
    for part in parts:
        try:
            section = part()
            found += [section] if section else []
        except InputError as error:
            missing.append(str(error))
    return [*found, *([Section("Not in these results", tuple(missing))] if missing else [])]


def _question(points: Sequence[Measured]) -> Section:
    networks = _values(points, "network")
    images = {len(point.images) for point in points}
    repetitions = {len(point.repetitions.keys) for point in points}
    shots = _span({point.shots for point in points})
    times = f" x {_span(repetitions)} repetitions" if repetitions != {1} else ""
    text = [
        f"The accuracy of {_listed(networks)}, with {_listed(_values(points, 'widths'))} neurons "
        f"in the hidden layers, on {_listed(_values(points, 'data'))}: "
        f"{_span(images)} images, {shots} shots{times} an image.",
        f"The noise: {_listed(_noises(points))}, at "
        f"{_listed(_values(points, 'strength'), 'strength')} "
        "(0 is none, 1 the noise as calibrated or given; at x the error acts x times).",
    ]
    told = (
        "network",
        "widths",
        "data",
        "noise",
        "strength",
        "stretch",
        "entanglement",
        "images",
        "shots",
    )
    others = [name for name in points[0].labels if name not in told]
    varied = [name for name in others if len(_values(points, name)) > 1]
    if varied:
        words = "; ".join(f"{_words(name)} {_listed(_values(points, name))}" for name in varied)
        text.append(f"Varied as well: {words}.")
    text.append(
        "One shot is one pass of an image through all layers. The majority is the class that most "
        f"of {shots} shots of an image chose; the soft vote averages their softmax outputs. "
        + _how_seeds_count(points)
        + "Intervals hold 95 %: Wilson's for votes of one seed, a bootstrap over images for the "
        "mean of several, Wilson's of an effective number of shots for one shot."
    )
    return Section("What was asked", tuple(text))


def _how_seeds_count(points: Sequence[Measured]) -> str:
    if any(point.pooled for point in points):
        return "The shots of all seeds of a setting make one vote, as --pool-seeds asks for. "
    if any(len(point.repetitions.keys) > 1 for point in points):
        return (
            "A vote is that of one seed (and round); an image is right by the share of them whose "
            "vote is. "
        )
    return ""


def _all(points: Sequence[Measured]) -> Section:
    rows = [
        {name: value for name, value in row.items() if not name.startswith("soft_vote")}
        for row in build_report("accuracy", points, None)
    ]
    return Section("All points", tables=(_table(rows),))


def _curves(points: Sequence[Measured], references: Sequence[Measured], x: Axis) -> Section | None:
    simulated = [point for point in points if not on_machine(point)]
    lines = [
        line
        for line in groups(simulated, [x])
        if len({point.labels.get(x, "") for point in line}) > 1
    ]
    if not lines:
        return None
    pictures, known = [], _values(points, "network")
    starts = range(0, len(lines), LINES_IN_FIGURE)
    parts = [lines[start : start + LINES_IN_FIGURE] for start in starts]
    for part in parts[:MOST_FIGURES]:
        chosen = [point for line in part for point in line]
        chosen += _measured_on_machines(part, points)
        words = f"{_AXES[x]}, majority and one shot, {len(part)} lines"
        both: tuple[Prediction, ...] = ("majority", "single_shot")
        figure = plot_curves(chosen, x, both, known=known, references=references)
        if x == "strength":
            _mark(figure, {float(point.labels[x]) for point in chosen})
        pictures.append(Picture(figure, words))
    left = len(lines) - LINES_IN_FIGURE * MOST_FIGURES
    text = (f"Not drawn: {counted(left, 'further line')}.",) if left > 0 else ()
    return Section(_AXES[x], text, tuple(pictures))


def _mark(figure: "Figure", strengths: Iterable[float]) -> None:
    """Draw a line at each strength, of which the page shows the one that its slider is at."""
    for strength in strengths:
        figure.axes[0].axvline(strength, color="0.5", lw=4, alpha=0.4, gid=f"{MARK}{strength}")


def _measured_on_machines(
    lines: Sequence[Sequence[Measured]], points: Sequence[Measured]
) -> list[Measured]:
    """Return what was measured on machines of the networks and data of some lines."""
    wanted = {(line[0].network_digest, line[0].data_digest) for line in lines}
    return [
        point
        for point in points
        if on_machine(point) and (point.network_digest, point.data_digest) in wanted
    ]


def _breakdown(points: Sequence[Measured], references: Sequence[Measured]) -> Section:
    below = "the classical network (stretch 0, projective) without noise"
    try:
        rows = build_report("breakdown", points, None, unfinished=True)
    except InputError:
        rows = build_report("breakdown", points, "unsampled", True, references)
        below = "the same weights without sampling"
    text = (
        f"The strength at which the majority falls below that of {below}. Beyond: not within the "
        "strengths that were measured. An interval that begins at 0 says that the network may "
        "never have been above it."
    )
    rows, network = _narrow(rows)
    text = f"{text} All are of {network}." if network else text
    return Section("How much noise they stand", (text,), tables=(_table(rows),))


def _latency(points: Sequence[Measured]) -> Section | None:
    if len({each for each in _values(points, "feedback_latency") if each != ""}) < 2:
        return None
    rows = build_report("latency", points, None, unfinished=True)
    text = "The latency, in microseconds, at which one point of accuracy is lost."
    return Section("How slow the feedback may be", (text,), tables=(_table(rows),))


def _attribution(points: Sequence[Measured]) -> Section:
    rows = build_report("attribution", points, None, unfinished=True)
    text = (
        "What each mechanism does to the majority, in percentage points: alone, against no noise "
        "(negative: it costs accuracy), and removed, against all noise (positive: its removal "
        "gains accuracy). Where the interval holds 0, these images show no effect."
    )
    picture = Picture(
        plot_attribution(points, _values(points, "network")), "Change of accuracy by mechanism"
    )
    return Section("What each noise mechanism does", (text,), (picture,), (_table(rows),))


def _devices(points: Sequence[Measured], references: Sequence[Measured]) -> Section | None:
    lines = groups((point for point in points if point.labels["device"]), ["device", "noise"])
    named = [point for line in lines if len(_values(line, "device")) > 1 for point in line]
    if not named:
        return None
    picture = Picture(
        plot_devices(named, known=_values(points, "network"), references=references),
        "Accuracy on every device, the best at the top",
    )
    return Section("Devices", pictures=(picture,))


def _confusion(points: Sequence[Measured]) -> Section:
    chosen = [
        min(line, key=lambda point: abs(float(point.labels["strength"]) - 1))
        for line in groups([each for each in points if not each.labels["off"]], ["strength"])
    ]
    by_network = groups(chosen, [name for name in points[0].labels if name != "network"])
    chosen = [each for few in zip_longest(*by_network) for each in few if each]  # one of each first
    pictures = tuple(
        Picture(plot_confusion([point]), f"Confusion of {point.labels['network']}")
        for point in chosen[:MOST_FIGURES]
    )
    text = "The majority against the true class, at the strength nearest 1."
    left = len(chosen) - len(pictures)
    more = f" Not drawn: {counted(left, 'further setting')}." if left else ""
    return Section("Which classes are confused", (text + more,), pictures)


def _decided(points: Sequence[Measured]) -> Section:
    rows, decided = changes_by_noise(points)
    text = [
        "Images whose majority is right without noise and wrong with it (lost), or the other way "
        "round (gained), each counted once a seed. The change is in percentage points; p is "
        f"{TESTS}, which is stricter than the bootstrap interval beside it: near 0.05 it may find "
        "nothing where the interval just leaves out 0."
    ]
    pictures: tuple[Picture, ...] = ()
    if decided:
        try:
            figure = plot_decided(decided)
            pictures = (Picture(figure, "Images that the weakest noise changes, as pixels"),)
            text.append(
                "Drawn: images that the weakest noise changes, each with its index, and what the "
                "majority was without and with noise."
            )
        except InputError as error:
            text.append(f"The images are not drawn: {error}")
    return Section("Images that noise decides", tuple(text), pictures, (_table(rows),))


def _narrow(rows: list[Row]) -> tuple[list[Row], str]:
    """Return rows for a small screen: without devices that are the noises, and one network's name.

    Its name comes beside them, "" where there are several networks or a row alone.
    """
    left_out = {"device"} if all(row.get("device") == row["noise"] for row in rows) else set()
    networks = {row["network"] for row in rows}
    alone = len(networks) == 1 < len(rows)
    left_out |= {"network"} if alone else set()
    narrow = [{name: row[name] for name in row if name not in left_out} for row in rows]
    return narrow, str(networks.pop()) if alone else ""


def _table(rows: Sequence[Row]) -> Table:
    found = lay_out(rows)
    shown_rows = tuple(
        tuple(Cell(text, _number(row[name])) for name, text in zip(found.names, cells, strict=True))
        for row, cells in zip(rows[:MOST_ROWS], found.cells, strict=False)
    )
    left = len(rows) - len(shown_rows)
    more = f" {left} more rows: qnnq results --csv FILE has all." if left else ""
    return Table(found.headings, shown_rows, f"All: {found.common}.{more}" if found.common else "")


def _number(value: Any) -> float | None:
    if value == "beyond":
        return _BEYOND
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _values(points: Iterable[Measured], name: str) -> list[Any]:
    return list(dict.fromkeys(cast(Any, point.labels.get(name, "")) for point in points))


def _noises(points: Sequence[Measured]) -> list[str]:
    """Return the noises in words, the name of the device for `device` where there is but one."""
    devices = _values(points, "device")
    name = str(devices[0]) if len(devices) == 1 else "each device"
    return [re.sub(r"\bdevice\b", name, str(noise)) for noise in _values(points, "noise")]


def _listed(values: Sequence[Any], kind: str = "") -> str:
    texts = [shown(value) or "none" for value in values]
    several = f"{len(texts)} {kind}s: " if kind and len(texts) > 1 else f"{kind} " if kind else ""
    if len(texts) > 20:
        texts = [*texts[:19], f"{len(texts) - 19} more"]
    return several + (f"{', '.join(texts[:-1])} and {texts[-1]}" if texts[1:] else texts[0])


def _span(values: set[int]) -> str:
    least, most = min(values), max(values)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _words(name: str) -> str:
    return name.replace("_", " ")

"""What lines and bars of figures are called, and captions."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qnnq.options.coherent import OF_COHERENT_MODE
from qnnq.results.labels import distinct, label_text
from qnnq.results.points import Measured
from qnnq.wording import counted

_IN_CAPTION = (
    "noise",
    "strength",
    "off",
    "pairs",
    "device",
    "engine",
    "mode",
    "feedback_latency",
    "measurement",
    "data",
    "content",
)
_LEGEND_WIDTH = 36  # characters
_UNTOLD = (
    ("noise", "device"),
    ("mode", "stepwise"),
    ("measurement", "measure"),
    ("engine", "instrument"),
)
"""Values that a caption leaves out: the device's own noise is told by the device."""


def name_groups(lines: Sequence[Sequence[Measured]], apart: Sequence[str]) -> tuple[list[str], str]:
    """Return a name for each group, from what differs between them, and what they share."""
    firsts = [line[0].labels for line in lines]
    fixed = [name for name in firsts[0] if name not in apart]
    found = {name: distinct(name, (labels[name] for labels in firsts)) for name in fixed}
    varying = [name for name in fixed if len(found[name]) > 1]
    varying.sort(key=OF_COHERENT_MODE.__contains__)  # after the mode
    if "network" in varying:  # it tells these two
        varying = [name for name in varying if name not in ("stretch", "entanglement", "widths")]
    if "device" in varying and "noise" in varying:
        varying.remove("noise")
    whole = "this sweep" if "network" in apart else named("network", firsts[0]["network"])
    names = [
        ", ".join(
            f"votes of {line[0].shots}" if name == "shots" else named(name, line[0].labels[name])
            for name in varying
            if name not in OF_COHERENT_MODE or line[0].labels[name] != ""
        )
        or whole
        for line in lines
    ]
    common = [
        named(name, value)
        for name in _IN_CAPTION
        if name in fixed and name not in varying
        for value in found[name]
        if (name, value) not in _UNTOLD and value not in ("", 0)
    ]
    points = [point for line in lines for point in line]
    common.append(f"{_images(points)} x {_shots(points)}")
    unfinished = sum(not point.complete for point in points)
    if unfinished:
        common.append(f"UNFINISHED: {unfinished} of {len(points)} points")
    return names, ", ".join(dict.fromkeys(common))


def prediction_name(prediction: str, points: Sequence[Measured]) -> str:
    """Return what an axis of accuracies says, with the number of shots that a vote is made of."""
    article = "" if prediction == "single_shot" else "the "
    return f"accuracy of {article}{short_name(prediction, points)}"


def short_name(prediction: str, points: Sequence[Measured]) -> str:
    """Return what a prediction is called."""
    return "one shot" if prediction == "single_shot" else vote_name(points, prediction)


def vote_name(points: Sequence[Measured], prediction: str = "majority") -> str:
    """Return what a vote is called: the majority or soft vote of how many shots."""
    return f"{prediction.replace('_', ' ')} of {_sizes(points)}"


def _images(points: Sequence[Measured]) -> str:
    """Return how many images points have; of a single one, which."""
    sizes = sorted({len(point.images) for point in points})
    if len(sizes) > 1:
        return f"{sizes[0]:,} to {sizes[-1]:,} images"
    return f"image {points[0].images[0]}" if sizes == [1] else counted(sizes[0], "image")


def _sizes(points: Sequence[Measured]) -> str:
    sizes = sorted({point.shots for point in points})
    return " or ".join(map(str, sizes)) if len(sizes) < 4 else f"{sizes[0]} to {sizes[-1]}"


def _shots(points: Sequence[Measured]) -> str:
    """Return how many shots points have: of a vote, and how often such votes were taken."""
    numbers = sorted({len(point.repetitions.keys) for point in points})
    times = f"{numbers[0]} to {numbers[-1]}" if numbers[1:] else str(numbers[0])
    sizes = {point.shots for point in points}
    shots = counted(sizes.pop(), "shot") if len(sizes) == 1 else f"{_sizes(points)} shots"
    text = shots + (f" x {times} repetitions" if numbers != [1] else "")
    pooled = all(point.pooled for point in points)
    return text + (f" (seeds pooled: {vote_name(points)})" if pooled else "")


def in_legend(name: str) -> str:
    """Break the name of a line or bar, so that a legend beside a figure leaves room for it."""
    return textwrap.fill(name, _LEGEND_WIDTH)


def named(name: str, value: Any) -> str:
    """Return a label's value as a figure shows it."""
    text = label_text(name, value).replace("$", r"\$")  # else matplotlib reads it as a formula
    if name in ("network", "data"):
        return Path(text).stem if text.endswith((".safetensors", ".npz")) else text
    if name in ("noise", "device", "mode", "measurement"):
        return text
    return f"{name.replace('_', ' ')} {text or 'none'}"

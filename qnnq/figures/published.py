"""Published figures to lay over ours, each where it belongs: same axis, network and images."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from qnnq.results.points import Measured
from qnnq.statistics import wilson

_FILE = Path(__file__).parent.parent / "bundled" / "published.json"
CITATION = (
    "Published: arXiv 2507.21222, other networks of the same shape; values read off its figures, "
    "95 % Wilson intervals"
)


@dataclass(frozen=True)
class PublishedSeries:
    """Published accuracies with the intervals that their numbers of images or shots allow."""

    label: str
    x: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@lru_cache(maxsize=1)
def _published() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return document


def published_series(x: str, points: Sequence[Measured]) -> list[PublishedSeries]:
    """Return what was published about such points on such an axis; often nothing."""
    labels = [point.labels for point in points]
    if any(each["widths"] != "16-16-16" or each["data"] != "mnist-test" for each in labels):
        return []
    one_image = _published()["image_6929"]
    is_that_image = all(point.images.tolist() == [one_image["test_index"]] for point in points)
    if x == "stretch" and is_that_image:
        shots = one_image["shots"]
        ion = [correct / shots for correct in one_image["trapped_ion_correct_of_96"]]
        superconducting = one_image["superconducting_accuracy_approx"]
        return [
            _series("trapped-ion device, image 6929", one_image["stretch"], ion, shots),
            _series(
                "superconducting device, image 6929", one_image["stretch"], superconducting, shots
            ),
        ]
    if x == "stretch" and all(len(point.images) > 1 for point in points):
        hardware = _published()["hardware_55_images"]
        images = len(hardware["test_indices"])
        return [
            _series(f"{name}, {images} images", hardware["stretch"], hardware[key], images)
            for name, key in (
                ("superconducting device", "superconducting_accuracy_approx"),
                ("published simulation", "simulated_accuracy_approx"),
            )
        ]
    if (
        x == "pairs"
        and is_that_image
        and all(each["pair_gate"] == "sx" and each["stretch"] == 0.5 for each in labels)
    ):
        pairs = _published()["inserted_single_qubit_pairs"]["superconducting"]
        accuracy = pairs["stretch_0.5_accuracy_approx"]
        return [
            _series(
                "superconducting device, image 6929", pairs["pairs"], accuracy, one_image["shots"]
            )
        ]
    return []


def _series(label: str, x: Sequence[float], values: Sequence[float], n: int) -> PublishedSeries:
    intervals = [wilson(round(value * n), n) for value in values]
    lows, highs = np.transpose(intervals)
    return PublishedSeries(label, tuple(x), tuple(values), tuple(lows), tuple(highs))

"""Published or measured accuracies from a CSV file."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qnnq.arrays import IntArray
from qnnq.data.selection import parse_images
from qnnq.errors import InputError
from qnnq.execution.inputs import data_for
from qnnq.fitting.observation import LAID_OUT, Observation
from qnnq.limits import MOST_SHOTS
from qnnq.networks.bundled import load_model
from qnnq.runs.request import RunRequest, check_circuits
from qnnq.storage.files import read_text

COLUMNS = {
    "model": "a bundled network's name or a network file",
    "images": "such as 6929, or 0:100 (an entry with commas in quotes)",
    "shots": "shots of each image",
    "correct": "right shots, of all images together",
}
VOTES = {
    "model": COLUMNS["model"],
    "images": "one image",
    "votes": "the shots that named each class, such as 0 3 92 0 1 0 0 0 0 0",
}
"""Columns of a file that tells the votes of each image."""

OPTIONAL = {
    "data": str(RunRequest.data),
    **{name: str(each.default) for name, each in LAID_OUT.items()},
}
"""Further columns, with what stands for one that is missing or empty."""


def read_table(path: str | Path) -> list[Observation]:
    """Read a CSV file with a line for each setting: `COLUMNS`, and any of `OPTIONAL`.

    Or with a line for each image and setting: `VOTES`, and any of `OPTIONAL`.

    Raises:
        InputError: For a bad file; it names the line and the column.
    """
    try:
        return _read(path, read_text(path))
    except csv.Error as error:
        raise InputError(f"{path}: expected a CSV file: {error}") from error


def _read(path: str | Path, text: str) -> list[Observation]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    names = reader.fieldnames or []
    columns = VOTES if "votes" in names else COLUMNS
    lacking = [name for name in columns if name not in names]
    unknown = [name for name in names if name not in columns | OPTIONAL]
    if lacking or unknown:
        found = f"no {lacking[0]!r}" if lacking else f"{unknown[0]!r}"
        raise InputError(
            f"{path}: found {found}, expected the columns {', '.join(columns)}, and any of "
            f"{', '.join(OPTIONAL)}"
        )
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError(f"{path}: found the column {repeated[0]!r} twice, expected it once")
    observations = list(_observations(path, reader))
    if not observations:
        raise InputError(f"{path}: expected a line for each setting, found none")
    return _joined(observations)


def _joined(observations: Sequence[Observation]) -> list[Observation]:
    """Return the observations, those of single images at one setting as one."""
    groups: dict[RunRequest, list[Observation]] = {}
    for each in observations:
        if each.votes is None:
            return list(observations)
        groups.setdefault(replace(each.request, images=""), []).append(each)
    joined = []
    for request, group in groups.items():
        images = np.concatenate([each.images for each in group])
        if len(np.unique(images)) < len(images):
            raise InputError(f"{group[0].place}: expected each image once at its setting")
        joined.append(
            replace(
                group[0],
                request=replace(request, images=",".join(map(str, images))),
                images=images,
                shots=np.concatenate([each.shots for each in group]),
                right=sum(each.right for each in group),
                votes=np.concatenate([each.votes for each in group if each.votes is not None]),
            )
        )
    return joined


def _observations(path: str | Path, reader: "csv.DictReader[str]") -> Iterator[Observation]:
    last = reader.line_num
    try:
        for row in reader:
            first, last = last + 1, reader.line_num
            if None in row:
                raise InputError(f"found {len(row[None])} values more than columns")
            values = {name: (row.get(name) or "").strip() for name in (*COLUMNS, *VOTES, *OPTIONAL)}
            values |= {name: values[name] or default for name, default in OPTIONAL.items()}
            by_class = "votes" in (reader.fieldnames or ())
            yield _observation(values, by_class, f"{path} line {first}")
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num + 1}: {error}") from error
    except InputError as error:
        raise InputError(f"{path} line {first}: {error}") from error


def _observation(values: dict[str, str], by_class: bool, place: str) -> Observation:
    counted = () if by_class else ("shots", "correct")
    numbers = {name: _number(name, values[name]) for name in counted}
    circuits: dict[str, Any] = {
        name: _number(name, values[name]) if each.kind is int else values[name]
        for name, each in LAID_OUT.items()
    }
    request = RunRequest(values["model"], data=values["data"], images=values["images"], **circuits)
    check_circuits(request)
    network = load_model(values["model"])
    data = data_for(network, values["data"], values["model"])
    images = parse_images(values["images"], len(data.labels))
    votes = _votes(values["votes"], images, network.classes) if by_class else None
    each = int(votes.sum()) if votes is not None else numbers["shots"]
    if not 1 <= each <= MOST_SHOTS:
        raise InputError(f"shots: expected 1 to {MOST_SHOTS}, got {each}")
    right = numbers["correct"] if votes is None else int(votes[0, data.labels[images[0]]])
    shots = np.full(len(images), each, np.int64)
    return Observation(request, network, data, images, shots, right, votes, place)


def _votes(text: str, images: IntArray, classes: int) -> IntArray:
    """Return the votes of one image, (1, classes)."""
    found = [_number("votes", word) for word in text.split()]
    if len(images) != 1 or len(found) != classes:
        raise InputError(
            f"votes: expected one image and {classes} numbers, a class each, got {len(images)} "
            f"images and {len(found)}"
        )
    return np.array([found], np.int64)


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise InputError(f"{name}: expected a whole number >= 0, got {text!r}")
    return int(text)

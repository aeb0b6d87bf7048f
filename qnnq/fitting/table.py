"""Published or measured accuracies from a CSV file."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qnnq.data.selection import parse_images
from qnnq.errors import InputError
from qnnq.execution.inputs import data_for
from qnnq.execution.request import RunRequest, check_placement
from qnnq.fitting.observation import Observation
from qnnq.limits import MOST_SHOTS
from qnnq.networks.bundled import load_model
from qnnq.storage.files import read_text

COLUMNS = {
    "model": "a bundled network's name or a network file",
    "images": "such as 6929, or 0:100 (an entry with commas in quotes)",
    "shots": "shots of each image",
    "correct": "right shots, of all images together",
}
OPTIONAL = {
    "data": "mnist-test",
    "pairs": "0",
    "pair_gate": "sx",
    "qubits": "best",
    "copies": "1",
}
"""Further columns, with what stands for one that is missing or empty."""


def read_table(path: str | Path) -> list[Observation]:
    """Read a CSV file with a line for each setting: `COLUMNS`, and any of `OPTIONAL`.

    Raises:
        InputError: For a bad file; it names the line and the column.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected a CSV file in UTF-8, {error.reason}") from error
    try:
        return _read(path, text)
    except csv.Error as error:
        raise InputError(f"{path}: expected a CSV file: {error}") from error


def _read(path: str | Path, text: str) -> list[Observation]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    names = reader.fieldnames or []
    lacking = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name not in COLUMNS | OPTIONAL]
    if lacking or unknown:
        found = f"no {lacking[0]!r}" if lacking else f"{unknown[0]!r}"
        raise InputError(
            f"{path}: found {found}, expected the columns {', '.join(COLUMNS)}, and any of "
            f"{', '.join(OPTIONAL)}"
        )
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError(f"{path}: found the column {repeated[0]!r} twice, expected it once")
    observations = list(_observations(path, reader))
    if not observations:
        raise InputError(f"{path}: expected a line for each setting, found none")
    return observations


def _observations(path: str | Path, reader: "csv.DictReader[str]") -> Iterator[Observation]:
    last = reader.line_num
    try:
        for row in reader:
            first, last = last + 1, reader.line_num
            if None in row:
                raise InputError(f"found {len(row[None])} values more than columns")
            values = {name: (row.get(name) or "").strip() for name in (*COLUMNS, *OPTIONAL)}
            values |= {name: values[name] or default for name, default in OPTIONAL.items()}
            yield _observation(values, f"{path} line {first}")
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num + 1}: {error}") from error
    except InputError as error:
        raise InputError(f"{path} line {first}: {error}") from error


def _observation(values: dict[str, str], place: str) -> Observation:
    numbers = {
        name: _number(name, values[name]) for name in ("shots", "correct", "pairs", "copies")
    }
    if not 1 <= numbers["shots"] <= MOST_SHOTS:
        raise InputError(f"shots: expected 1 to {MOST_SHOTS}, got {numbers['shots']}")
    check_placement(numbers["pairs"], values["pair_gate"], numbers["copies"])
    network = load_model(values["model"])
    data = data_for(network, values["data"], values["model"])
    images = parse_images(values["images"], len(data.labels))
    request = RunRequest(
        model=values["model"],
        data=values["data"],
        images=values["images"],
        pairs=numbers["pairs"],
        pair_gate=values["pair_gate"],  # type: ignore[arg-type]
        qubits=values["qubits"],
        copies=numbers["copies"],
    )
    shots = np.full(len(images), numbers["shots"], np.int64)
    return Observation(request, network, data, images, shots, numbers["correct"], place=place)


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise InputError(f"{name}: expected a whole number >= 0, got {text!r}")
    return int(text)

"""Tables in text: CSV, its columns named in the first line, with any of the usual separators."""

import csv
import io
import re

import numpy as np

from qnnq.data.dataset import Dataset
from qnnq.data.forms import dataset_of
from qnnq.errors import InputError

SUFFIXES = (".csv", ".tsv", ".txt")
_SEPARATORS = ",;\t|"
_LABELS = ("label", "labels", "class", "target", "y")
_PIXEL = re.compile(r"(pixel|p)_?[0-9]+|[0-9]+x[0-9]+", re.IGNORECASE)
"""Columns of MNIST as CSV: pixel0 or 1x1."""


def read_table(content: bytes, name: str) -> Dataset:
    """Read a table: a row an image or a measurement, columns of features, and one of labels.

    The column called label, labels, class, target or y has the labels, and there may be none.
    Where all others are called such as pixel0 or 1x1, they are pixels, else features. A comma is
    a decimal point where columns are separated by semicolons.

    Args:
        content: Of the file, in UTF-8.
        name: What the data is called.

    Raises:
        InputError: If the file is bad.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"expected text in UTF-8: {error.reason}") from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n")  # a lone \r ends those of old Excel
    header, _, body = lines.lstrip("\n").partition("\n")
    separator = max(_SEPARATORS, key=header.count)
    columns = _names(header, separator)
    labels = _label_column(columns)
    if separator == ";":
        body = body.replace(",", ".")
    values = _numbers(body, separator, len(columns))
    others = [number for number in range(len(columns)) if number != labels]
    names = tuple(columns[number] for number in others)
    found = None if labels is None else values[:, labels]
    if all(map(_PIXEL.fullmatch, names)):
        pixels = values[:, others]
        whole = pixels.max() > 1 and bool((pixels == np.floor(pixels)).all())
        return dataset_of(pixels.astype(np.int64) if whole else pixels, found, name, "pixels")
    return dataset_of(values[:, others], found, name, "features", names)


def _names(header: str, separator: str) -> list[str]:
    try:
        return [column.strip() for column in next(csv.reader([header], delimiter=separator), [])]
    except csv.Error as error:
        raise InputError(f"expected the names of columns in the first line: {error}") from error


def _label_column(columns: list[str]) -> int | None:
    if len(columns) < 2 or all(map(_is_number, columns)):
        raise InputError(
            f"expected a table whose first line names its columns, one of them {_LABELS[0]}, got "
            f"{', '.join(columns[:5]) or 'nothing'}"
        )
    for number, column in enumerate(columns, start=1):
        if not column or column in columns[: number - 1]:
            problem = f"the name {column!r} twice" if column else f"no name for column {number}"
            hint = "" if column else " (an index? pandas leaves it out by to_csv(index=False))"
            raise InputError(f"expected a name of its own for each column, got {problem}{hint}")
    found = [number for number, column in enumerate(columns) if column.lower() in _LABELS]
    if len(found) > 1:
        names = " and ".join(columns[number] for number in found)
        raise InputError(f"expected one column of labels, got {names}")
    return found[0] if found else None


def _numbers(
    body: str, separator: str, columns: int
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    if not body.strip():
        raise InputError("expected rows below the names of the columns, found none")
    try:
        values = np.loadtxt(
            io.StringIO(body),
            np.float64,
            comments=None,
            delimiter=separator,
            ndmin=2,
            quotechar='"',
        )
    except ValueError as error:
        raise InputError(
            f"expected numbers in every row, classes as well (0, 1, ...), and none missing: {error}"
        ) from error
    if values.shape[1] != columns:
        raise InputError(f"expected {columns} numbers a row, got {values.shape[1]}")
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

"""Files of the formats 1 and 2 as files of the present one."""

import contextlib
import io
import json
import math
import sqlite3
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.limits import MOST_ARRAY_BYTES, MOST_SHOTS
from qnnq.results.encoding import pack
from qnnq.results.rows import canonical, checksum
from qnnq.results.schema import content_of, create_tables, stored_seed

_TABLES = ("results", "points", "failures", "claims", "writers")
_ARRAYS = {"images": (1, "iu"), "labels": (1, "iu"), "counts": (2, "iu"), "softmax_sums": (2, "f")}
"""Columns of compressed arrays, with their dimensions and the kinds of their numbers."""
_COLUMNS: dict[str, dict[str, type]] = {
    "results": {
        "task_id": str,
        "task": str,
        **dict.fromkeys(_ARRAYS, bytes),
        "seconds": float,
        "provenance": str,
    },
    "points": {
        "name": str,
        "content": str,
        "labels": str,
        "round": int,
        "block": int,
        "blocks": int,
        "task_id": str,
    },
    "failures": {
        "name": str,
        "content": str,
        "place": str,
        "labels": str,
        "task_id": str,
        "reason": str,
    },
}
_EXPECTED = {str: "text", bytes: "bytes", int: "a whole number", float: "a number"}
_UNREADABLE = (ValueError, TypeError, OverflowError, RecursionError, EOFError, zlib.error)


def upgrade(database: sqlite3.Connection, version: int) -> None:
    """Turn tables of an older format into those of this one, inside the caller's transaction.

    What a point of format 1 was measured with is taken from its tasks; a point of which no task is
    finished holds nothing, and is left out. Raises ValueError, which names row and column, for one
    that cannot be understood.
    """
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    for table in there.intersection(_TABLES):
        database.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    create_tables(database)
    contents: dict[str, str] = {}
    for row in _rows(database, "results"):
        contents[row["task_id"]] = _add_result(database, row)
    links = list(_rows(database, "points", without=("content",) if version == 1 else ()))
    if version == 1:
        known = [row for row in links if row["task_id"] in contents]
        by_name = {row["name"]: contents[row["task_id"]] for row in known}
        for row in links:
            row["content"] = contents.get(row["task_id"], by_name.get(row["name"]))
    for row in links:
        if row["content"] is not None:
            _add_point(database, row)
    if "failures" in there:
        for row in _rows(database, "failures"):
            with _named("failures", row["name"], "labels"):
                _object(row["labels"])
            told = (row[name] for name in ("labels", "content", "place"))
            _insert(database, "failures", (*told, _id(row["task_id"]), row["reason"]))
    for table in there.intersection(_TABLES):
        database.execute(f"DROP TABLE old_{table}")


def _rows(
    database: sqlite3.Connection, table: str, without: tuple[str, ...] = ()
) -> Iterator[dict[str, Any]]:
    """Yield the rows of an old table, their types checked, and of format 2 their checksums."""
    columns = {name: kind for name, kind in _COLUMNS[table].items() if name not in without}
    for row in database.execute(f"SELECT * FROM old_{table}"):
        values, found = row[: len(columns)], row[len(columns) :]
        for (name, kind), value in zip(columns.items(), values, strict=True):
            with _named(table, row[0], name):
                if not isinstance(value, kind):
                    raise ValueError(f"expected {_EXPECTED[kind]}, found {value!r}")
        with _named(table, row[0], "checksum"):
            if found and found[0] != checksum(*values).to_bytes(8, "big", signed=True).hex():
                raise ValueError("differs from that of the row")
        yield dict(zip(columns, values, strict=True))


def _add_result(database: sqlite3.Connection, row: dict[str, Any]) -> str:
    """Add a result, and return the text of what it measures."""
    task_id = row["task_id"]
    with _named("results", task_id, "task_id"):
        id_ = bytes.fromhex(task_id)
    with _named("results", task_id, "task"):
        task = _object(row["task"])
        seed, shots = _whole(task, "seed"), _whole(task, "shots", MOST_SHOTS)
        if not isinstance(images := task.get("images"), str | None):
            raise ValueError(f"images: expected text, found {images!r}")
        content = canonical(content_of(task))
    with _named("results", task_id, "provenance"):
        _object(row["provenance"])
    arrays: list[NDArray[Any]] = []
    for name, (dimensions, kinds) in _ARRAYS.items():
        with _named("results", task_id, name):
            arrays.append(_unpacked(row[name], dimensions, kinds))
    shapes = [array.shape for array in arrays]
    with _named("results", task_id, "images to softmax_sums"):
        if shapes[0] != shapes[1] or shapes[0] != shapes[2][:1] or shapes[2] != shapes[3]:
            raise ValueError(f"expected equally many rows, found arrays of shapes {shapes}")
    values = (
        id_,
        _text(database, content),
        images,
        stored_seed(seed),
        shots,
        row["seconds"],
        _text(database, row["provenance"]),
        pack(*arrays),
    )
    _insert(database, "results", values)
    return content


def _add_point(database: sqlite3.Connection, row: dict[str, Any]) -> None:
    with _named("points", row["name"], "labels"):
        labels = _object(row["labels"])
        seed = _whole({"seed": 0, **labels}, "seed")
    labels.pop("seed", None)
    ids = _text(database, canonical(labels)), _text(database, row["content"])
    setting = checksum(*ids)
    database.execute("INSERT OR IGNORE INTO settings VALUES (?, ?, ?)", (setting, *ids))
    place = (row[name] for name in ("round", "block", "blocks"))
    _insert(database, "points", (setting, stored_seed(seed), *place, _id(row["task_id"])))


@contextlib.contextmanager
def _named(table: str, row: object, column: str) -> Iterator[None]:
    """Name the row and the column in what is raised about it, in one line."""
    try:
        yield
    except _UNREADABLE as error:
        shown = " ".join(str(row).split())[:60]
        why = " ".join(str(error).split())[:100]
        raise ValueError(f"row {shown!r} of {table}, column {column}: {why}") from error


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"expected an object, found {type(found).__name__}")
    return found


def _whole(found: dict[str, Any], name: str, most: float = math.inf) -> int:
    value = found.get(name)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{name}: expected a whole number >= 0, found {value!r}")
    return value


def _id(task_id: str) -> bytes | None:
    """Return a task's id as bytes; a part without a task had words in its place."""
    try:
        return bytes.fromhex(task_id) or None
    except ValueError:
        return None


def _text(database: sqlite3.Connection, text: str) -> int:
    database.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (checksum(text), text))
    return checksum(text)


def _insert(database: sqlite3.Connection, table: str, values: tuple[Any, ...]) -> None:
    places = ", ".join("?" * (len(values) + 1))
    database.execute(
        f"INSERT OR REPLACE INTO {table} VALUES ({places})", (*values, checksum(*values))
    )


def _unpacked(blob: bytes, dimensions: int, kinds: str) -> NDArray[Any]:
    content = zlib.decompressobj().decompress(blob, MOST_ARRAY_BYTES)
    array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    if array.ndim != dimensions or array.dtype.kind not in kinds or array.min(initial=0) < 0:
        raise ValueError(f"expected numbers >= 0, found {array.dtype} of shape {array.shape}")
    return array

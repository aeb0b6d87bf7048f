"""Files of the formats 1 and 2 as files of the present one."""

import contextlib
import io
import json
import sqlite3
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.limits import MOST_ARRAY_BYTES
from qnnq.results.encoding import pack
from qnnq.results.rows import canonical, checksum
from qnnq.results.schema import content_of, create_tables, stored_seed

_TABLES = ("results", "points", "failures", "claims", "writers")
_UNREADABLE = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    EOFError,
    zlib.error,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)


def upgrade(database: sqlite3.Connection, version: int) -> None:
    """Turn tables of an older format into those of this one, inside the caller's transaction.

    What a point of format 1 was measured with is taken from its tasks; a point of which no task is
    finished holds nothing, and is left out. Raises ValueError, which names the row, for one that
    cannot be understood.
    """
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    for table in there.intersection(_TABLES):
        database.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    create_tables(database)
    contents = {}
    for row in database.execute("SELECT * FROM old_results"):
        task_id, text, *arrays, seconds, provenance = _checked("results", row, 8)
        with _named("results", task_id):
            task = json.loads(text)
            content = canonical(content_of(task))
            contents[task_id] = content
            values = (
                bytes.fromhex(task_id),
                _text(database, content),
                task.get("images"),
                stored_seed(task["seed"]),
                task["shots"],
                seconds,
                _text(database, provenance),
                pack(*map(_unpacked, arrays)),
            )
            _insert(database, "results", values)
    links = [
        _checked("points", row, 6 if version == 1 else 7)
        for row in database.execute("SELECT * FROM old_points")
    ]
    if version == 1:
        by_name = {row[0]: contents[row[5]] for row in links if row[5] in contents}
        links = [(row[0], contents.get(row[5], by_name.get(row[0])), *row[1:]) for row in links]
    for name, content, text, round_, block, blocks, task_id in links:
        if content is None:
            continue
        with _named("points", name):
            labels = json.loads(text)
            seed = labels.pop("seed", 0)
            ids = _text(database, canonical(labels)), _text(database, content)
            setting = checksum(*ids)
            database.execute("INSERT OR IGNORE INTO settings VALUES (?, ?, ?)", (setting, *ids))
            id_ = _id(task_id)
            _insert(database, "points", (setting, stored_seed(seed), round_, block, blocks, id_))
    if "failures" in there:
        for row in database.execute("SELECT * FROM old_failures"):
            _, content, place, labels, task_id, reason = _checked("failures", row, 6)
            with _named("failures", labels):
                _insert(database, "failures", (labels, content, place, _id(task_id), reason))
    for table in there.intersection(_TABLES):
        database.execute(f"DROP TABLE old_{table}")


def _checked(table: str, row: tuple[Any, ...], columns: int) -> tuple[Any, ...]:
    """Return the values of a row; format 2 has a checksum after them."""
    values, found = row[:columns], row[columns:]
    with _named(table, row[0]):
        expected = checksum(*values).to_bytes(8, "big", signed=True).hex()
        if found and found[0] != expected:
            raise ValueError("its checksum differs")
    return values


@contextlib.contextmanager
def _named(table: str, row: object) -> Iterator[None]:
    """Name the row in what is raised about it, in one line."""
    try:
        yield
    except _UNREADABLE as error:
        why = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else str(error)
        shown = " ".join(str(row).split())[:60]
        raise ValueError(f"row {shown!r} of {table}: {' '.join(why.split())}") from error


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


def _unpacked(blob: bytes) -> NDArray[Any]:
    content = zlib.decompressobj().decompress(blob, MOST_ARRAY_BYTES)
    array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return array

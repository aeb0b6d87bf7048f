"""The results file: SQLite, one row a finished task, counts kept as compressed arrays.

A task is committed whole, in one transaction, so a kill, a full disk or a power cut loses only
what was not yet finished. Rows are keyed by the task's content id: writing a row twice is
harmless, which is what makes two sweeps into one file safe. Claims only keep two sweeps from doing
the same task; one that is left behind by a killed sweep moves its task to the end, no more.
"""

import contextlib
import io
import json
import os
import sqlite3
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError, QnnqError
from qnnq.results.result import RunResult
from qnnq.results.task import Task, canonical
from qnnq.storage.database import DatabaseFile

FORMAT = 1
_APPLICATION_ID = 0x716E6E71  # "qnnq"
_BUSY_TIMEOUT_S = 60
_SCHEMA = """
CREATE TABLE results (
    task_id TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    images BLOB NOT NULL,
    labels BLOB NOT NULL,
    counts BLOB NOT NULL,
    softmax_sums BLOB NOT NULL,
    seconds REAL NOT NULL,
    provenance TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE points (
    name TEXT NOT NULL,
    labels TEXT NOT NULL,
    round INTEGER NOT NULL,
    block INTEGER NOT NULL,
    blocks INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    PRIMARY KEY (name, round, block)
) WITHOUT ROWID;
CREATE TABLE claims (task_id TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;
"""

Labels = Mapping[str, Any]


class Part(NamedTuple):
    """A task of a point: its round, how many blocks every round has, its id."""

    round: int
    blocks: int
    task_id: str


class Store(DatabaseFile):
    """An open results file. Use it as a context manager; not to be shared between processes."""

    kind = "a qnnq results file"

    def __init__(self, path: str | Path, *, create: bool = False) -> None:
        """Open a results file, or make one where there is none and `create` is set.

        Raises `InputError` when the file is missing, is no results file, or is of a newer format.
        """
        self.path = Path(path)
        if not create and not self.path.is_file():
            raise InputError(f"{path}: no such results file")
        with self._explained():
            # A reader that may write tidies the log away when it closes.
            writable = os.access(self.path.resolve().parent, os.W_OK)
            mode = "rwc" if create else "rw" if writable else "ro&immutable=1"
            address = f"{self.path.resolve().as_uri()}?mode={mode}"
            self._database = sqlite3.connect(
                address, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None
            )
            if create:
                self._create()
            self._check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; committed rows stay, whatever happens here."""
        with contextlib.suppress(sqlite3.Error):
            self._database.close()

    def finished(self, task_id: str) -> bool:
        """Say whether a task's result is stored."""
        with self._explained():
            query = "SELECT 1 FROM results WHERE task_id = ?"
            return self._database.execute(query, (task_id,)).fetchone() is not None

    def add(self, result: RunResult) -> None:
        """Commit a task's result; one that is there already stays as it is."""
        provenance = {
            "versions": result.versions,
            "calibration": result.calibration,
            "out_of_reach": result.out_of_reach,
        }
        row = (
            result.task_id,
            result.task.canonical(),
            _packed(result.images),
            _packed(result.labels),
            _packed(result.counts),
            _packed(result.softmax_sums.astype(np.float32)),
            result.seconds,
            canonical(provenance),
        )
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            database.execute("DELETE FROM claims WHERE task_id = ?", (result.task_id,))

    def result(self, task_id: str) -> RunResult | None:
        """Return a stored result, or None."""
        with self._explained():
            query = "SELECT * FROM results WHERE task_id = ?"
            row = self._database.execute(query, (task_id,)).fetchone()
        if row is None:
            return None
        try:
            indices, labels, counts, sums = (_unpacked(blob) for blob in row[2:6])
            provenance = json.loads(row[7])
            return RunResult(
                task_id=row[0],
                task=Task.from_json(json.loads(row[1])),
                images=indices,
                labels=labels,
                counts=counts.astype(np.int64),
                softmax_sums=sums.astype(np.float64),
                seconds=row[6],
                **provenance,
            )
        except (zlib.error, ValueError, TypeError) as error:
            raise QnnqError(f"{self.path}: task {task_id[:12]}: damaged: {error}") from error

    def link(
        self,
        name: str,
        labels: Labels,
        tasks: Mapping[tuple[int, int], str],
        blocks: int,
        *,
        fresh: bool,
    ) -> None:
        """Say which tasks, by (round, block), measure a point of `blocks` blocks.

        `fresh` forgets the point's earlier tasks, which may be of a network that has changed.
        """
        text = canonical(labels)
        with self._transaction() as database:
            if fresh:
                database.execute("DELETE FROM points WHERE name = ?", (name,))
            database.executemany(
                "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?)",
                [(name, text, *place, blocks, task_id) for place, task_id in tasks.items()],
            )

    def points(self) -> list[tuple[dict[str, Any], list[Part]]]:
        """Return each point's labels and its parts."""
        query = "SELECT * FROM points ORDER BY name, round, block"
        found: dict[str, tuple[dict[str, Any], list[Part]]] = {}
        with self._explained():
            for name, labels, round_, _, blocks, task_id in self._database.execute(query):
                point = found.setdefault(name, (json.loads(labels), []))
                point[1].append(Part(round_, blocks, task_id))
        return list(found.values())

    def claim(self, task_id: str, owner: str) -> bool:
        """Try to mark a task as being worked on; False when another sweep has marked it."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO claims VALUES (?, ?)", (task_id, owner))
            query = "SELECT owner FROM claims WHERE task_id = ?"
            return bool(database.execute(query, (task_id,)).fetchone()[0] == owner)

    def release(self, owner: str) -> None:
        """Drop all claims of a sweep."""
        with self._transaction() as database:
            database.execute("DELETE FROM claims WHERE owner = ?", (owner,))

    def _create(self) -> None:
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        if application == 0 and not self._tables():
            self._database.execute("PRAGMA journal_mode = WAL")
            with self._transaction() as database:
                if not self._tables():  # another sweep may have been faster
                    for statement in _SCHEMA.split(";"):
                        database.execute(statement)
                    database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                    database.execute(f"PRAGMA user_version = {FORMAT}")
        self._database.execute("PRAGMA synchronous = FULL")

    def _check(self) -> None:
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if application != _APPLICATION_ID:
            raise InputError(f"{self.path}: expected {self.kind}, found another database")
        if version > FORMAT:
            raise InputError(
                f"{self.path}: results format {version} is newer than this qnnq reads ({FORMAT})"
            )

    def _tables(self) -> bool:
        return self._database.execute("SELECT 1 FROM sqlite_master").fetchone() is not None


def _packed(array: NDArray[Any]) -> bytes:
    """Compress an array, counts and indices in the smallest integer type that holds them."""
    if array.dtype.kind in "iu" and array.size and array.min() >= 0:
        array = array.astype(np.min_scalar_type(array.max()))
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return zlib.compress(buffer.getvalue(), level=3)


def _unpacked(blob: bytes) -> NDArray[Any]:
    array: NDArray[Any] = np.load(io.BytesIO(zlib.decompress(blob)), allow_pickle=False)
    return array

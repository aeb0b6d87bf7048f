"""The results file: SQLite, one row a finished task, counts kept as compressed arrays.

A task is committed whole, in one transaction, so a kill, a full disk or a power cut loses only
what was not yet finished. Rows are keyed by the task's content id: writing a row twice is
harmless, which is what makes two sweeps into one file safe. Claims only keep two sweeps from doing
the same task; one that is left behind by a killed sweep moves its task to the end, no more.
"""

import contextlib
import json
import os
import socket
import sqlite3
import uuid
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from qnnq.errors import InputError, QnnqError
from qnnq.results.opening import open_to_read, open_to_write
from qnnq.results.result import RunResult
from qnnq.results.rows import canonical, checksum, packed, unpacked
from qnnq.results.schema import content_of
from qnnq.results.task import Task
from qnnq.storage.database import DatabaseFile

Labels = Mapping[str, Any]


class Part(NamedTuple):
    """A task of a point: its round, how many blocks every round has, its id."""

    round: int
    blocks: int
    task_id: str


@dataclass(frozen=True)
class StoredPoint:
    """A point: what the sweep called it, what it measures (see `content_of`), its parts."""

    name: str
    labels: dict[str, Any]
    content: dict[str, Any]
    parts: list[Part]


@dataclass(frozen=True)
class StoredFailure:
    """A task or a whole point that has no result: its labels, the task's id or "", and why."""

    labels: dict[str, Any]
    task_id: str
    reason: str


class Store(DatabaseFile):
    """An open results file. Use it as a context manager; not to be shared between processes.

    Attributes:
        notes: What the user should know of the file, a line each.
    """

    kind = "a qnnq results file"

    def __init__(self, path: str | Path, *, create: bool = False) -> None:
        """Open a results file, or make one where there is none and `create` is set.

        Raises `InputError` when the file is missing, is no results file, or is of a newer format,
        `QnnqError` when it is damaged.
        """
        self.path = Path(path)
        self.notes: list[str] = []
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}" if create else ""
        if not create and not self.path.is_file():
            raise InputError(f"{path}: no such results file")
        with self._explained():
            if create:
                self._database = open_to_write(self.path, self.kind, self._owner, self.notes)
            else:
                self._database = open_to_read(self.path, self.kind, self.notes)

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
        """Drop all claims and close the file; committed rows stay, whatever happens here."""
        with contextlib.suppress(sqlite3.Error):
            if self._owner:
                self._database.execute("DELETE FROM claims WHERE owner = ?", (self._owner,))
                self._database.execute("DELETE FROM writers WHERE owner = ?", (self._owner,))
            # A reader does not wait for others.
            mode = "TRUNCATE" if self._owner else "PASSIVE"
            self._database.execute(f"PRAGMA wal_checkpoint({mode})")
        with contextlib.suppress(sqlite3.Error):
            self._database.close()

    def finished(self, task_id: str) -> bool:
        """Say whether a task's result is stored, and whole."""
        with self._explained():
            return self._intact(task_id)

    def add(self, result: RunResult) -> None:
        """Commit a task's result; one that is there and whole already stays as it is."""
        provenance = {
            "versions": result.versions,
            "calibration": result.calibration,
            "out_of_reach": result.out_of_reach,
        }
        row = (
            result.task_id,
            result.task.canonical(),
            packed(result.images),
            packed(result.labels),
            packed(result.counts),
            packed(result.softmax_sums.astype(np.float32)),
            float(result.seconds),
            canonical(provenance),
        )
        with self._transaction() as database:
            if not self._intact(result.task_id):
                database.execute(
                    "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*row, checksum(*row)),
                )
            database.execute("DELETE FROM claims WHERE task_id = ?", (result.task_id,))

    def result(self, task_id: str) -> RunResult | None:
        """Return a stored result, or None; raises `QnnqError` where its row is damaged."""
        rows = self._read("results", "WHERE task_id = ?", (task_id,))
        if not rows:
            return None
        row = rows[0]
        try:
            indices, labels, counts, sums = (unpacked(blob) for blob in row[2:6])
            return RunResult(
                task_id=row[0],
                task=Task.from_json(json.loads(row[1])),
                images=indices,
                labels=labels,
                counts=counts.astype(np.int64),
                softmax_sums=sums.astype(np.float64),
                seconds=row[6],
                **json.loads(row[7]),
            )
        except (InputError, zlib.error, ValueError, TypeError, EOFError, RecursionError) as error:
            raise self._damaged("results", task_id, str(error)) from error

    def link(
        self,
        name: str,
        task: Mapping[str, Any],
        labels: Labels,
        tasks: Mapping[tuple[int, int], str],
        blocks: int,
        *,
        fresh: bool,
    ) -> None:
        """Say which tasks, by (round, block), measure a point of `blocks` blocks.

        `task` is one of them, which says what the point measures: the same name with another
        content is another point. `fresh` forgets how the point was divided into tasks before.
        """
        content, text = canonical(content_of(dict(task))), canonical(labels)
        rows = [(name, content, text, *place, blocks, id_) for place, id_ in tasks.items()]
        with self._transaction() as database:
            if fresh:
                database.execute(
                    "DELETE FROM points WHERE name = ? AND content = ?", (name, content)
                )
            database.executemany(
                "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(*row, checksum(*row)) for row in rows],
            )

    def points(self) -> list[StoredPoint]:
        """Return all points; raises `QnnqError` where a row is damaged."""
        found: dict[tuple[str, str], StoredPoint] = {}
        for row in self._read("points", "ORDER BY name, content, round, block"):
            name, content, labels, round_, _, blocks, task_id, _ = row
            if (name, content) not in found:
                point = StoredPoint(
                    name, self._object("points", labels), self._object("points", content), []
                )
                found[name, content] = point
            found[name, content].parts.append(Part(round_, blocks, task_id))
        return list(found.values())

    def fail(
        self, name: str, content: Labels, labels: Labels, place: str, task_id: str, reason: str
    ) -> None:
        """Keep why a task, or with no `task_id` a whole point, has no result.

        `content` is what was known of it: with another content it has not failed yet.
        """
        row = (name, canonical(content), place, canonical(labels), task_id, reason)
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, checksum(*row)),
            )
            database.execute("DELETE FROM claims WHERE task_id = ?", (task_id,))

    def failure(self, name: str, content: Labels, place: str) -> str | None:
        """Return why a task or point failed before, or None."""
        where = "WHERE name = ? AND content = ? AND place = ?"
        rows = self._read("failures", where, (name, canonical(content), place))
        return rows[0][5] if rows else None

    def failures(self) -> list[StoredFailure]:
        """Return what failed and was not done since."""
        found = (
            StoredFailure(self._object("failures", row[3]), row[4], row[5])
            for row in self._read("failures", "ORDER BY name, content, place")
        )
        return [each for each in found if not (each.task_id and self.finished(each.task_id))]

    def forget_failures(self, name: str) -> None:
        """Forget why parts of a point failed, so that they are tried again."""
        with self._transaction() as database:
            database.execute("DELETE FROM failures WHERE name = ?", (name,))

    def claim(self, task_id: str) -> bool:
        """Try to mark a task as being worked on; False when another sweep has marked it."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO claims VALUES (?, ?)", (task_id, self._owner))
            query = "SELECT owner FROM claims WHERE task_id = ?"
            return bool(database.execute(query, (task_id,)).fetchone()[0] == self._owner)

    def check(self) -> None:
        """Raise `QnnqError` for the first damaged row, of a task that no point asks for as well."""
        for table in ("results", "points", "failures"):
            with self._explained():
                for row in self._database.execute(f"SELECT * FROM {table}"):
                    self._check(table, row)

    def _check(self, table: str, row: tuple[Any, ...]) -> None:
        if checksum(*row[:-1]) != row[-1]:
            raise self._damaged(table, str(row[0]), "its checksum differs")

    def _intact(self, task_id: str) -> bool:
        query = "SELECT * FROM results WHERE task_id = ?"
        row = self._database.execute(query, (task_id,)).fetchone()
        return row is not None and checksum(*row[:-1]) == row[-1]

    def _read(self, table: str, clause: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a table, each checked."""
        with self._explained():
            query = f"SELECT * FROM {table} {clause}"
            rows = self._database.execute(query, tuple(values)).fetchall()
        for row in rows:
            self._check(table, row)
        return rows

    def _object(self, table: str, text: str) -> dict[str, Any]:
        try:
            found = json.loads(text)
            if not isinstance(found, dict):
                raise ValueError(f"expected an object, found {type(found).__name__}")
        except (ValueError, RecursionError) as error:
            raise self._damaged(table, text, str(error)) from error
        return found

    def _damaged(self, table: str, row: str, why: str) -> QnnqError:
        line = " ".join(row.split())
        shown = f"{line[:60]}..." if len(line) > 64 else line
        again = "; the sweep that made it would measure it again" if table == "results" else ""
        return QnnqError(f"{self.path}: row {shown!r} of {table} is damaged: {why}{again}")

"""An open results file whose rows are checked whenever they are read."""

import contextlib
import json
import os
import socket
import sqlite3
import uuid
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from qnnq.errors import InputError, QnnqError
from qnnq.results.opening import open_to_read, open_to_write
from qnnq.results.rows import checksum
from qnnq.storage.database import DatabaseFile, batched
from qnnq.storage.files import refuse_pointer

VALUES_PER_QUERY = 500
"""SQLite takes 999 at least."""


class CheckedFile(DatabaseFile):
    """The rows of a results file; each carries a checksum.

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
        self._written: set[int] = set()
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}" if create else ""
        if not create and not self.path.is_file():
            if self.path.is_dir():
                raise InputError(f"{path}: expected a results file, found a folder")
            raise InputError(f"{path}: no such results file")
        self._refuse_others()
        with self._explained():
            if create:
                self._database = open_to_write(self.path, self.kind, self._owner, self.notes)
            else:
                self._database = open_to_read(self.path, self.kind, self.notes)

    def _refuse_others(self) -> None:
        """Say of files that are likely to be given here what they are."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            refuse_pointer(self.path, file.read(1024))
        if self.path.suffix == ".toml":
            raise InputError(
                f"{self.path}: expected {self.kind}, found a sweep file, which asks for results: "
                f"qnnq sweep {self.path} --out results.sqlite"
            )

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

    def together(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Return a context whose changes are committed together, or not at all."""
        return self._transaction()

    def rows(self, table: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a table in the order of its key."""
        with self._explained():
            yield from self._database.execute(f"SELECT * FROM {table} ORDER BY 1, 2")

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        with self._explained():
            return int(self._database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def check(self) -> None:
        """Raise `QnnqError` for the first damaged row, of a task that no point asks for as well."""
        with self._explained():
            (answer,) = self._database.execute("PRAGMA integrity_check(1)").fetchone()
            if answer != "ok":
                raise QnnqError(f"{self.path}: is damaged: {' '.join(str(answer).split())}")
            for id_, text in self._database.execute("SELECT * FROM texts"):
                if checksum(text) != id_:
                    raise self._damaged("texts", str(text), "its checksum differs")
            for id_, *texts in self._database.execute("SELECT * FROM settings"):
                if checksum(*texts) != id_:
                    raise self._damaged("settings", str(id_), "its checksum differs")
            for table, column in (("results", "content"), ("results", "provenance")):
                query = f"SELECT task_id FROM {table} WHERE {column} NOT IN (SELECT id FROM texts)"
                for (task_id,) in self._database.execute(query):
                    raise self._damaged(table, _shown(task_id), f"its {column} is missing")
            query = "SELECT seed FROM points WHERE setting NOT IN (SELECT id FROM settings)"
            for (seed,) in self._database.execute(query):
                raise self._damaged("points", str(seed), "its setting is missing")
            for (text,) in self._database.execute("SELECT text FROM asked"):
                self._text("asked", text)
            for table in ("results", "points", "identities", "failures"):
                for row in self._database.execute(f"SELECT * FROM {table}"):
                    self._check(table, row)

    def _check(self, table: str, row: tuple[Any, ...]) -> None:
        if checksum(*row[:-1]) != row[-1]:
            raise self._damaged(table, _shown(row[0]), "its checksum differs")

    def _among(self, query: str, identities: Collection[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query that ends with an identity or a task's id, for some of them."""
        with self._explained():
            for some in batched(identities, VALUES_PER_QUERY):
                ids = [bytes.fromhex(each) for each in some]
                yield from self._database.execute(f"{query} IN {placeholders(ids)}", ids)

    def _keep(self, texts: Iterable[str]) -> None:
        """Write texts that this sweep has not written yet."""
        new = {checksum(text): text for text in {*texts}}
        rows = [(id_, text) for id_, text in new.items() if id_ not in self._written]
        self._database.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?)", rows)
        self._written.update(new)

    def _text(self, table: str, id_: int) -> str:
        found = self._database.execute("SELECT text FROM texts WHERE id = ?", (id_,)).fetchone()
        if found is None or checksum(found[0]) != id_:
            raise self._damaged(table, str(id_), "a text that it refers to is missing or differs")
        return str(found[0])

    def _read(self, table: str, clause: str = "", values: Iterable[Any] = ()) -> list[Any]:
        """Return the rows of a table, each checked."""
        with self._explained():
            query = f"SELECT * FROM {table} {clause}"
            rows = self._database.execute(query, tuple(values)).fetchall()
        for row in rows:
            self._check(table, row)
        return rows

    def _object(self, text: str) -> dict[str, Any]:
        try:
            found = json.loads(text)
            if not isinstance(found, dict):
                raise ValueError(f"expected an object, found {type(found).__name__}")
        except (ValueError, RecursionError) as error:
            raise self._damaged("texts", text, str(error)) from error
        return found

    def _damaged(self, table: str, row: str, why: str) -> QnnqError:
        line = " ".join(row.split())
        shown = f"{line[:60]}..." if len(line) > 64 else line
        again = "; the sweep that made it would measure it again" if table == "results" else ""
        return QnnqError(f"{self.path}: row {shown!r} of {table} is damaged: {why}{again}")


def placeholders(values: Collection[object]) -> str:
    """Return SQL for a list of so many values."""
    return f"({', '.join('?' * len(values))})"


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)

"""The results file: SQLite, one row a finished task, counts kept as compact arrays.

Tasks are committed whole, in transactions, so a kill, a full disk or a power cut loses only what
was not yet finished. Rows are keyed by the task's content id: writing a row twice is harmless,
which is what makes two sweeps into one file safe. Claims only keep two sweeps from doing the same
task; one that is left behind by a killed sweep moves its task to the end, no more.
"""

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from qnnq.errors import InputError
from qnnq.results.checked_file import VALUES_PER_QUERY, CheckedFile, placeholders
from qnnq.results.encoding import Arrays, Row, arrays_from_bytes, decode, encode
from qnnq.results.result import RunResult
from qnnq.results.rows import canonical, checksum
from qnnq.results.schema import content_of, stored_seed
from qnnq.storage.database import batched

Labels = Mapping[str, Any]
AskedBy = Literal["sweep", "submit"]

_UNREADABLE = (
    InputError,
    zlib.error,
    struct.error,
    ValueError,
    TypeError,
    EOFError,
    RecursionError,
)


class Place(NamedTuple):
    """Where a task belongs in a setting: its seed, round and block of images."""

    seed: int
    round: int
    block: int


@dataclass(frozen=True)
class StoredSetting:
    """What repetitions share: what the sweep called it, what it measures (see `content_of`)."""

    id: int
    labels: dict[str, Any]
    content: dict[str, Any]


@dataclass(frozen=True)
class StoredPart:
    """A task of a setting: its place, how many blocks every round has, and what it found.

    `arrays` are indices, labels, counts and softmax sums; None where it is not finished.
    """

    place: Place
    blocks: int
    arrays: Arrays | None
    seconds: float


@dataclass(frozen=True)
class StoredFailure:
    """A task or a whole setting that has no result: its labels, the task's id or "", and why."""

    labels: dict[str, Any]
    task_id: str
    reason: str


class Store(CheckedFile):
    """An open results file. Use it as a context manager; not to be shared between processes."""

    def finished(self, task_ids: Collection[str]) -> set[str]:
        """Return those of some tasks whose results are stored, and whole."""
        found = self._among("SELECT * FROM results WHERE task_id", task_ids)
        return {row[0].hex() for row in found if checksum(*row[:-1]) == row[-1]}

    def add(self, *results: RunResult) -> None:
        """Commit results; one that is there and whole already stays as it is."""
        self.add_rows([encode(result) for result in results])

    def add_rows(self, rows: Collection[Row]) -> None:
        """Commit results as they are encoded; see `add`."""
        with self._transaction() as database:
            there = self.finished([row.values[0].hex() for row in rows])
            new = [row for row in rows if row.values[0].hex() not in there]
            self._keep(text for row in new for text in (row.content, row.provenance))
            database.executemany(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [row.values for row in new],
            )
            database.executemany(
                "DELETE FROM claims WHERE task_id = ?", [row.values[:1] for row in rows]
            )

    def result(self, task_id: str) -> RunResult | None:
        """Return a stored result, or None; raises `QnnqError` where its row is damaged."""
        rows = self._read("results", "WHERE task_id = ?", (bytes.fromhex(task_id),))
        if not rows:
            return None
        texts = (self._text("results", rows[0][column]) for column in (1, 6))
        try:
            return decode(Row(rows[0], *texts))
        except _UNREADABLE as error:
            raise self._damaged("results", task_id, str(error)) from error

    def link(
        self,
        labels: Labels,
        task: Labels,
        tasks: Mapping[Place, str | None],
        blocks: int,
        *,
        fresh: bool,
    ) -> None:
        """Say which tasks measure a setting of `blocks` blocks; None: one that is not known yet.

        `task` is one of them, which says what the setting measures: the same labels with another
        content are another setting. `fresh` forgets how its seeds were divided into tasks before.
        """
        texts = canonical(labels), canonical(content_of(dict(task)))
        ids = tuple(map(checksum, texts))
        setting = checksum(*ids)
        rows = set()
        for (seed, *place), task_id in tasks.items():
            id_ = None if task_id is None else bytes.fromhex(task_id)
            row = (setting, stored_seed(seed), *place, blocks, id_)
            rows.add((*row, checksum(*row)))
        with self._transaction() as database:
            self._keep(texts)
            database.execute("INSERT OR IGNORE INTO settings VALUES (?, ?, ?)", (setting, *ids))
            there = set()
            for seeds in batched({row[1] for row in rows}, VALUES_PER_QUERY):
                query = f"SELECT * FROM points WHERE setting = ? AND seed IN {placeholders(seeds)}"
                there |= set(database.execute(query, (setting, *seeds)))
            if fresh:
                database.executemany(
                    "DELETE FROM points WHERE (setting, seed, round, block) = (?, ?, ?, ?)",
                    [row[:4] for row in there - rows],
                )
            database.executemany(
                "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?)", rows - there
            )

    def keep_asked(self, kind: AskedBy, text: str) -> None:
        """Keep the text of a sweep file, or the command line of a run on a device."""
        with self._transaction() as database:
            self._keep([text])
            database.execute("INSERT OR IGNORE INTO asked VALUES (?, ?)", (checksum(text), kind))

    def asked(self, kind: AskedBy) -> list[str]:
        """Return the texts of sweep files, or of command lines, that asked for the results."""
        query = "SELECT text FROM asked WHERE kind = ?"
        with self._explained():
            return [self._text("asked", id_) for (id_,) in self._database.execute(query, (kind,))]

    def settings(self) -> Iterator[StoredSetting]:
        """Yield all settings; raises `QnnqError` where a row is damaged."""
        query = """SELECT s.*, l.text, c.text FROM settings s LEFT JOIN texts l ON l.id = s.labels
            LEFT JOIN texts c ON c.id = s.content ORDER BY l.text, c.text"""
        with self._explained():
            for id_, *ids, labels, content in self._database.execute(query):
                if ids != [checksum(labels), checksum(content)]:
                    raise self._damaged("settings", str(id_), "its texts are missing or differ")
                yield StoredSetting(id_, self._object(labels), self._object(content))

    def parts(self, setting: int) -> Iterator[StoredPart]:
        """Yield the parts of a setting by seed, round and block, as far as rows go unchecked."""
        query = """SELECT p.seed, p.round, p.block, p.blocks, r.arrays, r.seconds
            FROM points p LEFT JOIN results r ON r.task_id = p.task_id WHERE p.setting = ?
            ORDER BY p.seed, p.round, p.block"""
        with self._explained():
            for row in self._database.execute(query, (setting,)):
                seed, round_, block, blocks, arrays, seconds = row
                try:
                    content = None if arrays is None else arrays_from_bytes(arrays)
                    seconds = float(seconds or 0)
                    place = Place(int(seed), round_, block)
                except _UNREADABLE as error:
                    raise self._damaged("results", str(seed), str(error)) from error
                yield StoredPart(place, blocks, content, seconds)

    def seeds(self, setting: int) -> list[int]:
        """Return the seeds that a setting is measured with."""
        query = "SELECT DISTINCT seed FROM points WHERE setting = ?"
        with self._explained():
            return [int(seed) for (seed,) in self._database.execute(query, (setting,))]

    def any_result(self, setting: int) -> RunResult | None:
        """Return one of the results of a setting, or None where it has none."""
        query = """SELECT task_id FROM points JOIN results USING (task_id)
            WHERE setting = ? ORDER BY points.seed, round, block LIMIT 1"""
        with self._explained():
            found = self._database.execute(query, (setting,)).fetchone()
        return self.result(found[0].hex()) if found else None

    def fail(
        self, labels: Labels, content: Labels, place: str, task_id: str | None, reason: str
    ) -> None:
        """Keep why a task, or with no `task_id` a whole setting, has no result.

        `content` is what was known of it: with another content it has not failed yet.
        """
        id_ = bytes.fromhex(task_id) if task_id else None
        row = (canonical(labels), canonical(content), place, id_, reason)
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)",
                (*row, checksum(*row)),
            )
            database.execute("DELETE FROM claims WHERE task_id = ?", (id_,))

    def reasons(self) -> dict[tuple[str, str, str], str]:
        """Return why tasks failed, by the canonical text of labels and content, and by place."""
        return {row[:3]: row[4] for row in self._read("failures")}

    def failures(self) -> list[StoredFailure]:
        """Return what failed and was not done since."""
        found = self._read("failures", "ORDER BY labels, content, place")
        done = self.finished([row[3].hex() for row in found if row[3]])
        return [
            StoredFailure(self._object(row[0]), row[3].hex() if row[3] else "", row[4])
            for row in found
            if not (row[3] and row[3].hex() in done)
        ]

    def forget_failure(self, labels: str, content: str, place: str) -> None:
        """Forget why something failed, so that it is tried again; arguments as in `reasons`."""
        with self._transaction() as database:
            database.execute(
                "DELETE FROM failures WHERE (labels, content, place) = (?, ?, ?)",
                (labels, content, place),
            )

    def claim(self, task_ids: Collection[str]) -> set[str]:
        """Mark tasks as being worked on; return those that no other sweep had marked."""
        with self._transaction() as database:
            database.executemany(
                "INSERT OR IGNORE INTO claims VALUES (?, ?)",
                [(bytes.fromhex(task_id), self._owner) for task_id in task_ids],
            )
            found = self._among("SELECT task_id, owner FROM claims WHERE task_id", task_ids)
            return {task_id.hex() for task_id, owner in found if owner == self._owner}

    def progress(self, setting: int) -> Iterator[tuple[int, float | None, bool]]:
        """Yield the tasks of a setting: seed, the time that its result took or None, claimed."""
        query = """SELECT p.seed, r.seconds, c.owner IS NOT NULL FROM points p
            LEFT JOIN results r USING (task_id) LEFT JOIN claims c USING (task_id)
            WHERE p.setting = ?"""
        with self._explained():
            for seed, seconds, claimed in self._database.execute(query, (setting,)):
                yield int(seed), seconds, bool(claimed)

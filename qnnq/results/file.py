"""The results file: SQLite, one row a finished task, counts kept as compact arrays.

Tasks are committed whole, in transactions, so a kill, a full disk or a power cut loses only what
was not yet finished. Rows are keyed by the task's content id: writing a row twice is harmless,
which is what makes two sweeps into one file safe. A task's id is known once its circuits are
compiled; before that it is asked for, found and claimed by an identity, for which nothing has to
be compiled. Claims only keep two sweeps from doing the same task; one that is left behind by a
killed sweep moves its task to the end, no more.
"""

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
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

_LINKED = """points p LEFT JOIN identities i USING (identity)
    LEFT JOIN results r USING (task_id)"""

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
    """What repetitions share: what the sweep called it, what it asks for (see `content_of`)."""

    id: int
    labels: dict[str, Any]
    content: dict[str, Any]


@dataclass(frozen=True)
class StoredPoint:
    """What the results of settings of one name share: what they measured (see `content_of`).

    Attributes:
        setting: The first of these settings.
        content: What was measured.
        ids: Those of all these settings, and of `content`.
    """

    setting: StoredSetting
    content: dict[str, Any]
    ids: tuple[tuple[int, ...], int]


@dataclass(frozen=True)
class StoredPart:
    """A task of a point: its place, how many blocks every round has, and what it found.

    `arrays` are indices, labels, counts and softmax sums; None where it is not finished.
    """

    place: Place
    blocks: int
    arrays: Arrays | None
    seconds: float


@dataclass(frozen=True)
class StoredFailure:
    """A task or a whole setting that has no result: its labels, and why."""

    labels: dict[str, Any]
    reason: str


class Store(CheckedFile):
    """An open results file. Use it as a context manager; not to be shared between processes."""

    def finished(self, identities: Collection[str]) -> dict[str, str]:
        """Return the task of each of some identities whose result is stored, and whole."""
        query = """SELECT i.*, r.* FROM identities i JOIN results r USING (task_id)
            WHERE i.identity"""
        return {
            row[0].hex(): row[1].hex()
            for row in self._among(query, identities)
            if checksum(*row[:2]) == row[2] and checksum(*row[3:-1]) == row[-1]
        }

    def add(self, *results: RunResult) -> None:
        """Commit results; one that is there and whole already stays as it is.

        The identity of each is its task's id.
        """
        self.add_rows({result.task_id: encode(result) for result in results})

    def add_rows(self, rows: Mapping[str, Row]) -> None:
        """Commit results as they are encoded, by their identities; see `add`."""
        with self._transaction() as database:
            there = self.whole([row.values[0] for row in rows.values()])
            new = [row for row in rows.values() if row.values[0] not in there]
            self._keep(text for row in new for text in (row.content, row.provenance))
            database.executemany(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [row.values for row in new],
            )
            self.identify({identity: row.values[0].hex() for identity, row in rows.items()})

    def identify(self, tasks: Mapping[str, str]) -> None:
        """Say which tasks identities have become; they are not claimed any more."""
        pairs = [(bytes.fromhex(each), bytes.fromhex(task)) for each, task in tasks.items()]
        with self._transaction() as database:
            database.executemany(
                "INSERT OR REPLACE INTO identities VALUES (?, ?, ?)",
                [(*pair, checksum(*pair)) for pair in pairs],
            )
            database.executemany(
                "DELETE FROM claims WHERE identity = ?", [(identity,) for identity, _ in pairs]
            )

    def whole(self, task_ids: Collection[bytes]) -> set[bytes]:
        """Return those of some tasks whose results are stored, and whole."""
        ids = [each.hex() for each in task_ids]
        found = self._among("SELECT * FROM results WHERE task_id", ids)
        return {row[0] for row in found if checksum(*row[:-1]) == row[-1]}

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
        content: Labels,
        identities: Mapping[Place, str | None],
        blocks: int,
        *,
        fresh: bool,
        compiler: Labels | None = None,
    ) -> dict[Place, str]:
        """Say what measures a setting of `blocks` blocks; None: what is not known yet.

        Args:
            labels: What the setting is called.
            content: What it asks for, or one of its tasks: the same labels with something else are
                another setting.
            identities: By their places.
            blocks: Of a round.
            fresh: Whether how its seeds were divided into tasks before is forgotten.
            compiler: What compiles it. What another one measured stays.

        Returns:
            The task that stands at each place by another compiler, and is finished.
        """
        texts = canonical(labels), canonical(content_of(dict(content)))
        ids = tuple(map(checksum, texts))
        setting, by = checksum(*ids), checksum(canonical(dict(compiler or {})))
        rows = set()
        for (seed, *place), identity in identities.items():
            id_ = None if identity is None else bytes.fromhex(identity)
            row = (setting, stored_seed(seed), *place, by, blocks, id_)
            rows.add((*row, checksum(*row)))
        with self._transaction() as database:
            self._keep(texts)
            database.execute("INSERT OR IGNORE INTO settings VALUES (?, ?, ?)", (setting, *ids))
            there = set()
            for seeds in batched({row[1] for row in rows}, VALUES_PER_QUERY):
                query = f"SELECT * FROM points WHERE setting = ? AND seed IN {placeholders(seeds)}"
                there |= set(database.execute(query, (setting, *seeds)))
            others = {row for row in there if row[4] != by}
            done = self.finished([row[6].hex() for row in others if row[6]]) if others else {}
            if fresh:
                gone = {row for row in there - rows if row[4] == by or _hex(row[6]) not in done}
                database.executemany(
                    "DELETE FROM points "
                    "WHERE (setting, seed, round, block, compiler) = (?, ?, ?, ?, ?)",
                    [row[:5] for row in gone],
                )
            database.executemany(
                "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows - there
            )
        return {
            Place(int(row[1]), *row[2:4]): done[_hex(row[6])]
            for row in others
            if _hex(row[6]) in done
        }

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

    def measured(self) -> list[StoredPoint]:
        """Return what has results, by what settings are called and what was measured."""
        query = f"SELECT DISTINCT p.setting, r.content FROM {_LINKED} WHERE r.content IS NOT NULL"
        contents: dict[int, list[int]] = {}
        with self._explained():
            for setting, content in self._database.execute(query):
                contents.setdefault(setting, []).append(content)
        found: dict[tuple[str, int], list[StoredSetting]] = {}
        for each in self.settings():
            for content in contents.get(each.id, ()):
                found.setdefault((canonical(each.labels), content), []).append(each)
        texts = {id_: self._object(self._text("results", id_)) for _, id_ in found}
        points = [
            StoredPoint(settings[0], texts[id_], (tuple(each.id for each in settings), id_))
            for (_, id_), settings in found.items()
        ]
        return sorted(points, key=lambda p: (canonical(p.setting.labels), canonical(p.content)))

    def parts(self, point: StoredPoint) -> Iterator[StoredPart]:
        """Yield the parts of a point by seed, round and block, as far as rows go unchecked.

        Those that are not finished are parts of each point of their setting.
        """
        settings, content = point.ids
        query = f"""SELECT p.seed, p.round, p.block, i.task_id, p.blocks, r.arrays, r.seconds
            FROM {_LINKED} WHERE p.setting = ? AND (r.content = ? OR r.content IS NULL)
            ORDER BY p.seed, p.round, p.block"""
        last: list[Any] = []
        with self._explained():
            several = [self._database.execute(query, (each, content)) for each in settings]
            for row in merge(*several, key=lambda row: (isinstance(row[0], str), row[:3])):
                *place, task_id, blocks, arrays, seconds = row
                if task_id and [*place, task_id] == last:  # by two compilers
                    continue
                last = [*place, task_id]
                try:
                    found = None if arrays is None else arrays_from_bytes(arrays)
                    seconds = float(seconds or 0)
                    whole = Place(int(place[0]), *place[1:])
                except _UNREADABLE as error:
                    raise self._damaged("results", str(place[0]), str(error)) from error
                yield StoredPart(whole, blocks, found, seconds)

    def seeds(self, point: StoredPoint) -> list[int]:
        """Return the seeds that a point is measured with."""
        query = "SELECT DISTINCT seed FROM points WHERE setting = ?"
        with self._explained():
            found = [row for id_ in point.ids[0] for row in self._database.execute(query, (id_,))]
        return list(dict.fromkeys(int(seed) for (seed,) in found))

    def any_result(self, point: StoredPoint) -> RunResult:
        """Return one of the results of a point."""
        query = f"""SELECT r.task_id FROM {_LINKED} WHERE p.setting = ? AND r.content = ?
            ORDER BY p.seed, p.round, p.block LIMIT 1"""
        (settings, content) = point.ids
        with self._explained():
            (task_id,) = self._database.execute(query, (settings[0], content)).fetchone()
        found = self.result(task_id.hex())
        assert found is not None
        return found

    def fail(
        self, labels: Labels, content: Labels, place: str, identity: str | None, reason: str
    ) -> None:
        """Keep why a task, or with no `identity` a whole setting, has no result.

        `content` is what was known of it: with another content it has not failed yet.
        """
        id_ = bytes.fromhex(identity) if identity else None
        row = (canonical(labels), canonical(content), place, id_, reason)
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)",
                (*row, checksum(*row)),
            )
            database.execute("DELETE FROM claims WHERE identity = ?", (id_,))

    def reasons(self) -> dict[tuple[str, str, str], str]:
        """Return why tasks failed, by the canonical text of labels and content, and by place."""
        return {row[:3]: row[4] for row in self._read("failures")}

    def failures(self) -> list[StoredFailure]:
        """Return what failed and was not done since."""
        found = self._read("failures", "ORDER BY labels, content, place")
        done = self.finished([row[3].hex() for row in found if row[3]])
        return [
            StoredFailure(self._object(row[0]), row[4]) for row in found if _hex(row[3]) not in done
        ]

    def forget_failure(self, labels: str, content: str, place: str) -> None:
        """Forget why something failed, so that it is tried again; arguments as in `reasons`."""
        with self._transaction() as database:
            database.execute(
                "DELETE FROM failures WHERE (labels, content, place) = (?, ?, ?)",
                (labels, content, place),
            )

    def claim(self, identities: Collection[str]) -> set[str]:
        """Mark tasks as being worked on; return those that no other sweep had marked."""
        with self._transaction() as database:
            database.executemany(
                "INSERT OR IGNORE INTO claims VALUES (?, ?)",
                [(bytes.fromhex(each), self._owner) for each in identities],
            )
            found = self._among("SELECT identity, owner FROM claims WHERE identity", identities)
            return {each.hex() for each, owner in found if owner == self._owner}

    def progress(self, setting: int) -> Iterator[tuple[int, float | None, bool]]:
        """Yield the tasks of a setting: seed, the time that its result took or None, claimed."""
        query = f"""SELECT p.seed, max(r.seconds), max(c.owner) IS NOT NULL FROM {_LINKED}
            LEFT JOIN claims c USING (identity)
            WHERE p.setting = ? GROUP BY p.seed, p.round, p.block"""
        with self._explained():
            for seed, seconds, claimed in self._database.execute(query, (setting,)):
                yield int(seed), seconds, bool(claimed)


def _hex(identity: bytes | None) -> str:
    return identity.hex() if identity else ""

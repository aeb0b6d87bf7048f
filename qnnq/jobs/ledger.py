"""The ledger of a run: everything that is known about it, in one SQLite file.

Every change is one transaction, and what will be submitted is written before it is submitted, so a
process that is killed at any instant loses nothing that was paid for.
"""

import base64
import contextlib
import json
import secrets
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from qiskit.exceptions import QiskitError

from qnnq.errors import InputError, QnnqError
from qnnq.jobs.folder import LEDGER
from qnnq.jobs.layer_plan import JobPlan
from qnnq.jobs.records import Attempt, Job, SessionRecord, now
from qnnq.storage.blobs import arrays_from, arrays_to, circuit_from, circuit_to
from qnnq.storage.database import DatabaseFile
from transpile import CompiledLayer, NetworkCircuit, Site

FORMAT = 2
_APPLICATION_ID = 0x716E6C67  # "qnlg"
_RUN_DIGITS = 10
"""Of a run's random part, 50 bits; the tags of its jobs stay within 24 characters."""
_BUSY_TIMEOUT_S = 20.0
DAMAGED = (ValueError, LookupError, TypeError, EOFError, zlib.error, struct.error, BadZipFile)
"""What reading a blob raises that is not what was written."""
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE arrays (name TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE layers (
    layer INTEGER PRIMARY KEY, circuit BLOB NOT NULL, sites TEXT NOT NULL, width INTEGER NOT NULL,
    copies INTEGER NOT NULL, parts INTEGER NOT NULL, entanglement REAL NOT NULL
);
CREATE TABLE jobs (
    job INTEGER PRIMARY KEY, layer INTEGER NOT NULL, part INTEGER NOT NULL, plan BLOB NOT NULL,
    sets INTEGER NOT NULL, shots INTEGER NOT NULL, slots INTEGER NOT NULL, bits BLOB,
    UNIQUE (layer, part)
);
CREATE TABLE attempts (
    tag TEXT PRIMARY KEY, job INTEGER NOT NULL REFERENCES jobs, written TEXT NOT NULL, id TEXT,
    state TEXT NOT NULL, cap INTEGER, calibration TEXT, started TEXT, seconds REAL, message TEXT
);
CREATE TABLE surplus (
    id TEXT PRIMARY KEY, tag TEXT NOT NULL, cancelled INTEGER NOT NULL, seconds REAL
);
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY, id TEXT, most INTEGER, seconds REAL, ended INTEGER NOT NULL
);
"""


def new_run_tag() -> str:
    """Return a tag for all jobs of a run, that no other run has."""
    digits = base64.b32encode(secrets.token_bytes(8)).decode().lower()
    return f"qnnq-{digits[:_RUN_DIGITS]}"


class Ledger(DatabaseFile):
    """An open ledger."""

    kind = "the ledger of a run"

    def __init__(self, folder: Path) -> None:
        """Open the ledger of a run folder.

        Raises:
            InputError: If it is no ledger, or one of another version.
            QnnqError: If another process keeps it locked.
        """
        self.folder = folder
        self.path = folder / LEDGER
        self._database = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        try:
            with self._explained():
                self._check()
                # A commit outlives a power cut too: what follows it may cost money.
                self._database.execute("PRAGMA synchronous = EXTRA")
        except QnnqError:
            self._database.close()
            raise

    @classmethod
    def create(
        cls,
        folder: Path,
        facts: dict[str, Any],
        arrays: dict[str, NDArray[Any]],
        circuits: Sequence[CompiledLayer | NetworkCircuit],
    ) -> Self:
        """Write a new ledger, whole or not at all."""
        temporary = folder / f"{LEDGER}.new"
        temporary.unlink(missing_ok=True)
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        try:
            with contextlib.closing(sqlite3.connect(temporary)) as database:
                database.executescript(_SCHEMA)
                database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                database.execute(f"PRAGMA user_version = {FORMAT}")
                database.executemany("INSERT INTO facts VALUES (?, ?)", rows)
                database.execute("INSERT INTO arrays VALUES ('data', ?)", (arrays_to(**arrays),))
                for number, layer in enumerate(circuits):
                    sites = ",".join(map(str, layer.sites))
                    shape = (
                        (layer.widths[0], 1, 1, 0.0)
                        if isinstance(layer, NetworkCircuit)
                        else (layer.width, layer.copies, layer.parts, layer.entanglement)
                    )
                    database.execute(
                        "INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (number, circuit_to(layer.circuit), sites, *shape),
                    )
                database.commit()
        except sqlite3.Error as error:
            temporary.unlink(missing_ok=True)
            raise QnnqError(
                f"{folder / LEDGER}: cannot be written, the disk may be full ({error})"
            ) from error
        temporary.rename(folder / LEDGER)
        return cls(folder)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def fact(self, name: str) -> Any:
        """Return a fact about the run."""
        rows = self._rows("SELECT value FROM facts WHERE name = ?", name)
        if not rows:
            raise InputError(f"{self.path}: {name}: missing; the ledger is damaged")
        with self._decoding():
            return json.loads(rows[0][0])

    def set_fact(self, name: str, value: Any) -> None:
        """Change a fact."""
        with self._transaction() as database:
            database.execute("REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def data(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that the run was created with."""
        with self._decoding():
            return arrays_from(self._rows("SELECT content FROM arrays WHERE name = 'data'")[0][0])

    def layers(self) -> tuple[CompiledLayer, ...]:
        """Return the compiled layers; none where the whole network is one circuit."""
        return tuple(each for each in self.circuits() if isinstance(each, CompiledLayer))

    def circuits(self) -> tuple[CompiledLayer | NetworkCircuit, ...]:
        """Return what is run: the compiled layers, or one circuit of the whole network."""
        found: list[CompiledLayer | NetworkCircuit] = []
        rows = self._rows(
            "SELECT circuit, sites, width, copies, parts, entanglement FROM layers ORDER BY layer"
        )
        with self._decoding():
            for circuit, sites, *shape in rows:
                placed = tuple(Site(*map(int, site.split(":"))) for site in sites.split(","))
                if self.is_coherent:
                    found.append(NetworkCircuit(circuit_from(circuit), placed))
                else:
                    found.append(CompiledLayer(circuit_from(circuit), placed, *shape))
            if len(found) != self.fact("layers"):
                raise ValueError(f"{len(found)} of {self.fact('layers')} layers are there")
        return tuple(found)

    def jobs(self, layer: int | None = None) -> list[Job]:
        """Return the planned jobs, of one layer or of all."""
        rows = self._rows(
            "SELECT job, layer, part, sets, shots, slots, bits IS NOT NULL FROM jobs"
            " WHERE ? IS NULL OR layer = ? ORDER BY layer, part",
            *(layer, layer),
        )
        return [Job(*row) for row in rows]

    def write_plan(self, layer: int, plans: Sequence[JobPlan], bits: int) -> None:
        """Store all jobs of a layer, before the first is submitted; `bits` come of an execution."""
        with self._transaction() as database:
            for part, plan in enumerate(plans):
                blob = arrays_to(angles=plan.angles, places=plan.places)
                shape = (*plan.places.shape, bits)
                database.execute(
                    "INSERT INTO jobs (layer, part, plan, sets, shots, slots)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (layer, part, blob, *shape),
                )

    def plan(self, job: Job) -> JobPlan:
        """Return what a job measures."""
        rows = self._rows("SELECT plan FROM jobs WHERE job = ?", job.number)
        with self._decoding():
            return JobPlan(**arrays_from(rows[0][0]))

    def bits(self, job: Job) -> NDArray[np.uint8]:
        """Return a finished job's bits, shape (parameter sets, shots, slots)."""
        rows = self._rows("SELECT bits FROM jobs WHERE job = ?", job.number)
        count = job.sets * job.shots * job.slots
        with self._decoding():
            packed = arrays_from(rows[0][0])
            return np.unpackbits(packed["bits"], count=count).reshape(job.shape)

    def attempts(self, job: Job | None = None) -> list[Attempt]:
        """Return the submissions, of one job or of all, oldest first."""
        number = job.number if job else None
        rows = self._rows(
            "SELECT tag, job, written, id, state, cap, calibration, started, seconds, message"
            " FROM attempts WHERE ? IS NULL OR job = ? ORDER BY rowid",
            *(number, number),
        )
        return [Attempt(*row) for row in rows]

    def next_tag(self, job: Job) -> str:
        """Return the tag of a job's next submission.

        It follows from the run, the job and the number of submissions, so a restored folder finds
        what was submitted after the copy was made.
        """
        return f"{self.fact('run_tag')}-{job.number}-{len(self.attempts(job)) + 1}"

    def intend(self, job: Job, cap: int | None, calibration: str | None) -> Attempt:
        """Write the intent to submit a job, before it is sent."""
        attempt = Attempt(self.next_tag(job), job.number, now(), None, "intended", cap, calibration)
        with self._transaction() as database:
            database.execute(
                "INSERT INTO attempts (tag, job, written, state, cap, calibration)"
                " VALUES (?, ?, ?, 'intended', ?, ?)",
                (attempt.tag, job.number, attempt.written, cap, calibration),
            )
        return attempt

    def submitted(self, tag: str, job_id: str) -> None:
        """Store the id of a submitted job."""
        with self._transaction() as database:
            database.execute(
                "UPDATE attempts SET id = ?, state = 'submitted' WHERE tag = ?", (job_id, tag)
            )

    def add_surplus(self, tag: str, job_id: str, cancelled: bool, seconds: float | None) -> None:
        """Note a second job under the same intent."""
        with self._transaction() as database:
            database.execute(
                "REPLACE INTO surplus VALUES (?, ?, ?, ?)", (job_id, tag, cancelled, seconds)
            )

    def surplus(self) -> list[tuple[str, str, bool, float | None]]:
        """Return (id, tag, cancelled in time, seconds) of jobs that the service has twice."""
        rows = self._rows("SELECT id, tag, cancelled, seconds FROM surplus")
        return [(row[0], row[1], bool(row[2]), row[3]) for row in rows]

    def ended(
        self,
        tag: str,
        state: str,
        seconds: float | None,
        message: str | None,
        job_id: str | None = None,
    ) -> None:
        """Store that an attempt is over without a result; one that is done stays done."""
        with self._transaction() as database:
            database.execute(
                "UPDATE attempts SET state = ?, seconds = ?, message = ?, id = coalesce(?, id)"
                " WHERE tag = ? AND state <> 'done'",
                (state, seconds, message, job_id, tag),
            )

    def finish(
        self,
        job: Job,
        tag: str,
        bits: NDArray[np.uint8],
        seconds: float | None,
        started: str | None = None,
    ) -> None:
        """Store a job's bits, once."""
        content = arrays_to(bits=np.packbits(bits))
        with self._transaction() as database:
            database.execute(
                "UPDATE jobs SET bits = ? WHERE job = ? AND bits IS NULL", (content, job.number)
            )
            database.execute(
                "UPDATE attempts SET state = 'done', seconds = ?, started = ? WHERE tag = ?",
                (seconds, started, tag),
            )

    def set_seconds(self, tag: str, seconds: float) -> None:
        """Store what an attempt cost; the service adds that up only after the job's end."""
        with self._transaction() as database:
            database.execute("UPDATE attempts SET seconds = ? WHERE tag = ?", (seconds, tag))

    def sessions(self) -> list[SessionRecord]:
        """Return the sessions or batches that were opened, oldest first."""
        rows = self._rows("SELECT number, id, most, seconds, ended FROM sessions ORDER BY number")
        return [SessionRecord(*row) for row in rows]

    def intend_session(self, most: int | None) -> int:
        """Write that a session will be opened, before it is; return its number."""
        with self._transaction() as database:
            row = database.execute(
                "INSERT INTO sessions (most, ended) VALUES (?, 0) RETURNING number", (most,)
            ).fetchone()
        return int(row[0])

    def update_session(
        self, number: int, session_id: str | None, seconds: float | None, ended: bool
    ) -> None:
        """Store what is known of a session."""
        with self._transaction() as database:
            database.execute(
                "UPDATE sessions SET id = coalesce(?, id), seconds = coalesce(?, seconds),"
                " ended = ? WHERE number = ?",
                (session_id, seconds, ended, number),
            )

    @property
    def is_coherent(self) -> bool:
        """Whether the whole network is one circuit, whose neurons live on from layer to layer."""
        return bool(self.fact("task")["mode"] == "coherent")

    @property
    def bills_sessions(self) -> bool:
        """Whether the time of sessions is billed, and not that of their jobs."""
        return bool(self.fact("request")["options"]["mode"] == "session")

    def quantum_seconds(self) -> float:
        """Return the seconds that are billed for the run, as far as known."""
        if self.bills_sessions:
            return float(self._rows("SELECT total(seconds) FROM sessions")[0][0])
        return float(
            self._rows(
                "SELECT (SELECT total(seconds) FROM attempts)"
                " + (SELECT total(seconds) FROM surplus)"
            )[0][0]
        )

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._explained():
            return self._database.execute(sql, values).fetchall()

    def _check(self) -> None:
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if application != _APPLICATION_ID:
            raise InputError(f"{self.path}: expected {self.kind}, found another database")
        if version != FORMAT:
            raise InputError(
                f"{self.path}: ledger format {version}: this qnnq reads format {FORMAT}"
            )

    @contextlib.contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (*DAMAGED, QiskitError) as error:
            raise InputError(f"{self.path}: the ledger is damaged: {error}") from error

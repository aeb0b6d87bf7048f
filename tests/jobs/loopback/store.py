"""Jobs, sessions and the log of the loopback service, on disk."""

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .clock import Clock

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, created REAL, backend TEXT,
    program TEXT, params TEXT, tags TEXT, session TEXT, status TEXT, reason TEXT, code INTEGER,
    started REAL, ended REAL, seconds REAL DEFAULT 0, result TEXT, options TEXT
);
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, backend TEXT, mode TEXT, state TEXT, accepting INTEGER,
    max_ttl INTEGER, opened REAL, closed REAL
);
CREATE TABLE IF NOT EXISTS log (time REAL, event TEXT, job TEXT, tags TEXT);
"""


class Store:
    """A SQLite file that several threads use.

    Attributes:
        overrun: Seconds that a job runs on past its cap.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.overrun = 0.0
        self._clock = clock
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(SCHEMA)
        # A job that ran when the service went down is queued again; it was not billed.
        self.execute("UPDATE jobs SET status = 'Queued' WHERE status = 'Running'")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def execute(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def log(self, event: str, job: str, tags: list[str]) -> None:
        self.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?)", self._clock.time(), event, job, json.dumps(tags)
        )

    def events(self, event: str) -> list[tuple[str, list[str]]]:
        """Return (job id, tags) of every event of a kind, in order."""
        rows = self.execute("SELECT job, tags FROM log WHERE event = ? ORDER BY time", event)
        return [(row["job"], json.loads(row["tags"])) for row in rows]

    def add_job(self, body: dict[str, Any]) -> str:
        identifier = uuid.uuid4().hex[:20]
        tags = body.get("tags") or []
        options = {"cost": body.get("cost"), "options": body["params"].get("options")}
        with self._lock:
            self.execute(
                "INSERT INTO jobs (id, created, backend, program, params, tags, session, status,"
                " options) VALUES (?, ?, ?, ?, ?, ?, ?, 'Queued', ?)",
                *(identifier, self._clock.time(), body.get("backend"), body["program_id"]),
                *(json.dumps(body["params"]), json.dumps(tags), body.get("session_id")),
                json.dumps(options),
            )
            self.log("accepted", identifier, tags)
        return identifier

    def job(self, identifier: str) -> sqlite3.Row | None:
        rows = self.execute("SELECT * FROM jobs WHERE id = ?", identifier)
        return rows[0] if rows else None

    def jobs(self) -> list[sqlite3.Row]:
        """Return all jobs, newest first."""
        return self.execute("SELECT * FROM jobs ORDER BY number DESC")

    def billed(self, session_seconds: Callable[[sqlite3.Row], float]) -> float:
        """Return all that was billed: dedicated sessions by the clock, other jobs by their use."""
        dedicated = self.execute("SELECT * FROM sessions WHERE mode = 'dedicated'")
        apart = {row["id"] for row in dedicated}
        jobs = sum(job["seconds"] for job in self.jobs() if job["session"] not in apart)
        return float(jobs) + sum(map(session_seconds, dedicated))

    def next_queued(self) -> sqlite3.Row | None:
        rows = self.execute("SELECT * FROM jobs WHERE status = 'Queued' ORDER BY number LIMIT 1")
        return rows[0] if rows else None

    def queue_position(self, job: sqlite3.Row) -> int | None:
        if job["status"] != "Queued":
            return None
        ahead = self.execute(
            "SELECT count(*) AS ahead FROM jobs"
            " WHERE number < ? AND status IN ('Queued', 'Running')",
            job["number"],
        )
        return int(ahead[0]["ahead"]) + 1

    def start(self, identifier: str) -> bool:
        """Mark a queued job as running; False where it was cancelled meanwhile."""
        with self._lock:
            job = self.job(identifier)
            if job is None or job["status"] != "Queued":
                return False
            self.execute(
                "UPDATE jobs SET status = 'Running', started = ? WHERE id = ?",
                *(self._clock.time(), identifier),
            )
            return True

    def finish(self, identifier: str, status: str, result: str, seconds: float) -> None:
        """Store the end of a running job and bill it, up to the job's cap."""
        with self._lock:
            job = self.job(identifier)
            if job is None or job["status"] != "Running":
                return
            cap, code = json.loads(job["options"])["cost"], None
            if cap is not None and seconds > cap:
                status, result, code = "Cancelled", "ran longer than allowed", 1305
                seconds = min(seconds, cap + self.overrun)
            self.execute(
                "UPDATE jobs SET status = ?, result = ?, code = ?, seconds = ?, ended = ?"
                " WHERE id = ?",
                *(status, result, code, seconds, self._clock.time(), identifier),
            )
            self.log(
                "billed" if status == "Completed" else "failed", identifier, json.loads(job["tags"])
            )

    def cancel(self, identifier: str) -> bool:
        with self._lock:
            job = self.job(identifier)
            if job is None or job["status"] not in ("Queued", "Running"):
                return False
            self.execute(
                "UPDATE jobs SET status = 'Cancelled', ended = ? WHERE id = ?",
                *(self._clock.time(), identifier),
            )
            self.log("cancelled", identifier, json.loads(job["tags"]))
            return True

    def cancel_queued(self, session: str) -> None:
        """Cancel the jobs that still wait in a session that has ended."""
        for job in self.jobs():
            if job["session"] == session and job["status"] == "Queued":
                self.cancel(job["id"])

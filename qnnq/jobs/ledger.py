"""The ledger of a run: everything that is known about it, in one SQLite file.

Every change is one transaction, and what will be submitted is written before it is submitted, so a
process that is killed at any instant loses nothing that was paid for.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import InputError
from qnnq.jobs.ledger_file import LedgerFile
from qnnq.jobs.reconciliation import Planned
from qnnq.jobs.records import ATTEMPT_STATES, Attempt, Job, SessionRecord, now
from qnnq.storage.blobs import arrays_from, arrays_to

if TYPE_CHECKING:
    from qnnq.jobs.layer_plan import JobPlan

DIGEST_DIGITS = 16


class Ledger(LedgerFile):
    """An open ledger: jobs, their submissions, sessions."""

    def jobs(
        self,
        layer: int | None = None,
        shot_round: int | None = None,
        first_image: int | None = None,
    ) -> list[Job]:
        """Return the planned jobs, of one layer, round of shots and chunk of images or of all."""
        rows = self._rows(
            "SELECT job, round, layer, part, sets, shots, slots, bits IS NOT NULL FROM jobs"
            " WHERE (?1 IS NULL OR layer = ?1) AND (?2 IS NULL OR round = ?2)"
            " AND (?3 IS NULL OR first_image = ?3) ORDER BY round, layer, part",
            *(layer, shot_round, first_image),
        )
        return [Job(*row) for row in rows]

    def unplanned_share(self, layer: int, shot_round: int) -> float:
        """Return the share of the chunks of images that have no jobs of a layer yet."""
        (row,) = self._rows(
            "SELECT count(DISTINCT first_image) FROM jobs WHERE layer = ? AND round = ?",
            *(layer, shot_round),
        )
        return 1 - float(row[0]) / len(self.fact("chunks"))

    def write_plan(
        self,
        layer: int,
        plans: "Sequence[JobPlan]",
        bits: int,
        shot_round: int = 0,
        first_image: int = 0,
    ) -> None:
        """Store all jobs of a layer for a chunk of images, before the first is submitted.

        Args:
            layer: The layer.
            plans: What each job measures.
            bits: How many come of an execution.
            shot_round: The round of shots.
            first_image: Where the chunk begins.
        """
        next_part = len(self.jobs(layer, shot_round))
        number = 0 if self.is_coherent else layer
        rows = self._rows("SELECT circuit FROM layers ORDER BY layer LIMIT 1 OFFSET ?", number)
        circuit = hashlib.sha256(rows[0][0])
        with self._transaction() as database:
            for part, plan in enumerate(plans, next_part):
                blob = arrays_to(angles=plan.angles, places=plan.places)
                shape = (*plan.places.shape, bits)
                program = circuit.copy()
                program.update(np.ascontiguousarray(plan.angles).tobytes())
                program.update(repr(plan.places.shape).encode())
                database.execute(
                    "INSERT INTO jobs (round, layer, part, first_image, plan, sets, shots, slots,"
                    " digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(shot_round, layer, part, first_image, blob, *shape),
                        program.hexdigest()[:DIGEST_DIGITS],
                    ),
                )

    def plan(self, job: Job) -> "JobPlan":
        """Return what a job measures."""
        from qnnq.jobs.layer_plan import JobPlan

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
        found = [Attempt(*row) for row in rows]
        for attempt in found:
            if attempt.state not in ATTEMPT_STATES:
                raise InputError(
                    f"{self.path}: the ledger is damaged: {attempt.tag}: state {attempt.state!r}: "
                    f"expected one of {', '.join(ATTEMPT_STATES)}"
                )
        return found

    def planned(self, job: Job) -> Planned:
        """Return what the service's records are compared with."""
        rows = self._rows("SELECT digest FROM jobs WHERE job = ?", job.number)
        prefix, counted = self._prefix(job), [job_id for job_id, *_ in self.surplus()]
        return Planned(job.done, prefix, rows[0][0], self.attempts(job), counted)

    def next_tag(self, job: Job) -> str:
        """Return the tag of a job's next submission.

        It follows from the run, the job and the submissions so far, so a restored folder finds
        what was submitted after the copy was made.
        """
        numbers = [int(each.tag.rpartition("-")[2]) for each in self.attempts(job)]
        return f"{self._prefix(job)}{max(numbers, default=0) + 1}"

    def _prefix(self, job: Job) -> str:
        return f"{self.fact('run_tag')}-{job.number}-"

    def intend(self, job: Job, cap: int | None, calibration: str | None) -> Attempt:
        """Write the intent to submit a job, before it is sent."""
        attempt = Attempt(self.next_tag(job), job.number, now(), None, "intended", cap, calibration)
        self._write(
            "INSERT INTO attempts (tag, job, written, state, cap, calibration)"
            " VALUES (?, ?, ?, 'intended', ?, ?)",
            *(attempt.tag, job.number, attempt.written, cap, calibration),
        )
        return attempt

    def submitted(self, tag: str, job_id: str) -> None:
        """Store the id of a submitted job."""
        self._write("UPDATE attempts SET id = ?, state = 'submitted' WHERE tag = ?", job_id, tag)

    def adopt(self, job: Job, tag: str, job_id: str, cap: int | None) -> None:
        """Store that a planned job waits for this one at the service, whoever sent it.

        Args:
            job: The planned job.
            tag: The submission that it belongs to, perhaps one of a copy of this run.
            job_id: The job's name at the service.
            cap: What it may be billed where this ledger did not send it.
        """
        with self._transaction() as database:
            database.execute("DELETE FROM surplus WHERE id = ?", (job_id,))
            database.execute(
                "INSERT INTO attempts (tag, job, written, state, cap) VALUES (?, ?, ?, 'intended',"
                " ?) ON CONFLICT (tag) DO UPDATE SET seconds = NULL, message = NULL",
                (tag, job.number, now(), cap),
            )
            database.execute(
                "UPDATE attempts SET id = ?, state = 'submitted' WHERE tag = ?", (job_id, tag)
            )

    def add_surplus(self, tag: str, job_id: str, cancelled: bool, seconds: float | None) -> None:
        """Note a second job under the same intent."""
        self._write("REPLACE INTO surplus VALUES (?, ?, ?, ?)", job_id, tag, cancelled, seconds)

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
        self._write(
            "UPDATE attempts SET state = ?, seconds = ?, message = ?, id = coalesce(?, id)"
            " WHERE tag = ? AND state <> 'done'",
            *(state, seconds, message, job_id, tag),
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
        self._write("UPDATE attempts SET seconds = ? WHERE tag = ?", seconds, tag)

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
        self._write(
            "UPDATE sessions SET id = coalesce(?, id), seconds = coalesce(?, seconds),"
            " ended = ? WHERE number = ?",
            *(session_id, seconds, ended, number),
        )

    @property
    def budget_s(self) -> float | None:
        """The quantum seconds, or the money, that the run may use; None: there is no limit."""
        found = self.fact("budget_s")
        if found is None:
            return None
        number = isinstance(found, int | float) and not isinstance(found, bool)
        if not (number and math.isfinite(found) and found > 0):
            raise InputError(
                f"{self.path}: the ledger is damaged: budget_s: expected a number > 0, "
                f"got {found!r}; qnnq resume {self.folder} --budget AMOUNT sets it"
            )
        return float(found)

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

"""What the ledger says about jobs, their submissions, and sessions."""

import datetime
from dataclasses import dataclass

ATTEMPT_STATES = (
    *("intended", "submitted", "done", "failed", "capped", "cancelled"),
    *("refused", "unanswered", "superseded", "abandoned", "lost"),
)


def now() -> str:
    """Return the time, ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Job:
    """One planned job of a layer, in a round of shots; `done` once its bits are stored."""

    number: int
    round: int
    layer: int
    part: int
    sets: int
    shots: int
    slots: int
    done: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of its bits: (parameter sets, shots, slots)."""
        return self.sets, self.shots, self.slots

    @property
    def name(self) -> str:
        """What it is called on the command line, such as `2.1`: layer and part, from 1.

        After the first round of shots that one comes first, such as `3.2.1`.
        """
        shots = f"{self.round + 1}." if self.round else ""
        return f"{shots}{self.layer + 1}.{self.part + 1}"


@dataclass(frozen=True)
class Attempt:
    """One submission of a job, and of nothing else: it is sent at most once.

    Attributes:
        tag: What the job carries at the service.
        job: Number of the job.
        written: When it was written, which is before it is sent.
        id: The service's name for the job, None if not known.
        state: `intended` (written, perhaps sent), `submitted`, `done`, `failed`, `capped` (stopped
            by its cap), `cancelled` (by the user), `refused`, `unanswered` (perhaps accepted, but
            not found), `superseded` (another job was adopted), `abandoned` (submitted again by the
            user) or `lost` (with the process that ran it).
        cap: Quantum seconds after which the service stops it.
        calibration: Time of the device's calibration data when it was sent.
        started: When it began to run.
        seconds: What is billed for it, None if that is not known yet.
        message: Why it ended so.
    """

    tag: str
    job: int
    written: str
    id: str | None
    state: str
    cap: int | None = None
    calibration: str | None = None
    started: str | None = None
    seconds: float | None = None
    message: str | None = None

    @property
    def under_way(self) -> bool:
        """Whether it may still get a result."""
        return self.state in ("intended", "submitted")

    @property
    def is_billed_later(self) -> bool:
        """Whether it has ended, and what it is billed is not known yet."""
        over = self.state in ("done", "failed", "capped", "cancelled", "superseded", "abandoned")
        return over and self.id is not None and self.seconds is None


@dataclass(frozen=True)
class SessionRecord:
    """A session or batch: `id` is None where the answer to its opening got lost.

    `most` is the time after which the service closes it, `seconds` what it was billed, if known.
    """

    number: int
    id: str | None
    most: int | None
    seconds: float | None
    ended: bool

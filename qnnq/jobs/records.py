"""What the ledger says about jobs and their submissions."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """One planned job of a layer; `done` once its bits are stored."""

    number: int
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


@dataclass(frozen=True)
class Attempt:
    """One submission of a job.

    `state` is `intended` (written, the id not known), `submitted`, `done`, `failed`, `cancelled`
    (by the user) or `lost` (with the process that ran it).
    """

    tag: str
    job: int
    written: str
    id: str | None
    state: str
    seconds: float | None
    message: str | None


def now() -> str:
    """Return the time, ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")

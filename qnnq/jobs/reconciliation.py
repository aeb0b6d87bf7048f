"""The service's record of a job against the ledger's: a state machine without input or output.

What is planned once may be known to the service several times: an answer got lost and the job was
sent again, a proxy doubled the request, a copy of the run folder sent it as well, or it was taken
behind a refusal. All of these carry the digest of what they run, so each can stand for the planned
job. Which one does, follows from the service's record alone, so that two copies of a folder choose
the same one: one that is done before one that may still be, then the one that was created first by
the service's clock, then the smaller id. The first in that order is never cancelled, and what comes
after it is only where it is listed: whoever loses a job that way finds a better one in the list.

The transitions of a planned job, and of each job at the service that stands for it:

`Adopt`
    It has no result and the best record is not the one that it waits for: from here on it is,
    whatever the ledger thought of it before.
`Supersede`
    A submission waits, and one of another tag is adopted: it came to nothing.
`Drop`
    A job is alive and a better one is there: it is cancelled, and counts as far as it is billed.
`Note`
    A job that is too many is over, or it is the last one: it counts as far as it is billed.
`Stop`
    A job is alive and the user cancelled the run: it is cancelled like the others.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qnnq.jobs.records import Attempt
from qnnq.jobs.service import JobView

ALIVE = ("queued", "running")
OVER = ("done", "failed", "cancelled")
"""States of a job that changes no more."""


@dataclass(frozen=True)
class Supersede:
    """The submission `tag` came to nothing, since another one was adopted."""

    tag: str


@dataclass(frozen=True)
class _AtService:
    """What happens to job `id` at the service, whose submission is called `tag`."""

    tag: str
    id: str


class Adopt(_AtService):
    """The planned job waits for it."""


class Drop(_AtService):
    """The job is too many, and is cancelled."""


class Note(_AtService):
    """The job is too many, and is left as it is."""


class Stop(_AtService):
    """The job is cancelled with its run."""


Transition = Adopt | Supersede | Drop | Note | Stop


@dataclass(frozen=True)
class Planned:
    """What the ledger says about a planned job.

    Attributes:
        done: Whether its result is stored.
        prefix: How the tags of its submissions begin, those of a copy of the run too.
        digest: Of program and parameters.
        attempts: Its submissions, oldest first.
        counted: Ids of jobs that were found to be too many before.
    """

    done: bool
    prefix: str
    digest: str
    attempts: Sequence[Attempt]
    counted: Collection[str] = ()

    def records(self, views: Sequence[JobView]) -> list[JobView]:
        """Return what the service has of this job, the best first.

        A copy of the run may have measured other outcomes in the layer before: its job of the same
        tag is another one, as the digest says, and is not ours to touch.
        """
        own = [
            view
            for view in views
            if self.tag_of(view) is not None and view.digest in (None, self.digest)
        ]
        return sorted(own, key=lambda view: (view.status != "done", view.created or "", view.id))

    def usable(self, views: Sequence[JobView]) -> list[JobView]:
        """Return the records that may give the result; not those that the user gave up."""
        given_up = {attempt.id for attempt in self.attempts if attempt.state == "abandoned"}
        return [
            view
            for view in self.records(views)
            if view.status in (*ALIVE, "done") and view.id not in given_up
        ]

    def tag_of(self, view: JobView) -> str | None:
        """Return the tag of the submission that a record belongs to, None if it is not ours."""
        return next((tag for tag in view.tags if tag.startswith(self.prefix)), None)


def settle(
    planned: Planned, views: Sequence[JobView], *, stopped: bool = False
) -> list[Transition]:
    """Return what has to happen to a planned job and to all that stands for it at the service.

    Args:
        planned: What the ledger says.
        views: What the service lists of the run.
        stopped: Whether the user cancelled the run.
    """
    usable = planned.usable(views)
    best = usable[0] if usable else None
    known = {attempt.id for attempt in planned.attempts} | set(planned.counted)
    found: list[Transition] = []
    if best is not None and not planned.done and not (stopped and best.status in ALIVE):
        found += _adopt(planned, best)
        known.add(best.id)
    for view in planned.records(views):
        tag = str(planned.tag_of(view))
        if view.status in ALIVE and stopped:
            found.append(Stop(tag, view.id))
        elif view.status in ALIVE and best is not None and view.id != best.id:
            found.append(Drop(tag, view.id))
        elif view.id not in known:
            found.append(Note(tag, view.id))
    return found


def _adopt(planned: Planned, best: JobView) -> list[Transition]:
    tag = str(planned.tag_of(best))
    waiting = [attempt for attempt in planned.attempts if attempt.under_way]
    if any(attempt.id == best.id for attempt in waiting):
        return []
    others = [Supersede(attempt.tag) for attempt in waiting if attempt.tag != tag]
    return [Adopt(tag, best.id), *others]

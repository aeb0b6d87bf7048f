"""What the service's answers have to say: one schema an endpoint.

What an answer must have to be of use is required, and without it there was no answer. What may be
unknown is None, also where it makes no sense: bills are finite and not negative, or not known.
"""

import math
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from qnnq.jobs.service import Unanswered

RAN_TOO_LONG = 1305
"""The service's code for a job that was stopped by its `max_execution_time`."""


def _bill(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) and value >= 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


Bill = Annotated[float | None, BeforeValidator(_bill)]
Text = Annotated[str | None, BeforeValidator(_text)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
Name = Annotated[str, Field(min_length=1)]


class Answer(BaseModel):
    """The body of an answer."""

    model_config = ConfigDict(strict=True, frozen=True)


class JobState(Answer):
    """How far a job has come."""

    status: Name
    reason: Text = None
    reason_code: Whole = Field(default=None, alias="reasonCode")


class JobAnswer(Answer):
    """`GET /jobs/ID`, and one of `GET /jobs`."""

    id: Name
    state: JobState
    created: Text = None
    tags: list[str] | None = None


class JobsAnswer(Answer):
    """`GET /jobs`."""

    jobs: list[JobAnswer]


class Timestamps(Answer):
    """When a job began to run."""

    running: Text = None


class Usage(Answer):
    """What a job is billed."""

    status: Text = None
    qpu_charge_time_seconds: Bill = None


class MetricsAnswer(Answer):
    """`GET /jobs/ID/metrics`."""

    timestamps: Timestamps | None = None
    usage: Usage | None = None
    position_in_queue: Whole = None


class SessionAnswer(Answer):
    """`GET /sessions/ID`, as the client passes it on."""

    state: Name
    accepting_jobs: bool
    usage_time: Bill = None


class PlanAnswer(Answer):
    """`GET /instances/usage`, as the client passes it on."""

    usage_remaining_seconds: Bill = None
    usage_limit_reached: bool | None = None


A = TypeVar("A", bound=Answer)


def read_answer(schema: type[A], body: object) -> A:
    """Return what an answer says.

    Raises:
        Unanswered: If it does not say it.
    """
    try:
        return schema.model_validate(body)
    except ValidationError as error:
        (first, *_) = error.errors()
        place = ".".join(map(str, first["loc"])) or "the body"
        raise Unanswered(
            f"IBM Quantum: {schema.__name__}: {place}: {first['msg']}, got "
            f"{str(first['input'])[:80]!r}"
        ) from error


def read_name(value: object) -> str:
    """Return the name that the service gave to what it accepted.

    Raises:
        Unanswered: If it gave none.
    """
    if not isinstance(value, str) or not value:
        raise Unanswered(f"IBM Quantum: accepted, but without a name: {str(value)[:80]!r}")
    return value

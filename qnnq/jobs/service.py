"""What the runtime engine needs of a service, whether a machine is behind it or a simulator."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from qnnq.errors import QnnqError
from qnnq.jobs.scheduler_timing import SchedulerTiming, timing_of

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

JobStatus = Literal["queued", "running", "done", "failed", "cancelled", "lost", "gone"]
DIGEST = "qnnq-of-"
"""How the tag begins that says what a job runs; with the digest it has 24 characters."""


class Unanswered(QnnqError):
    """A request got no usable answer; whether the service acted on it is not known."""


class NotAccepted(Unanswered):
    """A job was not accepted, for certain, and may be another time."""


class Missing(QnnqError):
    """The service does not know what was asked for."""


@dataclass(frozen=True)
class JobView:
    """What the service says about a job.

    Attributes:
        id: The service's name for it.
        status: `lost` where the service does not know it any more, which may have run and be
            billed; `gone` with the process that ran it, at no cost.
        position: Place in the queue, where the service says so.
        seconds: Quantum seconds that are billed for it, None if that is not known.
        message: Why it failed.
        started: When it began to run, ISO 8601, where that is known.
        tags: What it carries.
        created: When the service accepted it, ISO 8601, where that is known.
        capped: Whether it failed since it ran longer than it was allowed to.
        until: When it will be done, by the clock, where that is foretold.
    """

    id: str
    status: JobStatus
    position: int | None = None
    seconds: float | None = None
    message: str | None = None
    started: str | None = None
    tags: tuple[str, ...] = ()
    created: str | None = None
    capped: bool = False
    until: str | None = None

    @property
    def digest(self) -> str | None:
        """The digest of what it runs, None if it carries none."""
        found = (tag.removeprefix(DIGEST) for tag in self.tags if tag.startswith(DIGEST))
        return next(found, None)


@dataclass(frozen=True, eq=False)
class Submission:
    """A job that is sent.

    Attributes:
        circuit: The ISA circuit.
        angles: Shape (parameter sets, slots), radians.
        shots: Shots of each parameter set.
        tags: What the job can be found by.
        number: The job's number in its run, which seeds a simulator.
        max_execution_s: Quantum seconds after which it is to be cancelled, or None.
    """

    circuit: "QuantumCircuit"
    angles: NDArray[np.float64]
    shots: int
    tags: tuple[str, ...]
    number: int = 0
    max_execution_s: int | None = None


@dataclass(frozen=True)
class JobResult:
    """What a finished job has measured.

    Attributes:
        bits: Shape (parameter sets, shots, slots).
        timing: The schedule of its circuit, where it was asked for and the service returned it.
    """

    bits: NDArray[np.uint8]
    timing: SchedulerTiming | None = None


@dataclass(frozen=True)
class PlanUsage:
    """What is left of an instance's plan.

    Attributes:
        left_s: Quantum seconds that are left, None where the service does not say.
        used_up: Whether jobs wait until there are more.
    """

    left_s: float | None
    used_up: bool


class Service(Protocol):
    """Where jobs go.

    Attributes:
        finds_jobs: Whether jobs outlive the process that sent them, and `find` lists them by their
            tags for any other.
    """

    finds_jobs: bool

    def submit(self, sent: Submission) -> str:
        """Submit one job, at most once, and return its id.

        Raises:
            NotAccepted: If the service did not accept it, for now.
            Unanswered: If it may have.
            QnnqError: If it refuses it.
        """
        ...

    def find(self, tag: str) -> list[JobView]:
        """Return the jobs that carry a tag, as far as the service lists them already."""
        ...

    def view(self, job_id: str) -> JobView:
        """Return the state of a job, by its id, or by its tag where it got none."""
        ...

    def result(self, job_id: str, shape: tuple[int, int, int]) -> JobResult:
        """Return the result of a finished job, its bits of shape (parameter sets, shots, slots).

        Raises:
            Missing: If the service does not have them any more.
        """
        ...

    def cancel(self, job_id: str) -> bool:
        """Cancel a job; False where it had ended before."""
        ...

    def plan_usage(self) -> PlanUsage | None:
        """Return what is left of the instance's plan, None where nothing is billed."""
        return None

    def calibration(self) -> str | None:
        """Return the time of the device's calibration data now, ISO 8601, None if not known."""
        ...

    def settle_sessions(self) -> None:
        """Bring what is known of sessions up to date; there may be none."""
        return None

    def close(self) -> None:
        """Tell the service that no more jobs will come."""
        return None


def result_of(result: object, shape: tuple[int, int, int]) -> JobResult:
    """Return what a sampler's result says, the bits (parameter sets, shots, slots) by layer.

    Raises:
        ValueError: If the result is damaged or of another shape.
    """
    from transpile import OUTCOME

    try:
        data = result[0].data  # type: ignore[index]
        names = [name for name in data if name.startswith(OUTCOME)]
        # a circuit of one layer has no numbers
        layers = sorted(names, key=lambda name: int(name.removeprefix(OUTCOME) or 0))
        found = [data[name].to_bool_array(order="little") for name in layers]
        bits = np.concatenate(found, axis=-1)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"expected registers `{OUTCOME}`, got {type(result).__name__} ({error})"
        ) from error
    sets, shots, slots = shape
    # Twirling may run a few shots more than were asked for.
    if bits.shape[0] != sets or bits.shape[1] < shots or bits.shape[2] != slots:
        raise ValueError(f"expected bits of shape {shape}, got {bits.shape}")
    return JobResult(bits[:, :shots].astype(np.uint8), timing_of(result))

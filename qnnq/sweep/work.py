"""What a pool of workers does: batches of tasks in, results or failures out."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from qnnq.devices.device import DEFAULT_DEVICE, Device, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.results.encoding import Row, encode
from qnnq.runs.planned_run import RunIdentity
from qnnq.runs.prepared_run import PreparedRun
from qnnq.runs.request import RunRequest
from qnnq.runs.run import plan
from qnnq.sweep.points import REFUSALS

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)
_LONGEST_BATCH_S = 1.0


@dataclass(frozen=True)
class WorkItem:
    """One task: a run, of which it takes some images and a seed of its own.

    Attributes:
        request: The run.
        images: Those of the task.
        seed: Its seed.
        identity: What it is known by before it is compiled.
        stored: The task that another compiler made of it, whose result is stored, or None.
    """

    request: RunRequest
    images: str
    seed: int
    identity: str
    stored: str | None = None


@dataclass(frozen=True)
class Batch:
    """Tasks that go to a worker in one message, and how many threads each may use."""

    items: tuple[WorkItem, ...]
    threads: int


@dataclass(frozen=True)
class Failure:
    """Why a task has no result: one line; `whole`: nor has any other of its run."""

    message: str
    whole: bool = False


@dataclass(frozen=True)
class Same:
    """A task that is the stored one."""

    task_id: str


@dataclass(frozen=True)
class Lost:
    """Why a worker gave no answer about a batch, which another try may mend."""

    message: str


@dataclass(frozen=True)
class Done:
    """The outcomes of the first tasks of a batch, in order, and how long they took."""

    outcomes: list[Row | Same | Failure]
    seconds: float


class Pool(Protocol):
    """Workers that run batches of tasks."""

    def free(self) -> bool:
        """Whether a batch can be submitted without waiting."""
        ...

    def busy(self) -> bool:
        """Whether any batch is being worked on."""
        ...

    def submit(self, batch: Batch) -> None:
        """Start a batch."""
        ...

    def wait(self) -> list[tuple[Batch, Done | Lost]]:
        """Wait until batches have ended, or are late, or there is something to say."""
        ...

    def close(self) -> None:
        """End all workers now."""
        ...


def warm_up(find: Callable[[DeviceLike], Device]) -> None:
    """Import what most tasks need, which takes longer than they do."""
    from qnnq.deployments import stepwise  # noqa: F401

    find(DEFAULT_DEVICE)


def perform(batch: Batch, find: Callable[[DeviceLike], Device] = resolve_device) -> Done:
    """Run tasks in a worker for about a second, the first of them in any case.

    Args:
        batch: What to do. Tasks of one request share all that is compiled for it.
        find: Returns the device of a name.
    """
    started = time.perf_counter()
    outcomes: list[Row | Same | Failure] = []
    request, run = None, _Run(find)
    for item in batch.items:
        if outcomes and time.perf_counter() - started > _LONGEST_BATCH_S:
            break
        if item.request is not request:
            request, run = item.request, _Run(find)
        outcomes.append(run.outcome(item, batch.threads))
    return Done(outcomes, time.perf_counter() - started)


class _Run:
    """A run of whose tasks some are done, all that they share once."""

    def __init__(self, find: Callable[[DeviceLike], Device]) -> None:
        self._find = find
        self._run: tuple[RunIdentity, PreparedRun] | Failure | None = None

    def outcome(self, item: WorkItem, threads: int) -> Row | Same | Failure:
        """Return what a task gives; whatever it raises must not end its worker."""
        if self._run is None:
            self._run = self._prepared(item)
        if isinstance(self._run, Failure):
            return self._run
        identity, prepared = self._run
        if identity.part(item.images, item.seed) != item.identity:
            return Failure(
                "the worker has another version of the network, the data, the calibration or qnnq"
            )
        try:
            return _outcome(prepared, item, threads)
        except Exception as error:
            return _failure(error)

    def _prepared(self, item: WorkItem) -> tuple[RunIdentity, PreparedRun] | Failure:
        try:
            planned = plan(item.request, self._find)
            return planned.identity(), planned.compiled()
        except Exception as error:
            return _failure(error, whole=True)


def _failure(error: Exception, whole: bool = False) -> Failure:
    text = " ".join(str(error).split())
    known = isinstance(error, REFUSALS)
    return Failure(text if known else f"{type(error).__name__}: {text}", whole)


def _outcome(prepared: PreparedRun, item: WorkItem, threads: int) -> Row | Same:
    part = prepared.part(item.images, item.seed)
    if part.task.id == item.stored:
        return Same(part.task.id)
    return encode(part.execute(threads=threads, with_error=False))


def thread_limits(workers: int) -> Mapping[str, str]:
    """Return environment variables that share this machine's cores between `workers` processes."""
    share = str(max(1, available_cores() // workers))
    return {**dict.fromkeys(THREAD_VARIABLES, share), "QISKIT_PARALLEL": "FALSE"}


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""What a pool of workers does: batches of tasks in, results or failures out."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from qnnq.devices.device import DEFAULT_DEVICE, Device, DeviceLike
from qnnq.devices.names import resolve_device
from qnnq.results.encoding import Row, encode
from qnnq.runs.prepared_run import PreparedRun
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

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
    """One task: a run, of which it takes some images and a seed of its own, and its content id."""

    request: RunRequest
    images: str
    seed: int
    task_id: str


@dataclass(frozen=True)
class Batch:
    """Tasks that go to a worker in one message, and how many threads each may use."""

    items: tuple[WorkItem, ...]
    threads: int


@dataclass(frozen=True)
class Failure:
    """Why a task has no result: one line."""

    message: str


@dataclass(frozen=True)
class Lost:
    """Why a worker gave no answer about a batch, which another try may mend."""

    message: str


@dataclass(frozen=True)
class Done:
    """The outcomes of the first tasks of a batch, in order, and how long they took."""

    outcomes: list[Row | Failure]
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
    outcomes: list[Row | Failure] = []
    request, prepared = None, None
    for item in batch.items:
        if outcomes and time.perf_counter() - started > _LONGEST_BATCH_S:
            break
        try:
            if prepared is None or item.request is not request:
                request, prepared = item.request, prepare(item.request, find)
            outcomes.append(_outcome(prepared, item, batch.threads))
        except Exception as error:  # whatever a task raises must not end its worker
            text = " ".join(str(error).split())
            known = type(error).__module__.startswith("qnnq")
            outcomes.append(Failure(text if known else f"{type(error).__name__}: {text}"))
    return Done(outcomes, time.perf_counter() - started)


def _outcome(prepared: PreparedRun, item: WorkItem, threads: int) -> Row | Failure:
    part = prepared.part(item.images, item.seed)
    if part.task.id != item.task_id:
        return Failure(
            "the worker has another version of the network, the data, the calibration or qnnq"
        )
    return encode(part.execute(threads=threads, with_error=False))


def thread_limits(workers: int) -> Mapping[str, str]:
    """Return environment variables that share this machine's cores between `workers` processes."""
    share = str(max(1, available_cores() // workers))
    return {**dict.fromkeys(THREAD_VARIABLES, share), "QISKIT_PARALLEL": "FALSE"}


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

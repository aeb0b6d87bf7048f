"""What a pool of workers does: tasks in, results or failures out."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from qnnq.devices.device import Device
from qnnq.devices.names import resolve_device
from qnnq.execution.request import RunRequest
from qnnq.execution.run import prepare
from qnnq.results.result import RunResult

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)


@dataclass(frozen=True)
class WorkItem:
    """One piece of work: a run, its content id, and how many threads it may use."""

    request: RunRequest
    task_id: str
    threads: int = 1


@dataclass(frozen=True)
class Failure:
    """Why a task has no result: one line; `lost` when its worker died, which a retry may mend."""

    message: str
    lost: bool = False


class Pool(Protocol):
    """Workers that run tasks."""

    def free(self) -> bool:
        """Whether a task can be submitted without waiting."""
        ...

    def busy(self) -> bool:
        """Whether any task is being worked on."""
        ...

    def submit(self, task: WorkItem) -> None:
        """Start a task."""
        ...

    def wait(self) -> list[tuple[WorkItem, RunResult | Failure]]:
        """Wait until at least one task has ended."""
        ...

    def close(self) -> None:
        """End all workers now."""
        ...


def perform(task: WorkItem, find: Callable[[str], Device] = resolve_device) -> RunResult | Failure:
    """Run a task in a worker; failures come back as one line.

    Args:
        task: What to do.
        find: Returns the device of a name.
    """
    try:
        prepared = prepare(task.request, find)
        if prepared.task.id != task.task_id:
            return Failure(
                "the worker has another version of the network, the data, the calibration or qnnq"
            )
        return prepared.execute(threads=task.threads, with_error=False)
    except Exception as error:  # whatever a task raises must not end its worker
        text = " ".join(str(error).split())
        return Failure(
            text if type(error).__module__.startswith("qnnq") else f"{type(error).__name__}: {text}"
        )


def thread_limits(workers: int) -> Mapping[str, str]:
    """Return environment variables that share this machine's cores between `workers` processes."""
    share = str(max(1, available_cores() // workers))
    return {**dict.fromkeys(THREAD_VARIABLES, share), "QISKIT_PARALLEL": "FALSE"}


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

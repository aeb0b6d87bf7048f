"""Workers as processes of this machine.

Each worker has its own pipe, so that when one dies it is known which batch it was working on.
"""

import contextlib
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from qnnq.devices.names import resolve_device
from qnnq.sweep.signals import interrupts_held
from qnnq.sweep.work import Batch, Done, Lost, perform, thread_limits, warm_up
from qnnq.wording import note

CONTEXT: BaseContext = multiprocessing.get_context("spawn")


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    batch: Batch | None = None
    since: float = 0.0


class ProcessPool:
    """A `qnnq.sweep.work.Pool` of processes, each spawned when there is work for it.

    A worker that died, or that has not answered for `timeout_s`, is replaced.
    """

    def __init__(self, workers: int, timeout_s: float | None = None) -> None:
        self._timeout_s = timeout_s
        self._limits = thread_limits(workers)
        self._most = workers
        self._workers: list[_Worker] = []

    def warm_up(self) -> None:
        """Start the first worker, so that it imports what tasks need while there is none yet."""
        self._workers.append(self._start(warm=True))

    def free(self) -> bool:
        """Whether a batch can be submitted without waiting."""
        return len(self._workers) < self._most or any(w.batch is None for w in self._workers)

    def busy(self) -> bool:
        """Whether any batch is being worked on."""
        return any(worker.batch is not None for worker in self._workers)

    def submit(self, batch: Batch) -> None:
        """Start a batch."""
        worker = next((worker for worker in self._workers if worker.batch is None), None)
        if worker is None:
            worker = self._start()
            self._workers.append(worker)
        worker.batch, worker.since = batch, time.monotonic()
        with contextlib.suppress(OSError):  # it died while idle: `wait` will find out
            worker.pipe.send(batch)

    def wait(self) -> list[tuple[Batch, Done | Lost]]:
        """Wait until batches have ended, or are late, or there is something to say."""
        busy = {worker.pipe: worker for worker in self._workers if worker.batch is not None}
        answered = wait(list(busy), self._patience())
        ended: list[tuple[Batch, Done | Lost]] = []
        for pipe in answered:
            worker = busy[pipe]  # type: ignore[index]
            batch, worker.batch = worker.batch, None
            assert batch is not None
            try:
                ended.append((batch, worker.pipe.recv()))
            except (EOFError, OSError):
                ended.append((batch, self._replace(worker)))
        for worker in busy.values():
            if worker.batch is not None and self._late(worker):
                worker.process.kill()
                self._replace(worker)
                ended.append((worker.batch, Lost(f"took longer than {self._timeout_s:g} s")))
        return ended

    def _patience(self) -> float | None:
        """Return how many seconds are left until the first batch is late."""
        if self._timeout_s is None:
            return None
        first = min(worker.since for worker in self._workers if worker.batch is not None)
        return max(0.0, first + self._timeout_s - time.monotonic())

    def _late(self, worker: _Worker) -> bool:
        return self._timeout_s is not None and time.monotonic() - worker.since >= self._timeout_s

    def close(self) -> None:
        """End all workers now."""
        for worker in self._workers:
            worker.process.kill()
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join()

    def _replace(self, worker: _Worker) -> Lost:
        worker.pipe.close()
        worker.process.join()
        code = worker.process.exitcode or 0
        reason = (
            f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        )
        self._workers[self._workers.index(worker)] = self._start()
        return Lost(f"its worker process {reason}")

    def _start(self, warm: bool = False) -> _Worker:
        here, there = multiprocessing.Pipe()
        process = CONTEXT.Process(  # type: ignore[attr-defined]
            target=_work, args=(there, warm), daemon=True
        )
        with _inherited(self._limits):
            process.start()
        there.close()
        return _Worker(process, here)


@contextlib.contextmanager
def _inherited(variables: Mapping[str, str]) -> Iterator[None]:
    """Give processes that are started meanwhile these variables, and Ctrl-C blocked.

    Ctrl-C in a terminal goes to all of them, but it is for the parent, which then ends them.
    """
    resource_tracker.ensure_running()  # else the first start would do it, and unblock the signal
    saved = os.environ.copy()
    os.environ.update(variables)
    try:
        with interrupts_held():
            yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


def _work(pipe: Connection, warm: bool) -> None:
    """Run batches until the pipe's other end is gone, as it is when the parent was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # blocked so far, see `_inherited`
    warnings.showwarning = note  # type: ignore[assignment]
    parent = multiprocessing.parent_process()
    assert parent is not None
    find = cache(resolve_device)  # the tasks of a sweep see one calibration
    if warm:
        warm_up(find)
    with contextlib.suppress(EOFError, OSError):
        while parent.is_alive():
            pipe.send(perform(pipe.recv(), find))

"""Workers of a Dask cluster, behind the same interface as processes."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from qnnq.errors import InputError, QnnqError
from qnnq.sweep.work import Batch, Done, Lost, perform

_CONNECT_TIMEOUT_S = 10
_NO_WORKERS_S = 10
"""Seconds without workers after which that is said, and again after twice as many."""
_LOOK_S = 1
_BATCHES_PER_THREAD = 2
_GONE = "--dask: the scheduler is gone; the same command goes on from what is stored"


class DaskPool:
    """A `qnnq.sweep.work.Pool` on the cluster of a running Dask scheduler.

    The workers need the same version of qnnq, and the network and data files under the same
    paths; a worker that has others is found out by the task's id. A batch that has not ended for
    `timeout_s` is given up, and its worker gets no other. Raises `InputError` where `distributed`
    is missing or no scheduler answers.
    """

    def __init__(self, address: str, timeout_s: float | None, say: Callable[[str], None]) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise InputError("--dask: expected qnnq[cluster] to be installed") from error
        for name in ("distributed", "distributed.client"):  # what it logs is raised as well
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._client = Client(address, timeout=_CONNECT_TIMEOUT_S)
        except (OSError, ValueError) as error:
            raise InputError(f"--dask {address}: no Dask scheduler answers there") from error
        self._timeout_s, self._say = timeout_s, say
        self._batches: dict[Any, tuple[Batch, float]] = {}
        self._stuck: set[str] = set()
        self._seen = time.monotonic()
        self._patience_s = _NO_WORKERS_S

    def free(self) -> bool:
        """Whether a batch can be submitted; each thread of the cluster gets one ahead."""
        return len(self._batches) < max(1, _BATCHES_PER_THREAD * sum(self._threads().values()))

    def busy(self) -> bool:
        """Whether any batch is being worked on."""
        return bool(self._batches)

    def submit(self, batch: Batch) -> None:
        """Start a batch."""
        well = [worker for worker in self._threads() if worker not in self._stuck]
        only = {"workers": well} if self._stuck and well else {}
        future = self._client.submit(perform, batch, pure=False, retries=0, **only)
        if not self._batches:
            self._seen = time.monotonic()
        self._batches[future] = batch, time.monotonic()

    def wait(self) -> list[tuple[Batch, Done | Lost]]:
        """Wait until batches have ended, or are late, or there is something to say."""
        from distributed import CancelledError, wait

        try:
            ended = wait([*self._batches], timeout=_LOOK_S, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            self._look_for_workers()
            return list(self._late())
        except (OSError, CancelledError) as error:
            raise QnnqError(_GONE) from error
        return list(self._ended(ended))

    def _threads(self) -> dict[str, int]:
        """Return the workers that there are, and how many threads each has."""
        try:
            return dict(self._client.nthreads())
        except OSError as error:
            raise QnnqError(_GONE) from error

    def _ended(self, futures: Iterable[Any]) -> Iterator[tuple[Batch, Done | Lost]]:
        from distributed import CancelledError

        for future in futures:
            if future.status in ("pending", "lost"):
                continue  # a worker died with the result before it was fetched: it is done again
            batch, _ = self._batches.pop(future)
            try:
                outcome: Done | Lost = future.result()
            except (OSError, CancelledError) as error:
                raise QnnqError(_GONE) from error
            except Exception as error:  # of Dask: `perform` raises none
                outcome = Lost(f"its Dask worker died: {error}")
            yield batch, outcome
            future.release()

    def _look_for_workers(self) -> None:
        """Say that there are none, after a while and again; time without any makes none late."""
        now = time.monotonic()
        if self._threads():
            self._seen, self._patience_s = now, _NO_WORKERS_S
            return
        self._batches = {future: (batch, now) for future, (batch, _) in self._batches.items()}
        waited = now - self._seen
        if self._timeout_s is not None and waited >= self._timeout_s:
            raise QnnqError(
                f"--dask: no workers for {waited:.0f} s; the same command goes on from what is "
                "stored"
            )
        if waited >= self._patience_s:
            self._say(f"--dask: no workers for {waited:.0f} s; waiting for some")
            self._patience_s *= 2

    def _late(self) -> Iterator[tuple[Batch, Lost]]:
        """Give up batches whose time is over, the one ahead of each in its thread included."""
        if self._timeout_s is None:
            return
        latest = time.monotonic() - _BATCHES_PER_THREAD * self._timeout_s
        late = [future for future, (_, since) in self._batches.items() if since <= latest]
        if late:
            keys = {future.key for future in late}
            working = self._client.processing()
            self._stuck |= {worker for worker, held in working.items() if keys.intersection(held)}
        for future in late:
            batch, _ = self._batches.pop(future)
            future.cancel()
            yield batch, Lost(f"took longer than {self._timeout_s:g} s")

    def close(self) -> None:
        """End all workers now; the cluster itself goes on."""
        self._client.close()

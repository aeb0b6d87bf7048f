"""Workers of a Dask cluster, behind the same interface as processes."""

import logging
from collections.abc import Iterator
from typing import Any

from qnnq.errors import InputError, QnnqError
from qnnq.sweep.work import Batch, Done, Lost, perform

_CONNECT_TIMEOUT_S = 10
_BATCHES_PER_THREAD = 2
_GONE = "--dask: the scheduler is gone; the same command goes on from what is stored"


class DaskPool:
    """A `qnnq.sweep.work.Pool` on the cluster of a running Dask scheduler.

    The workers need the same version of qnnq, and the network and data files under the same
    paths; a worker that has others is found out by the task's id. Raises `InputError` where
    `distributed` is missing or no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client, as_completed
        except ImportError as error:
            raise InputError("--dask: expected qnnq[cluster] to be installed") from error
        for name in ("distributed", "distributed.client"):  # what it logs is raised as well
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._client = Client(address, timeout=_CONNECT_TIMEOUT_S)
        except (OSError, ValueError) as error:
            raise InputError(f"--dask {address}: no Dask scheduler answers there") from error
        self._batches: dict[str, Batch] = {}
        self._completed = as_completed()

    def free(self) -> bool:
        """See `Pool`; each thread of the cluster gets a batch ahead."""
        try:
            threads = sum(self._client.nthreads().values())
        except OSError as error:
            raise QnnqError(_GONE) from error
        return len(self._batches) < max(1, _BATCHES_PER_THREAD * int(threads))

    def busy(self) -> bool:
        """See `Pool`."""
        return bool(self._batches)

    def submit(self, batch: Batch) -> None:
        """See `Pool`."""
        future = self._client.submit(perform, batch, pure=False, retries=0)
        self._batches[future.key] = batch
        self._completed.add(future)

    def wait(self) -> list[tuple[Batch, Done | Lost]]:
        """See `Pool`."""
        try:
            return list(self._ended(self._completed.next_batch()))
        except OSError as error:
            raise QnnqError(_GONE) from error

    def _ended(self, futures: list[Any]) -> Iterator[tuple[Batch, Done | Lost]]:
        for future in futures:
            batch = self._batches.pop(future.key)
            if future.status == "finished":
                yield batch, future.result()
            elif future.status == "error":
                yield batch, Lost(f"its Dask worker died: {future.exception()}")
            else:
                raise QnnqError(_GONE)
            future.release()

    def close(self) -> None:
        """See `Pool`; the cluster itself goes on."""
        self._client.close()

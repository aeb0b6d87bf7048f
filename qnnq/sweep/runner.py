"""A whole sweep: file in, results file out."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from qnnq.errors import QnnqError
from qnnq.results.file import Store
from qnnq.storage.files import read_text
from qnnq.sweep.file import parse_sweep
from qnnq.sweep.points import count_tasks, crossed, expand
from qnnq.sweep.references import store_unsampled
from qnnq.sweep.schedule import Schedule, Tally
from qnnq.sweep.work import Pool, available_cores


def run_sweep(
    path: str | Path,
    results: str | Path,
    *,
    workers: int | None = None,
    dask: str | None = None,
    retry: bool = False,
    retries: int = 1,
    timeout_s: float | None = None,
    tally: Tally | None = None,
    observe: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Measure every point of a sweep file that the results file lacks.

    Args:
        path: The sweep file.
        results: The results file; made where there is none.
        workers: Processes on this machine; None: one a core.
        dask: Address of a Dask scheduler, whose workers are used instead.
        retry: Whether what failed before is tried again.
        retries: How often a task is tried again whose worker died or was too slow.
        timeout_s: Seconds after which a task is taken from its worker; None: it may take any time.
        tally: Counts the tasks; pass one in to know how far the sweep was when it is interrupted.
        observe: Called whenever the tally has changed.

    Raises:
        InputError: For bad input, before any task is run where that can be known.
        QnnqError: When tasks failed; all others were done and stored.
    """
    tally = tally or Tally()

    def say(note: str) -> None:
        tally.notes.append(note)
        observe(tally)

    text = read_text(path)
    sweep = parse_sweep(text, path)
    workers = workers or available_cores()
    threads = 1 if dask else max(1, available_cores() // workers)
    pool: Pool
    if dask is None:
        from qnnq.sweep.processes import ProcessPool

        processes = ProcessPool(min(workers, sum(map(crossed, sweep.grid))), timeout_s)
        simulates = any({*grid.engine} != {"ideal"} for grid in sweep.grid)
        if simulates and not Path(results).exists():  # one that exists may hold it all
            processes.warm_up()
        pool = processes
    else:
        from qnnq.sweep.dask_cluster import DaskPool

        pool = DaskPool(dask, timeout_s, say)
    with closing(pool):
        points = expand(sweep)
        tally.total = count_tasks(sweep).tasks
        with Store(results, create=True) as store:
            tally.notes += store.notes
            store.keep_asked("sweep", text)
            schedule = Schedule(
                points, store, pool, threads, tally, observe, retry=retry, retries=retries
            )
            store_unsampled(sweep, store)
            schedule.run()
    if tally.failures:
        number = len(tally.failures)
        raise QnnqError(
            f"{number} of {tally.total} tasks failed, the others are stored in {results}, "
            f"--retry tries them again; the first: {tally.failures[0]}"
        )
    return tally

"""What has to be true of every finished run."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from loopback import Server

from qnnq.jobs.ledger import Ledger
from qnnq.jobs.reading import collect_run
from transpile import CompiledLayer

LAYERS = 3


def assert_complete(folder: Path, images: int, shots: int) -> None:
    """Every image has every shot exactly once, in every layer."""
    found = collect_run(folder)
    assert not found.partial
    assert found.result.counts.shape[0] == images
    assert (found.result.counts.sum(axis=1) == shots).all()
    ledger = Ledger(folder)
    for number, layer in enumerate(ledger.circuits()):
        places = np.concatenate([ledger.plan(job).places.ravel() for job in ledger.jobs(number)])
        executions = images * shots
        if isinstance(layer, CompiledLayer):
            executions = -(-images // layer.shape.copies) * layer.parts * shots
        assert sorted(places) == list(range(executions))
    ledger.close()


def assert_paid_once(server: Server, folder: Path, failed: int = 0, jobs: int = LAYERS) -> None:
    """The service billed each job of this run, and no intent twice."""
    ledger = Ledger(folder)
    tags = {attempt.tag for attempt in ledger.attempts()}
    done = {attempt.id for attempt in ledger.attempts() if attempt.state == "done"}
    ledger.close()
    billed = [(job, own) for job, own in server.store.events("billed") if set(own) & tags]
    paid = Counter(tag for _, own in billed for tag in own if tag in tags)
    assert max(paid.values()) == 1
    assert {job for job, _ in billed} == done
    assert len(billed) == jobs
    assert len([own for _, own in server.store.events("failed") if set(own) & tags]) == failed


def bill(server: Server) -> float:
    """All that the service billed, in quantum seconds."""
    return server.store.billed(server.session_seconds)


def until(happened: Callable[[], bool]) -> None:
    """Wait for an event; the time is only there to end a test that would wait for ever."""
    end = time.monotonic() + 240
    while not happened():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.01)

"""What the first layer of a run measured: outcomes of received states."""

from pathlib import Path

import numpy as np

from qnnq.arrays import OutcomeArray
from qnnq.errors import QnnqError
from qnnq.jobs.runs import open_run


def received_outcomes(folder: Path) -> OutcomeArray:
    """Return what the neurons that receive states answered, (states, shots, neurons), +1 or -1.

    Raises:
        QnnqError: If a job of that layer is not finished.
    """
    with open_run(folder) as run:
        ledger, shots = run.ledger, run.request["shots"]
        states = len(ledger.data()["indices"])
        bits = np.empty((states * shots, run.network.widths[0]), dtype=np.uint8)
        for start in ledger.fact("chunks"):
            jobs = ledger.jobs(0, 0, start)
            if not jobs or not all(job.done for job in jobs):
                raise QnnqError(f"{folder}: its first layer is not measured yet")
            for job in jobs:
                bits[start * shots + ledger.plan(job).places] = ledger.bits(job)
        return (1 - 2 * bits.astype(np.int8)).reshape(states, shots, -1)

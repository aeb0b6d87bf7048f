"""Many inputs of every kind in one process: no traceback, no hang, no memory without bound.

    python -m tests.fuzzing.run [--inputs 10000]

ends with the counts of every kind, and with exit code 1 at the first defect.
"""

import argparse
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.fuzzing.inputs import KINDS, Refusal
from tests.sweep.conftest import write_inputs

LONGEST_S = 20
MOST_BYTES = 2_000_000_000


def _hang(number, frame):
    raise SystemExit(f"an input took longer than {LONGEST_S} s")


def run(kind, inputs, folder, found):
    """Put `inputs` inputs of a kind through its check, `found` counting what came of them."""
    strategy, check = KINDS[kind]

    @settings(
        max_examples=inputs,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(value):
        signal.alarm(LONGEST_S)
        started = time.perf_counter()
        try:
            check(value, folder)
            found["answered"] += 1
        except Refusal:
            found["refused"] += 1
        finally:
            signal.alarm(0)
            found["slowest_ms"] = max(
                found["slowest_ms"], int(1000 * (time.perf_counter() - started))
            )

    one()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000)
    inputs = parser.parse_args(arguments).inputs
    signal.signal(signal.SIGALRM, _hang)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        os.chdir(folder)
        total = 0
        for kind in KINDS:
            found = Counter(answered=0, refused=0, slowest_ms=0)
            run(kind, inputs // len(KINDS), folder, found)
            total += found["answered"] + found["refused"]
            print(f"{kind:8} {dict(found)}", flush=True)
        os.chdir("/")
    largest = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{total} inputs, 0 tracebacks, 0 hangs over {LONGEST_S} s, {largest / 1e6:.0f} MB at most"
    )
    return int(largest > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())

"""Run a 512-512 network on a service in this process; print the peak of the memory it took.

Usage: large_run.py FOLDER IMAGES
"""

import base64
import json
import resource
import sys
import time
import zlib
from pathlib import Path

import numpy as np

from qnnq.jobs import runs
from qnnq.jobs.advance import advance
from qnnq.jobs.creation import create_run
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.planning import plan_run
from qnnq.jobs.reading import collect_run
from qnnq.jobs.service import JobResult, JobView, Submission
from qnnq.networks.file import write_network
from qnnq.networks.network import Network

SHOTS, WIDTHS = 96, (784, 512, 512, 10)


class Coins:
    """Takes jobs as the client sends them, and returns fair coins."""

    finds_jobs = True

    def __init__(self) -> None:
        self.tags: dict[str, tuple[str, ...]] = {}
        self.sent_bytes = 0

    def submit(self, sent: Submission) -> str:
        body = base64.b64encode(zlib.compress(sent.angles.astype("<f8").tobytes()))
        request = json.dumps({"params": body.decode(), "tags": sent.tags}).encode()
        self.sent_bytes += len(request)
        name = f"job-{len(self.tags)}"
        self.tags[name] = sent.tags
        return name

    def find(self, tag: str) -> list[JobView]:
        return [self.view(name) for name, own in self.tags.items() if tag in own]

    def view(self, name: str) -> JobView:
        return JobView(name, "done", seconds=1.0, tags=self.tags[name])

    def result(self, name: str, shape: tuple[int, int, int]) -> JobResult:
        bits = np.random.default_rng(int(name[4:])).integers(0, 2, shape, dtype=np.uint8)
        return JobResult(bits)

    def cancel(self, name: str) -> bool:
        return False

    def plan_usage(self) -> None:
        pass

    def calibration(self) -> None:
        pass

    def settle_sessions(self) -> None:
        pass

    def close(self) -> None:
        pass


def main() -> None:
    folder, images = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir()
    rng, began = np.random.default_rng(0), time.monotonic()
    weights = tuple(
        rng.normal(0, before**-0.5, (after, before)).astype(np.float32)
        for before, after in zip(WIDTHS[:-1], WIDTHS[1:], strict=True)
    )
    model = folder / "net.safetensors"
    write_network(Network(weights, stretch=0.5), model)
    request = HardwareRequest(
        str(model), "fake_kingston", images=f"0:{images}", shots=SHOTS, copies=1
    )
    plan, service = plan_run(request), Coins()
    create_run(request, plan, folder / "run", None)
    runs.Run.service = lambda *_: service  # type: ignore[method-assign,assignment]
    assert advance(folder / "run", wait=True, say=lambda line: None)
    found = collect_run(folder / "run").result
    assert (found.counts.sum(axis=1) == SHOTS).all()
    print(
        json.dumps(
            {
                "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "estimated_bytes": plan.estimate.memory_bytes,
                "images": images,
                "chunks": -(-images // plan.estimate.chunk_images),
                "jobs": len(service.tags),
                "estimated_jobs": plan.estimate.jobs,
                "sent_bytes": service.sent_bytes,
                "ledger_bytes": (folder / "run" / "ledger.sqlite").stat().st_size,
                "estimated_ledger_bytes": plan.estimate.disk_bytes,
                "seconds": time.monotonic() - began,
            }
        )
    )


main()

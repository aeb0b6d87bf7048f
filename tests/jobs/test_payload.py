"""The estimate's size of requests against the requests that really arrive at the service."""

from pathlib import Path

import numpy as np
import pytest
from conftest import Command, Files
from loopback import Server

from qnnq.jobs.payload import MOST_BYTES_PER_ANGLE, angle_bytes

IMAGES, SHOTS = 20, 10


@pytest.fixture
def many_images(files: Files) -> Files:
    images = np.random.default_rng(3).integers(0, 256, size=(IMAGES, 9), dtype=np.uint8)
    np.savez(files.data, images=images, labels=np.zeros(IMAGES, int))
    return files


@pytest.mark.parametrize("more", [(), ("--measurement-twirling",), ("--compensate",)])
def test_no_request_is_larger_and_few_are_much_smaller(
    unkind: Server, many_images: Files, tmp_path: Path, qnnq: Command, more: tuple[str, ...]
) -> None:
    run = tmp_path / "run"
    answer = qnnq(*many_images.submit("ibm_jakarta", run, "--wait", "--shots", str(SHOTS), *more))
    assert answer.code == 0, answer.err
    from qnnq.jobs.ledger import Ledger

    ledger = Ledger(run)
    estimated = [layer["payload_bytes"] for layer in ledger.fact("estimate")["layers"]]
    jobs, plans = ledger.jobs(), [ledger.plan(job) for job in ledger.jobs()]
    bare = [cost["circuit_bytes"] for cost in ledger.fact("costs")]
    ledger.close()
    real = [len(job["params"]) for job in reversed(unkind.store.jobs())]
    assert len(real) == len(jobs) == 3
    for job, plan, size, expected, circuit in zip(jobs, plans, real, estimated, bare, strict=True):
        exact = circuit + angle_bytes(plan.angles) * plan.angles.size
        assert size <= exact < 2 * size + 6000, job.name
        assert size <= expected, job.name


def test_angles_that_cannot_be_compressed() -> None:
    angles = np.random.default_rng(0).normal(size=(500, 20))
    assert angle_bytes(angles) == MOST_BYTES_PER_ANGLE


def test_two_values() -> None:
    angles = np.random.default_rng(0).choice([0, np.pi], size=(5000, 16))
    assert angle_bytes(angles) < 1

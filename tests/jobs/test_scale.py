"""Runs that are planned in chunks of images: the same counts, and no more memory than was said."""

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import IMAGES, REAL_LIMITS, SHOTS, Command, Files, connect
from loopback import Machine, OwnClock, Server
from test_prices import Biller

from qnnq.devices.service_limits import ServiceLimits
from qnnq.jobs import chunks
from qnnq.jobs.chunks import images_per_chunk
from qnnq.jobs.estimate import estimate_run
from qnnq.jobs.layer_plan import LayerCost, LayerShape
from qnnq.jobs.ledger import Ledger

LAYERS = 3
COST = LayerCost(duration_s=2e-6, rep_delay_s=248e-6, instructions=17, circuit_bytes=1000)


class Certain(Biller):
    """Each outcome follows from its angle alone, however jobs are cut."""

    def measure(self, program):  # type: ignore[no-untyped-def]
        found = super().measure(program)
        for item, result in zip(program.items, found, strict=True):
            for bits in result.values():
                bits[...] = (item.circuit_arguments > math.pi / 2)[:, None, : bits.shape[-1]]
        return found

    def bill(self, sets: int, executions: int) -> float:
        return Machine.bill(self, sets, executions)


@pytest.fixture
def certain(tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    from qiskit_ibm_runtime.fake_provider import FakeJakartaV2

    clock = OwnClock()
    monkeypatch.setattr("qnnq.devices.patience.time", clock)
    files.limits.write_text(REAL_LIMITS)
    (tmp_path / "service").mkdir()
    machine = Certain("ibm_jakarta", FakeJakartaV2())
    server = Server(tmp_path / "service", [machine], queue_delay=5, clock=clock)
    connect(server, tmp_path / "home", monkeypatch)
    yield server
    server.stop()


def test_chunks_give_the_counts_of_a_whole_run(
    certain: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three chunks jobs wait in the queue together, once the first one has told the price."""
    answer = qnnq(*files.submit("ibm_jakarta", tmp_path / "whole", "--wait"))
    assert answer.code == 0, answer.err
    collect = ("--json", "-", "--counts")
    whole = qnnq("collect", tmp_path / "whole", *collect).json()
    assert len(certain.store.jobs()) == LAYERS
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2 * SHOTS * 3 * 60)  # two images of three neurons
    run, out = tmp_path / "run", [LAYERS]
    answer = qnnq(*files.submit("ibm_jakarta", run))
    assert "in 3 chunks of images" in answer.out
    out.append(len(certain.store.jobs()))
    for _ in range(LAYERS + 1):
        certain.clock.sleep(20)  # type: ignore[attr-defined]
        answer = qnnq("resume", run)
        assert answer.code == 0, answer.err
        out.append(len(certain.store.jobs()))
    assert np.diff(out).tolist() == [1, 3, 3, 2, 0]
    assert json.loads(qnnq("status", run, "--json", "-").out)["finished"]
    found = qnnq("collect", run, *collect).json()
    assert found["counts"] == whole["counts"]
    assert found["task_id"] == whole["task_id"]
    waited = tmp_path / "waited"
    assert qnnq(*files.submit("ibm_jakarta", waited, "--wait")).code == 0
    assert qnnq("collect", waited, *collect).json()["counts"] == whole["counts"]
    assert len(certain.store.jobs()) == LAYERS + 2 * 3 * LAYERS


def test_what_is_there_of_some_chunks(
    certain: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2 * SHOTS * 3 * 60)
    run = tmp_path / "run"
    assert qnnq(*files.submit("ibm_jakarta", run, "--wait")).code == 0
    whole = qnnq("collect", run, "--json", "-", "--counts").json()
    assert whole["images"] == IMAGES
    ledger = Ledger(run)
    ledger._database.execute("UPDATE jobs SET bits = NULL WHERE layer = 1 AND first_image = 2")
    ledger.set_fact("finished", None)
    ledger.close()
    part = qnnq("collect", run, "--json", "-", "--counts").json()
    assert part["partial"]
    assert part["prediction"] is None
    assert part["counts"] == [whole["counts"][image] for image in (0, 1, 4)]


def test_what_does_not_fit_is_refused_before_it_is_paid(
    certain: Server, files: Files, tmp_path: Path, qnnq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, run = files.submit("ibm_jakarta", tmp_path / "run"), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(chunks, "physical_memory", lambda: 500_000_000)
        answer = qnnq(*submit)
    assert answer.code == 2
    assert "this computer has 0.5 GB: expected fewer --shots" in answer.err
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
        answer = qnnq(*submit)
    assert answer.code == 2
    assert "the disk has 0.0 MB left: expected fewer --images" in answer.err
    assert not run.exists()
    assert not certain.store.jobs()


def test_chunks_are_whole_jobs() -> None:
    """A job of a later layer takes 100 images here, and memory 270: two jobs are a chunk."""
    shots, width = 50, 1000
    shape = LayerShape(width, copies=1, parts=1, slots=width, cost=COST)
    limits = ServiceLimits(instructions_per_qubit=17 * 100 * shots)
    memory = chunks.CHUNK_BYTES // (shots * width * 60)
    assert images_per_chunk([shape] * 2, memory, shots, limits) == memory
    size = images_per_chunk([shape] * 2, 10_000, shots, limits)
    assert size == memory // 100 * 100
    found = estimate_run([shape] * 2, 10_000, shots, limits, least_rep_delay_s=248e-6)
    assert found.chunk_images == size
    assert found.layers[1].jobs == 100
    assert found.layers[0].jobs == math.ceil(10_000 / size)
    assert found.memory_bytes < 4e9


@pytest.mark.slow
def test_the_memory_of_a_large_run(tmp_path: Path) -> None:
    """512-512 and 96 shots; two chunks of images take what all 10,000 take, but for the data."""
    script = Path(__file__).parent / "large_run.py"
    answer = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "run"), "1500"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(answer.stdout.splitlines()[-1])
    print(f"\n{found}")
    assert found["chunks"] > 1
    assert found["peak_bytes"] < found["estimated_bytes"] < 4e9

"""Our process is killed with -9 at random moments; resume finishes the run and pays once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checks import assert_complete, assert_paid_once
from conftest import IMAGES, SHOTS, Files, Fork
from loopback import Fault, Server


def test_a_killed_local_run_goes_on(files: Files, tmp_path: Path, fork: Fork) -> None:
    """A local job dies with its process; nothing was paid, so it is simply run again."""
    run = tmp_path / "run"
    rng = np.random.default_rng(3)
    for moment in (*rng.uniform(0.3, 0.9, size=3), None):
        made = (run / "ledger.sqlite").exists()
        arguments = ["resume", str(run)] if made else files.submit("fake_jakarta", run)
        answer = fork(arguments, moment)
        assert answer["code"] in (None, 0), answer["said"]
    assert_complete(run, IMAGES, SHOTS)


@pytest.mark.parametrize(
    "kills", [4, pytest.param(20, marks=pytest.mark.slow)], ids=["few", "twenty"]
)
def test_killed_at_random_moments(
    server: Server, files: Files, tmp_path: Path, fork: Fork, kills: int
) -> None:
    rng = np.random.default_rng(kills)
    landed, number = 0, 0
    while landed < kills:
        run = tmp_path / f"run{number}"
        number += 1
        finished = False
        while not finished:
            made = (run / "ledger.sqlite").exists()
            arguments = ["resume", str(run), "--wait"]
            if not made:
                arguments = files.submit("ibm_jakarta", run, "--wait")
            moment = float(rng.uniform(0.05, 1.8)) if landed < kills else None
            answer = fork(arguments, moment)
            landed += answer["code"] is None
            finished = answer["code"] == 0
            assert finished or answer["code"] is None, answer["said"]
        assert_complete(run, IMAGES, SHOTS)
        assert_paid_once(server, run)
    assert len(server.store.events("billed")) == 3 * number
    assert len(server.store.events("accepted")) == 3 * number + len(
        server.store.events("cancelled")
    )


@pytest.mark.parametrize(
    "kills", [6, pytest.param(100, marks=pytest.mark.slow)], ids=["few", "hundred"]
)
def test_killed_while_lists_lag_and_answers_get_lost(
    server: Server, files: Files, tmp_path: Path, fork: Fork, kills: int
) -> None:
    """Every run ends with the counts of an undisturbed one; only lost answers cost more jobs."""
    from qnnq.jobs.reading import collect_run

    files.limits.write_text(files.limits.read_text().replace("attempts = 3", "attempts = 50"))
    whole = tmp_path / "whole"
    assert fork(files.submit("ibm_jakarta", whole, "--wait"), None)["code"] == 0
    expected = collect_run(whole).result.counts
    rng = np.random.default_rng(kills)
    landed, number = 0, 0
    while landed < kills:
        run = tmp_path / f"run{number}"
        number += 1
        answer: dict[str, Any] = {"code": None}
        while answer["code"] != 0:
            server.listing_lag = float(rng.uniform(0, 0.8))
            action = str(rng.choice(["lose", "drop"]))
            times = int(rng.integers(0, 2))
            server.faults.active.clear()
            server.faults.add(Fault("POST", "/jobs", action, 504, times))  # type: ignore[arg-type]
            made = (run / "ledger.sqlite").exists()
            arguments = ["resume", str(run), "--wait"]
            if not made:
                arguments = files.submit("ibm_jakarta", run, "--wait")
            answer = fork(arguments, float(rng.uniform(0.05, 2.5)) if landed < kills else None)
            landed += answer["code"] is None
            assert answer["code"] in (None, 0), answer["said"]
        assert (collect_run(run).result.counts == expected).all()
    server.faults.active.clear()
    lost = len(server.faults.struck)
    assert len(server.store.events("accepted")) <= 3 * (number + 1) + lost

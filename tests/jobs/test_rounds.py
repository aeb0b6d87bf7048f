"""Rounds of shots until an accuracy is known well enough: within the budget, nothing paid twice."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from checks import bill
from conftest import SHOTS, Command, Files, Fork
from loopback import Server

from qnnq.devices.service_limits import ServiceLimits
from qnnq.jobs.budget import least_budget, usual_budget
from qnnq.jobs.estimate import Estimate, LayerEstimate
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.reading import collect_run
from qnnq.jobs.rounds import least_width
from qnnq.statistics.votes import single_shot

IMAGES, RIGHT = 40, 1


@pytest.fixture
def one_image(files: Files) -> Files:
    """The same image several times: only shots make the interval wide."""
    image = np.random.default_rng(1).integers(0, 256, size=(1, 9), dtype=np.uint8)
    images = np.repeat(image, IMAGES, axis=0)
    np.savez(files.data, images=images, labels=np.full(IMAGES, RIGHT))
    return files


def assert_whole_rounds(server: Server, run: Path) -> int:
    """Every round has each shot of each image once, and was paid once; return how many."""
    ledger = Ledger(run)
    jobs = ledger.jobs()
    rounds = 1 + max(job.round for job in jobs)
    for number in range(rounds):
        for index, layer in enumerate(ledger.layers()):
            executions = -(-IMAGES // layer.shape.copies) * layer.parts * SHOTS
            found = [ledger.plan(job).places.ravel() for job in ledger.jobs(index, number)]
            assert sorted(np.concatenate(found)) == list(range(executions))
    tags = {attempt.tag for attempt in ledger.attempts()}
    ledger.close()
    paid = Counter(tag for _, own in server.store.events("billed") for tag in own if tag in tags)
    assert max(paid.values()) == 1
    assert len(paid) == 3 * rounds
    result = collect_run(run).result
    assert (result.counts.sum(axis=1) == rounds * SHOTS).all()
    assert result.task.shots == rounds * SHOTS
    return rounds


def test_killed_on_the_way(server: Server, one_image: Files, tmp_path: Path, fork: Fork) -> None:
    run, target = tmp_path / "run", 0.11
    rng = np.random.default_rng(5)
    server.machines["ibm_jakarta"].replays = False
    code = None
    for _ in range(200):
        made = (run / "ledger.sqlite").exists()
        arguments = ["resume", str(run), "--wait"]
        if not made:
            more = ("--wait", "--target-width", str(target))
            arguments = one_image.submit("ibm_jakarta", run, *more)
        answer = fork(arguments, float(rng.uniform(0.3, 4)))
        code = answer["code"]
        assert code in (None, 0), answer["said"]
        if code == 0:
            break
    assert code == 0
    rounds = assert_whole_rounds(server, run)
    assert rounds > 1
    result = collect_run(run).result
    accuracy = single_shot(result.counts, result.labels)
    assert accuracy.high - accuracy.low <= target


def test_no_round_beyond_the_budget(
    unkind: Server, one_image: Files, tmp_path: Path, qnnq: Command
) -> None:
    """A round of three jobs is estimated at 6.02 s: 15 s are enough for two.

    In a results file what more rounds say takes the place of what fewer said.
    """
    run, out, table = tmp_path / "run", tmp_path / "results.sqlite", tmp_path / "table.csv"
    unkind.machines["ibm_jakarta"].replays = False
    unkind.usage_lag = 40
    more = ("--wait", "--budget", "15", "--target-width", "0.065", "--max-shots", str(3 * SHOTS))
    answer = qnnq(*one_image.submit("ibm_jakarta", run, *more))
    assert answer.code == 0, answer.err
    assert f"qnnq resume {run} --budget" in answer.err
    assert assert_whole_rounds(unkind, run) == 2
    assert bill(unkind) <= 15
    assert qnnq("collect", run, "--out", out).code == 0
    answer = qnnq("resume", run, "--wait", "--budget", "60")
    assert answer.code == 0, answer.err
    assert assert_whole_rounds(unkind, run) == 3
    assert bill(unkind) <= 60
    status = qnnq("status", run, "--json", "-").json()
    assert status["finished"]
    assert {job["round"] for job in status["jobs"]} == {0, 1, 2}
    assert qnnq("collect", run, "--out", out).code == 0
    assert qnnq("results", out, "--csv", table).code == 0
    assert len(table.read_text().splitlines()) == 1 + 1


def test_more_shots_of_too_few_images(files: Files, tmp_path: Path, qnnq: Command) -> None:
    answer = qnnq(*files.submit("fake_jakarta", tmp_path / "run", "--target-width", "0.001"))
    assert answer.code == 0, answer.err
    assert "only more images make it narrower" in answer.err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--max-shots", "8"), "--max-shots 8: expected --target-width beside it"),
        (("--target-width", "1.5"), "--target-width 1.5: expected a width between 0 and 1"),
        (
            ("--target-width", "0.1", "--max-shots", "3"),
            "--max-shots 3: expected at least --shots, 4 a round",
        ),
    ],
)
def test_rules_that_are_none(
    files: Files, tmp_path: Path, qnnq: Command, more: tuple[str, ...], says: str
) -> None:
    answer = qnnq(*files.submit("fake_jakarta", tmp_path / "run", *more))
    assert answer.code == 2
    assert says in answer.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("rounds", [1, 2, 4, 100])
def test_the_default_budget_has_room_for_the_last_round(rounds: int) -> None:
    seconds, limits = 2.003, ServiceLimits()
    layers = [LayerEstimate(layer, 1, 1, 3, 12, 0, 5.6e-6, 250e-6, seconds) for layer in range(3)]
    budget_s = usual_budget(Estimate.of(layers, limits), limits, rounds=rounds)
    before = (rounds - 1) * 3 * seconds
    assert budget_s - before >= least_budget([seconds] * 3, [1] * 3, limits.overrun_s)
    assert budget_s - before == pytest.approx(4 * 3 * seconds, abs=1)


def test_how_narrow_it_can_become() -> None:
    """Half of the images are right with 0.2, half with 0.8: their variance of 0.09 stays."""
    images, shots = 4000, 5
    chances = np.repeat([0.2, 0.8], images // 2)
    right = np.random.default_rng(0).binomial(shots, chances)
    counts = np.stack([right, shots - right], axis=1)
    accuracy = single_shot(counts, np.zeros(images, int))
    found, limit = least_width(counts, np.zeros(images, int)), 2 * 1.96 * np.sqrt(0.09 / images)
    # at most 7 % of the variance of 4000 images is taken for chance, and is 0.12 of 0.09 here
    assert 0.9 * limit < found < limit < accuracy.high - accuracy.low

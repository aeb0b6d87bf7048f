"""Local testing mode: the whole command line offline, with the device's noise."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from checks import assert_complete
from conftest import IMAGES, SHOTS, Command, Files

from qnnq.vendors.local import service


def test_the_same_seed_gives_the_same_counts(files: Files, tmp_path: Path, qnnq: Command) -> None:
    counts = []
    for number, seed in enumerate((3, 3, 4)):
        run = tmp_path / f"run{number}"
        answer = qnnq(*files.submit("fake_jakarta", run, "--seed", str(seed)))
        assert answer.code == 0, answer.err
        assert_complete(run, IMAGES, SHOTS)
        counts.append(qnnq("collect", run, "--json", "-", "--counts").json()["counts"])
    assert counts[0] == counts[1]
    assert counts[0] != counts[2]


def test_split_layers_are_put_together(files: Files, tmp_path: Path, qnnq: Command) -> None:
    files.limits.write_text("executions_per_job = 5\n")
    run = tmp_path / "run"
    estimate = qnnq(
        *("estimate", files.network, "--device", "fake_jakarta", "--data", files.data),
        *("--images", "all", "--shots", SHOTS, "--limits", files.limits, "--json", "-"),
    ).json()
    assert qnnq(*files.submit("fake_jakarta", run)).code == 0
    assert_complete(run, IMAGES, SHOTS)
    status = qnnq("status", run, "--json", "-").json()
    assert len(status["jobs"]) <= estimate["jobs"]
    assert all(job["executions"] <= 5 for job in status["jobs"])
    assert [layer["jobs"] for layer in estimate["layers"]] == [3, 3, 3]


def test_partial_results_are_kept(files: Files, tmp_path: Path, qnnq: Command) -> None:
    """Of a last layer in several jobs, the images of the finished jobs can be collected."""
    import sqlite3

    files.limits.write_text("executions_per_job = 4\n")
    run = tmp_path / "run"
    assert qnnq(*files.submit("fake_jakarta", run, "--copies", "1")).code == 0
    whole = qnnq("collect", run, "--json", "-", "--counts").json()
    with sqlite3.connect(run / "ledger.sqlite") as database:
        jobs = database.execute("SELECT job FROM jobs WHERE layer = 2 ORDER BY part").fetchall()
        database.execute("UPDATE jobs SET bits = NULL WHERE job = ?", jobs[0])
        database.execute("UPDATE facts SET value = 'null' WHERE name = 'finished'")
    partial = qnnq("collect", run, "--json", "-", "--counts").json()
    assert partial["partial"]
    assert 0 < partial["images"] < IMAGES
    assert partial["task_id"] != whole["task_id"]
    kept = [int(image) for image in partial["task"]["images"].split(",")]
    assert partial["counts"] == [whole["counts"][image] for image in kept]


@pytest.mark.parametrize("more", [("--dynamical-decoupling", "XX"), ("--measurement-twirling",)])
def test_options_act_locally(
    files: Files, tmp_path: Path, qnnq: Command, more: tuple[str, ...]
) -> None:
    run = tmp_path / "run"
    answer = qnnq(*files.submit("fake_jakarta", run, *more))
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)


def test_collect_into_a_results_file(files: Files, tmp_path: Path, qnnq: Command) -> None:
    run, out = tmp_path / "run", tmp_path / "results.sqlite"
    assert qnnq(*files.submit("fake_jakarta", run)).code == 0
    for _ in range(2):
        assert qnnq("collect", run, "--out", out).code == 0
    table = tmp_path / "table.csv"
    answer = qnnq("results", out, "--csv", table)
    assert answer.code == 0, answer.err
    rows = table.read_text().splitlines()
    assert len(rows) == 2
    assert "runtime" in rows[1]
    assert "compensate" in rows[0]


def test_calibration_finds_the_noise_of_the_device(
    files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """The fit agrees with the exact response of the same circuits under the calibration's noise."""
    from qnnq.devices.names import resolve_device
    from qnnq.jobs.compensation import calibrated_coefficients, measured_coefficients
    from qnnq.jobs.hardware_request import HardwareRequest
    from qnnq.jobs.planning import plan_run

    out, shots = tmp_path / "response.json", 5000
    request = HardwareRequest(str(files.network), "fake_jakarta", data=str(files.data), shots=1)
    answer = qnnq(
        *("calibrate", files.network, "--device", "fake_jakarta", "--shots", shots),
        *("--out", out, "--run", tmp_path / "run"),
    )
    assert answer.code == 0, answer.err
    plan = plan_run(request)
    measured = measured_coefficients(str(out), "fake_jakarta", plan.circuits, 0)
    exact = calibrated_coefficients(resolve_device("fake_jakarta"), plan.circuits)
    angles = np.array([0, 2 * np.pi / 3, 4 * np.pi / 3])
    basis = np.stack([np.ones(3), np.cos(angles), np.sin(angles)])
    found, expected = measured[0] @ basis, exact[0] @ basis
    deviations = np.sqrt(expected * (1 - expected) / shots)
    # 6 slots x 3 angles: false alarm below 2e-6 (5.5 standard deviations; 18 two-sided tests)
    assert (np.abs(found - expected) < 5.5 * deviations).all()
    ideal = np.array([[0.5, -0.5, 0]]) @ basis
    assert (np.abs(found - ideal)[:, 0] > 5.5 * deviations[:, 0]).any()  # noise does act


def test_each_layer_fills_the_chip(files: Files, tmp_path: Path, qnnq: Command) -> None:
    """A last layer without ancillas takes more images side by side than the ones before it."""
    from dataclasses import replace

    from qnnq.jobs.ledger import Ledger
    from qnnq.networks.file import read_network, write_network

    weak = replace(read_network(files.network), entanglement=1.0, last_projective=True)
    write_network(weak, files.network)
    run = tmp_path / "run"
    assert qnnq(*files.submit("fake_jakarta", run)).code == 0
    assert_complete(run, IMAGES, SHOTS)
    ledger = Ledger(run)
    assert [layer.shape.copies for layer in ledger.layers()] == [1, 1, 2]
    blocks = qnnq("collect", run, "--json", "-").json()["hardware"]["blocks"]
    assert [len(layer) for layer in blocks] == [1, 1, 2]
    assert ",".join(blocks[2]) == ",".join(map(str, ledger.layers()[2].sites))
    executions = [sum(j.sets * j.shots for j in ledger.jobs(layer)) for layer in range(3)]
    parts = ledger.layers()[0].parts
    assert executions == [IMAGES * SHOTS * parts] * 2 + [-(-IMAGES // 2) * SHOTS]
    ledger.close()


def test_the_shots_of_two_rows_are_independent(files: Files) -> None:
    """More shots than the distance of the seeds that Aer gives to rows: none replays another's."""
    from qnnq.devices.names import resolve_device
    from qnnq.jobs.hardware_request import HardwareRequest, JobOptions
    from qnnq.jobs.planning import plan_run
    from qnnq.jobs.service import Submission
    from qnnq.vendors.local.service import LocalService

    request = HardwareRequest(str(files.network), "fake_jakarta", data=str(files.data), shots=1)
    (layer, *_) = plan_run(request).circuits
    shots, distance = 4001, 2113
    device = resolve_device("fake_jakarta")
    service = LocalService(device, [layer], JobOptions(), seed=0, shots=shots)
    angles = np.full((2, layer.slots), np.pi / 2)
    job = service.submit(Submission(layer.circuit, angles, shots, ("tag",)))
    bits = service.result(job, (2, shots, layer.slots)).bits.astype(float)
    first, second = bits[0, distance:] - 0.5, bits[1, :-distance] - 0.5
    # false alarm below 1e-6: products of fair coins, 5 standard deviations
    assert abs(4 * (first * second).mean()) < 5 / np.sqrt(first.size)


class Sampled:
    """A job of a sampler; it takes a second, and a tenth of one for each execution."""

    def __init__(self, clock: list[float], executions: int) -> None:
        self.clock, self.executions, self.final = clock, executions, False

    def result(self) -> None:
        self.clock[0] += 1 + self.executions / 10

    def in_final_state(self) -> bool:
        return self.final

    def cancelled(self) -> bool:
        return False


@pytest.mark.parametrize(("rows", "shots"), [(10, 6000), (4000, 15)])
def test_a_long_job_tells_at_once_that_it_runs_and_then_when_it_ends(
    rows: int, shots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(service.time, "monotonic", lambda: clock[0])
    started: list[int] = []

    def start(angles: np.ndarray, shots: int) -> Sampled:
        started.append(len(angles) * shots)
        return Sampled(clock, started[-1])

    angles = np.zeros((rows, 4))
    foretell = partial(service.seconds_of, start, angles, shots)
    job = service.Job(("tag",), partial(start, angles, shots), foretell)
    assert job.view("local-1").until is None
    assert not started
    told = job.view("local-1").until
    assert told is not None
    assert sum(started) < 61_000  # it ran once, and a part of it to foretell
    assert job.view("local-1").until == told
    assert sum(started) < 61_000
    assert foretell() == pytest.approx(6000)  # a tenth of a second for each of 60,000
    job.begun().final = True
    assert job.view("local-1").status == "done"

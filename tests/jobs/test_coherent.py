"""A whole network as one dynamic circuit through the jobs of a device."""

import math
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from checks import assert_complete, assert_paid_once
from conftest import CLASSES, IMAGES, PIXELS, REAL_LIMITS, SHOTS, Command, Files, Fork, connect
from loopback import Machine, Server
from loopback.machine import received

from qnnq.arrays import IntArray
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.reading import collect_run
from qnnq.networks.activation import Activation
from qnnq.networks.file import read_network, write_network
from qnnq.networks.network import Network
from qnnq.report.sources import read_sources
from tests.execution.engines.test_agreement import assert_same_distribution as assert_alike
from tests.execution.enumeration import class_distribution
from tests.execution.test_shot_loop import assert_same_distribution

WEAK, PROJECTIVE = 3 * math.pi / 8, math.pi / 2
COHERENT = ("--mode", "coherent")
Starter = Callable[..., Server]


def living_network(
    widths: tuple[int, ...], entanglement: float, later: Activation = "linear"
) -> Network:
    rng = np.random.default_rng(11)
    shapes = zip((*widths, CLASSES), (PIXELS, *widths), strict=True)
    weights = tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)
    activations = ("htanh", *[later] * (len(widths) - 1))
    return Network(weights, activation=activations, stretch=1.3, entanglement=entanglement)


@pytest.fixture
def living(files: Files) -> Files:
    write_network(living_network((3, 2, 3), PROJECTIVE), files.network)
    return files


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Starter]:
    """Start a service whose machines have no noise, and point the client at it."""
    from qiskit_aer.noise import NoiseModel
    from qiskit_ibm_runtime.fake_provider import FakeJakartaV2, FakeKingston

    running = []

    def started(name: str = "ibm_jakarta", lacks: tuple[str, ...] = ()) -> Server:
        device = FakeKingston() if name == "ibm_kingston" else FakeJakartaV2()
        folder = tmp_path / "service"
        folder.mkdir()
        machine = Machine(name, device, NoiseModel(), lacks=lacks)
        running.append(Server(folder, [machine], queue_delay=0.1))
        connect(running[-1], tmp_path / "home", monkeypatch)
        return running[-1]

    yield started
    for server in running:
        server.stop()


def votes_of(run: Path, qnnq: Command) -> IntArray:
    """Return the votes of a run, (images, classes)."""
    return np.array(qnnq("collect", run, "--json", "-", "--counts").json()["counts"])


def assert_enumerated(run: Path, files: Files, network: Network, qnnq: Command) -> None:
    """Compare the votes of each image with the enumeration of all outcomes of all layers."""
    for image, votes in zip(np.load(files.data)["images"], votes_of(run, qnnq), strict=True):
        expected = class_distribution(network, image / 255)
        assert_same_distribution(votes, votes.sum() * expected)


@pytest.mark.parametrize(
    ("widths", "entanglement", "later", "recycling"),
    [
        pytest.param((3, 2, 3), PROJECTIVE, "linear", "flip", marks=pytest.mark.slow),
        ((3, 2, 3), PROJECTIVE, "htanh", "flip"),
        pytest.param((2, 1, 2), WEAK, "linear", "flip", marks=pytest.mark.slow),
        ((2, 2), WEAK, "linear", "reset"),
    ],
)
def test_votes_follow_the_enumerated_distribution(
    start: Starter,
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    widths: tuple[int, ...],
    entanglement: float,
    later: Activation,
    recycling: str,
) -> None:
    """Chi-square of each of 5 images at a false-alarm rate of 1e-6; one job serves all of them."""
    server, run = start(), tmp_path / "run"
    network = living_network(widths, entanglement, later)
    write_network(network, files.network)
    more = ("--wait", "--shots", "4000", *COHERENT, "--recycling", recycling)
    answer = qnnq(*files.submit("ibm_jakarta", run, *more))
    assert answer.code == 0, answer.err
    assert len(server.store.events("billed")) == 1
    assert_enumerated(run, files, network, qnnq)


def test_a_simulated_device_has_the_noise_of_the_instrument_engine(
    living: Files, tmp_path: Path, qnnq: Command
) -> None:
    """The same circuit in Aer and as instruments (chi-square, false alarm 1e-6), long waits."""
    run, shots = tmp_path / "run", ("--shots", "1000")
    more = (*COHERENT, "--feedback-latency", "20us")
    answer = qnnq(*living.submit("fake_jakarta", run, *shots, *more))
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, 1000)
    exact = qnnq(
        *("run", living.network, "--noise", "fake_jakarta", "--data", living.data),
        *("--json", "-", "--counts", *shots, *more),
    ).json()
    assert_alike(votes_of(run, qnnq), np.array(exact["counts"]))
    labels = collect_run(run).labels
    assert (labels["mode"], labels["feedback_latency"]) == ("coherent", 20.0)
    with pytest.raises(AssertionError):
        assert_enumerated(run, living, read_network(living.network), qnnq)


def test_the_estimate_predicts_the_accuracy_of_a_run(living: Files, qnnq: Command) -> None:
    """Of all images of the data set, by the same random numbers."""
    data, more = ("--data", living.data), (*COHERENT, "--feedback-latency", "20us")
    arguments = ("estimate", living.network, "--device", "fake_jakarta", *data, *more)
    predicted = qnnq(*arguments, "--images", "0:2", "--json", "-").json()
    run = ("run", living.network, "--noise", "fake_jakarta", *data, *more, "--shots", "100")
    found = qnnq(*run, "--json", "-").json()
    (choice,) = predicted["copies"]
    assert choice["accuracy"] == pytest.approx(found["accuracy"]["single_shot"]["value"])


def test_a_report_says_how_to_do_it_again(living: Files, tmp_path: Path, qnnq: Command) -> None:
    run, again = tmp_path / "run", tmp_path / "again"
    more = ("--feedback-latency", "20us", "--condition-overhead", "100ns", *COHERENT)
    assert qnnq(*living.submit("fake_jakarta", run, *more)).code == 0
    (command,) = read_sources([str(run)]).submissions
    assert qnnq(*shlex.split(command)[1:], "--run", again).code == 0
    first, second = (collect_run(folder).result for folder in (run, again))
    assert first.task_id == second.task_id
    assert (first.counts == second.counts).all()


def test_jobs_are_split_at_the_broadcasts(
    start: Starter, living: Files, tmp_path: Path, qnnq: Command
) -> None:
    """Five conditions of one bit an image: two images a job where a job may have ten."""
    server, run = start(), tmp_path / "run"
    server.machines["ibm_jakarta"].broadcasts = 10
    answer = qnnq(*living.submit("ibm_jakarta", run, "--wait", *COHERENT))
    assert answer.code == 1
    assert "more broadcasts than a job may have" in answer.err
    with living.limits.open("a") as limits:
        limits.write("broadcasts_per_job = 10\n")
    split = tmp_path / "split"
    answer = qnnq(*living.submit("ibm_jakarta", split, "--wait", "--budget", "20", *COHERENT))
    assert answer.code == 0, answer.err
    assert_complete(split, IMAGES, SHOTS)
    assert_paid_once(server, split, jobs=3)


def test_the_schedule_of_the_service_is_compared_with_the_assumed_one(
    start: Starter, living: Files, tmp_path: Path, qnnq: Command
) -> None:
    server, run = start(), tmp_path / "run"
    assert qnnq(*living.submit("ibm_jakarta", run, "--wait", *COHERENT)).code == 0
    timing = qnnq("collect", run, "--json", "-").json()["hardware"]["timing"]
    dt = 2.0 / 9 * 1e-9
    latency = server.machines["ibm_jakarta"].latency * dt
    assert timing["feedback_latency_s"]["assumed"] == pytest.approx(0.9e-6, abs=16 * dt)
    assert timing["feedback_latency_s"]["scheduled"] == pytest.approx([latency] * 2, abs=dt)
    assumed, scheduled = (timing["duration_s"][name] for name in ("assumed", "scheduled"))
    assert scheduled < assumed  # 67 ns instead of 900 ns, twice
    assert "assumed 0.903 us, scheduled 0.0667, 0.0667 us" in qnnq("collect", run).out


def test_a_16_16_16_network_with_ancillas_is_one_circuit_of_a_machine(
    start: Starter, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """The service takes it, with the machine's instruction for measurements in the middle."""
    write_network(living_network((16, 16, 16), WEAK), files.network)
    files.limits.write_text(REAL_LIMITS)
    server, run = start("ibm_kingston"), tmp_path / "run"
    more = ("--wait", *COHERENT, "--measurement", "measure_2", "--images", "0:2", "--shots", "1")
    answer = qnnq(*files.submit("ibm_kingston", run, *more))
    assert answer.code == 0, answer.err
    assert_complete(run, 2, 1)
    (params,) = [row["params"] for row in server.store.jobs()]
    (circuit,) = received(params)
    names = circuit.count_ops()
    assert (names["measure_2"], names["if_else"], circuit.num_parameters) == (48, 32, 16)
    assert not {"measure", "delay"} & names.keys()
    assert qnnq("collect", run, "--json", "-").json()["task"]["measurement"] == "measure_2"


def test_what_a_machine_gets_is_decoupled(
    start: Starter, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    """Two X gates in both waits of each of two neurons; the votes are those of the network."""
    server, run = start(), tmp_path / "run"
    network = living_network((2, 2), WEAK)
    write_network(network, files.network)
    decoupled = ("--dynamical-decoupling", "XX")
    more = ("--wait", "--shots", "4000", *COHERENT, *decoupled)
    answer = qnnq(*files.submit("ibm_jakarta", run, *more))
    assert answer.code == 0, answer.err
    (params,) = [row["params"] for row in server.store.jobs()]
    (circuit,) = received(params)
    names = circuit.count_ops()
    assert (names["x"], names["delay"]) == (8, 12)
    assert_enumerated(run, files, network, qnnq)
    assert qnnq("collect", run, "--json", "-").json()["task"]["dynamical_decoupling"] == "XX"
    (command,) = read_sources([str(run)]).submissions
    assert " ".join(decoupled) in command


def test_a_machine_that_became_faulty_under_a_run(
    start: Starter, living: Files, tmp_path: Path, qnnq: Command
) -> None:
    server, run = start(), tmp_path / "run"
    server.queue_delay = 3600
    assert qnnq(*living.submit("ibm_jakarta", run, *COHERENT)).code == 0
    early = qnnq("collect", run)
    assert early.code == 1
    assert "no image has all its shots yet: layers 1 to 3" in early.err
    qubit = Ledger(run).circuits()[0].sites[0].neurons[0]
    server.machines["ibm_jakarta"].calibrate("2026-12-02T00:00:00+00:00", unreadable=qubit)
    server.queue_delay = 0
    answer = qnnq("resume", run, "--wait")
    assert answer.code == 1
    assert f"qubits: {qubit} is faulty" in answer.err
    assert qnnq("resume", run, "--wait", "--despite-faults").code == 0
    assert_complete(run, IMAGES, SHOTS)


@pytest.mark.parametrize(
    ("more", "lacks", "widths", "later", "wanted"),
    [
        ((), ("if_else",), (3, 2, 3), "linear", "ibm_jakarta has no if_else"),
        # A neuron that one layer leaves out is reset for the next.
        ((), ("reset",), (3, 2, 3), "linear", "target: expected reset and its duration"),
        ((), ("delay",), (3, 2, 3), "linear", "target: expected delays"),
        (("--recycling", "reset"), ("reset",), (2, 2), "linear", "ibm_jakarta has no reset"),
        ((), (), (3, 2, 8), "linear", "8 neurons wanted, the device can place 7"),
        ((), (), (11, 2), "htanh", "2047 branches, at most 1023 are built; activation linear"),
        (("--feedback-latency", "-1us"), (), (3, 2), "linear", "expected a time >= 0"),
        (("--measurement", "measure_2"), (), (3, 2), "linear", "expected one of measure, which"),
        (("--copies", "2"), (), (3, 2), "linear", "--copies 2: expected --mode stepwise"),
        (("--pairs", "1"), (), (3, 2), "linear", "--pairs 1: expected --mode stepwise"),
        (("--compensate",), (), (3, 2), "linear", "--compensate: expected --mode stepwise"),
        (("--measurement-twirling",), (), (3, 2), "linear", "expected --mode stepwise"),
        (("--dynamical-decoupling", "XY4"), (), (3, 2), "linear", "expected one of none, XX"),
    ],
)
def test_refused_before_anything_is_submitted(
    start: Starter,
    files: Files,
    tmp_path: Path,
    qnnq: Command,
    more: tuple[str, ...],
    lacks: tuple[str, ...],
    widths: tuple[int, ...],
    later: Activation,
    wanted: str,
) -> None:
    server = start(lacks=lacks)
    entanglement = WEAK if "--recycling" in more else PROJECTIVE
    write_network(living_network(widths, entanglement, later), files.network)
    answer = qnnq(*files.submit("ibm_jakarta", tmp_path / "run", *COHERENT, *more))
    assert answer.code == 2, answer.err
    assert len(answer.err.splitlines()) == 1
    assert wanted in answer.err
    assert not server.store.events("accepted")
    assert not (tmp_path / "run").exists()


def test_broadcasts_of_a_single_image_that_exceed_a_job(
    start: Starter, living: Files, tmp_path: Path, qnnq: Command
) -> None:
    server = start()
    living.limits.write_text("broadcasts_per_job = 4\n")
    answer = qnnq(*living.submit("ibm_jakarta", tmp_path / "run", *COHERENT))
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
    assert "broadcasts_per_job = 4: expected room for one parameter set" in answer.err
    assert not server.store.events("accepted")


def test_a_machine_without_resets_takes_what_needs_none(
    start: Starter, files: Files, tmp_path: Path, qnnq: Command
) -> None:
    start(lacks=("reset",))
    run = tmp_path / "run"
    write_network(living_network((3, 2), PROJECTIVE), files.network)
    answer = qnnq(*files.submit("ibm_jakarta", run, "--wait", *COHERENT))
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, SHOTS)


def test_killed_at_random_moments(
    connected: Server, living: Files, tmp_path: Path, fork: Fork, qnnq: Command
) -> None:
    """Three jobs; the counts are those of a run that nobody disturbed, and each is paid once."""
    with living.limits.open("a") as limits:
        limits.write("broadcasts_per_job = 10\n")
    whole = tmp_path / "whole"
    assert qnnq(*living.submit("ibm_jakarta", whole, "--wait", *COHERENT)).code == 0
    run, rng, killed = tmp_path / "run", np.random.default_rng(5), 0
    code = None
    while code != 0:
        arguments = ["resume", str(run), "--wait"]
        if not (run / "ledger.sqlite").exists():
            arguments = living.submit("ibm_jakarta", run, "--wait", *COHERENT)
        answer = fork(arguments, float(rng.uniform(0.3, 2.0)) if killed < 3 else None)
        code = answer["code"]
        assert code in (None, 0), answer["said"]
        killed += code is None
    assert_complete(run, IMAGES, SHOTS)
    assert_paid_once(connected, run, jobs=3)
    assert (collect_run(run).result.counts == collect_run(whole).result.counts).all()

"""A whole network as one dynamic circuit through the jobs of a device."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from checks import assert_complete
from conftest import CLASSES, IMAGES, PIXELS, Command, Files, connect
from loopback import Machine, Server

from qnnq.networks.activation import Activation
from qnnq.networks.file import read_network, write_network
from qnnq.networks.network import Network
from tests.execution.enumeration import class_distribution
from tests.execution.test_shot_loop import assert_same_distribution

WEAK, PROJECTIVE = 3 * math.pi / 8, math.pi / 2
COHERENT = ("--mode", "coherent")
FEEDBACKS = 2
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


def deviations(run: Path, files: Files, network: Network, qnnq: Command) -> None:
    """Compare the votes of each image with the enumeration of all outcomes of all layers."""
    counts = np.array(qnnq("collect", run, "--json", "-", "--counts").json()["counts"])
    for image, votes in zip(np.load(files.data)["images"], counts, strict=True):
        expected = class_distribution(network, image / 255)
        assert_same_distribution(votes, votes.sum() * expected)


@pytest.mark.parametrize(
    ("widths", "entanglement", "later", "recycling"),
    [
        ((3, 2, 3), PROJECTIVE, "linear", "flip"),
        ((3, 2, 3), PROJECTIVE, "htanh", "flip"),
        ((2, 1, 2), WEAK, "linear", "flip"),
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
    deviations(run, files, network, qnnq)


def test_waits_count_where_the_device_is_simulated(
    living: Files, tmp_path: Path, qnnq: Command
) -> None:
    run, shots = tmp_path / "run", ("--shots", "4000")
    answer = qnnq(*living.submit("fake_jakarta", run, *shots, *COHERENT))
    assert answer.code == 0, answer.err
    assert_complete(run, IMAGES, 4000)
    slow = tmp_path / "slow"
    latency = ("--feedback-latency", "500us")
    assert qnnq(*living.submit("fake_jakarta", slow, *shots, *COHERENT, *latency)).code == 0
    network = read_network(living.network)
    with pytest.raises(AssertionError):
        deviations(slow, living, network, qnnq)
    ids = [qnnq("collect", each, "--json", "-").json()["task_id"] for each in (run, slow)]
    assert ids[0] != ids[1]

"""A machine whose noise nobody knows: calibrated, predicted, and corrected for."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, connect
from loopback import Machine, Server

from qnnq.cli.main import main
from qnnq.networks.file import write_network
from qnnq.networks.network import Network

IMAGES, FEW, SHOTS = 15, 5, 80  # one image after the other is what takes time
MODEL = "mnist16-a0.5"


def strange_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Connect to a machine that reports good calibration data and has another, strong noise."""
    from qiskit_aer.noise import NoiseModel, ReadoutError, amplitude_damping_error
    from qiskit_ibm_runtime.fake_provider import FakeJakartaV2

    noise = NoiseModel(basis_gates=["sx", "x", "rz", "cx"])
    for qubit in range(7):
        noise.add_quantum_error(amplitude_damping_error(0.02 * (1 + qubit)), "sx", [qubit])
        low, high = 0.02 + 0.01 * qubit, 0.22 - 0.02 * qubit
        noise.add_readout_error(ReadoutError([[1 - low, low], [high, 1 - high]]), [qubit])
    (folder / "service").mkdir()
    machine = Machine("ibm_jakarta", FakeJakartaV2(), noise, seed=5)
    server = Server(folder / "service", [machine])
    connect(server, folder / "home", monkeypatch)
    return server


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The strange machine before anybody asked it."""
    server = strange_server(tmp_path, monkeypatch)
    yield server
    server.stop()


@dataclass(frozen=True)
class Twin:
    """A strange machine that was calibrated."""

    server: Server
    response: Path
    calibrate: tuple[object, ...]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """The strange machine, calibrated once for all tests of its twin."""
    folder = tmp_path_factory.mktemp("twin")
    response = folder / "response.json"
    calibrate = (
        *("calibrate", MODEL, "--device", "ibm_jakarta", "--copies", 1, "--shots", 8000),
        *("--out", response, "--run", folder / "calibration", "--yes"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        server = strange_server(folder, patch)
        assert main([str(word) for word in calibrate]) == 0
        assert len(server.store.events("billed")) == 1  # all qubits and angles in one job
        yield Twin(server, response, calibrate)
        server.stop()


def single_shot(document: dict[str, dict[str, dict[str, float]]]) -> float:
    return document["accuracy"]["single_shot"]["value"]


def test_a_calibrated_twin_predicts_the_machine(twin: Twin, tmp_path: Path, qnnq: Command) -> None:
    response = twin.response
    images = ("--images", f"0:{IMAGES}")
    submit = ("submit", MODEL, "--device", "ibm_jakarta", *images, "--shots", SHOTS, "--copies", 1)
    assert qnnq(*submit, "--run", tmp_path / "plain", "--yes", "--wait").code == 0
    collected = qnnq("collect", tmp_path / "plain", "--json", "-").json()
    found = single_shot(collected)
    assert not collected["prediction"]["agrees"]  # it is not as its calibration data say

    run = ("run", MODEL, *images, "--shots", 1000, "--json", "-")
    answer = qnnq(*run, "--noise", f"measured:{response}")
    assert answer.code == 0, answer.err
    predicted = single_shot(answer.json())
    believed = single_shot(qnnq(*run, "--noise", "fake_jakarta").json())
    # False alarm below 1e-6: 5 standard deviations of 1,200 shots; the shots of one image are
    # independent, so their spread is at most binomial. The calibration's own error (8,000 shots
    # an angle, 0.56 % at most on each neuron) may move the prediction by another per cent.
    bound = 5 * math.sqrt(predicted * (1 - predicted) / (IMAGES * SHOTS)) + 0.01
    assert abs(found - predicted) < bound
    assert believed - predicted > 2 * bound  # the reported calibration data would mislead

    corrected = ("--compensate", "--response", response)
    few = ("--images", f"0:{FEW}")
    answer = qnnq(*submit, *few, "--run", tmp_path / "better", "--yes", "--wait", *corrected)
    assert answer.code == 0, answer.err
    document = qnnq("collect", tmp_path / "better", "--json", "-").json()
    assert 0 < document["out_of_reach"] < 1
    answer = qnnq(*run, *few, "--noise", f"measured:{response}", "--compensate")
    wanted = single_shot(answer.json())
    bound = 5 * math.sqrt(wanted * (1 - wanted) / (FEW * SHOTS)) + 0.01
    assert abs(single_shot(document) - wanted) < bound


def test_a_response_of_another_device(strange: Server, tmp_path: Path, qnnq: Command) -> None:
    response = tmp_path / "response.json"
    run = tmp_path / "calibration"
    calibrate = ("calibrate", MODEL, "--shots", 10, "--out", response, "--copies", 1)
    assert qnnq(*calibrate, "--device", "fake_lagos", "--run", run).code == 0
    assert qnnq(*calibrate, "--device", "fake_lagos", "--run", run).code == 0  # goes on, is done
    submit = ("submit", MODEL, "--device", "ibm_jakarta", "--images", "0:2", "--yes")
    answer = qnnq(*submit, "--run", tmp_path / "x", "--compensate", "--response", response)
    assert answer.code == 2
    assert "the response of fake_lagos: expected that of ibm_jakarta" in answer.err
    answer = qnnq(*submit, "--run", tmp_path / "x", "--response", response)
    assert answer.code == 2
    assert "--response: expected --compensate" in answer.err
    answer = qnnq(*calibrate, "--device", "fake_jakarta", "--run", run)
    assert answer.code == 2
    assert "holds another run" in answer.err
    answer = qnnq("collect", run)
    assert answer.code == 2
    assert "a calibration" in answer.err
    assert not strange.store.jobs()


def test_a_twin_is_judged_by_images_that_it_predicted(twin: Twin, qnnq: Command) -> None:
    """Five of the interval's standard deviations: false-alarm rate 6e-7."""
    calibrate = (*twin.calibrate, "--check", "0:40", "--check-shots", 10, "--json", "-")
    answer = qnnq(*calibrate)
    assert answer.code == 0, answer.err
    document = answer.json()
    predicted = document["whole"]["predicted"]
    deviation = (predicted["high"] - predicted["low"]) / (2 * 1.959964)
    # Shots of one image are independent: at most binomial, and the calibration's error beside it.
    assert deviation < math.sqrt(0.25 / 400) + 0.01
    assert abs(document["whole"]["measured"] - predicted["value"]) < 5 * deviation
    assert [part["images"] for part in document["parts"]] == [4] * 10
    collected = single_shot(qnnq("collect", document["run"], "--json", "-").json())
    assert collected == pytest.approx(document["whole"]["measured"])

    run = ("run", MODEL, "--images", "0:40", "--shots", 2000, "--noise", "fake_jakarta")
    believed = single_shot(qnnq(*run, "--json", "-").json())
    assert believed > predicted["high"]  # the reported calibration data would mislead

    jobs = len(twin.server.store.jobs())
    again = qnnq(*calibrate)
    assert again.json() == document
    assert len(twin.server.store.jobs()) == jobs


def test_a_check_needs_one_list_of_sites(tmp_path: Path, qnnq: Command) -> None:
    calibrate = ("calibrate", MODEL, "--device", "fake_lagos", "--shots", 8, "--copies", 1)
    answer = qnnq(*calibrate, "--out", tmp_path / "r.json", "--json", "-")
    assert answer.code == 2
    assert "--json: expected --check" in answer.err


def small_network(path: Path, **physics: Any) -> Path:
    """Two layers of three neurons for MNIST, whose accuracy is of no interest."""
    random = np.random.default_rng(1)
    shapes = ((3, 784), (3, 3), (10, 3))
    weights = tuple(random.normal(size=shape).astype(np.float32) for shape in shapes)
    write_network(Network(weights, stretch=1.0, **physics), path)
    return path


@pytest.mark.parametrize(
    "wrong",
    [
        ("--check", "abc"),
        ("--check", "0:40", "--check-shots", 0),
        ("--check", "0:9000", "--budget", 30),
    ],
)
def test_a_check_that_cannot_be_run_is_refused_before_the_calibration_is_paid(
    wrong: tuple[str | int, ...], strange: Server, tmp_path: Path, qnnq: Command
) -> None:
    calibrate = ("calibrate", MODEL, "--device", "ibm_jakarta", "--run", tmp_path / "calibration")
    answer = qnnq(*calibrate, "--out", tmp_path / "response.json", "--yes", *wrong)
    assert answer.code == 2
    assert "expected" in answer.err
    assert not strange.store.jobs()


def test_a_check_of_several_angles_is_refused_before_the_calibration_is_paid(
    strange: Server, tmp_path: Path, qnnq: Command
) -> None:
    file = small_network(tmp_path / "two.safetensors", entanglement=1.0, last_projective=True)
    calibrate = ("calibrate", file, "--device", "ibm_jakarta", "--run", tmp_path / "calibration")
    answer = qnnq(*calibrate, "--out", tmp_path / "r.json", "--yes", "--check", "0:4")
    assert answer.code == 2
    assert "--check: expected a network whose layers have one entanglement angle" in answer.err
    assert not strange.store.jobs()


def test_a_check_of_fewer_images_than_fit_side_by_side(
    strange: Server, tmp_path: Path, qnnq: Command
) -> None:
    file = small_network(tmp_path / "small.safetensors")
    calibrate = ("calibrate", file, "--device", "ibm_jakarta", "--run", tmp_path / "calibration")
    answer = qnnq(*calibrate, "--out", tmp_path / "r.json", "--yes", "--check", "5", "--json", "-")
    assert answer.code == 0, answer.err
    assert answer.json()["whole"]["images"] == 1


def test_a_check_takes_images_of_own_data(strange: Server, tmp_path: Path, qnnq: Command) -> None:
    random = np.random.default_rng(1)
    weights = tuple(
        random.normal(size=shape).astype(np.float32) for shape in ((3, 4), (3, 3), (2, 3))
    )
    write_network(Network(weights, stretch=1.0), tmp_path / "own.safetensors")
    data = tmp_path / "own.npz"
    np.savez(data, images=random.random((6, 4)), labels=np.arange(6) % 2)
    calibrate = (
        *("calibrate", tmp_path / "own.safetensors", "--device", "ibm_jakarta", "--yes"),
        *("--run", tmp_path / "calibration", "--out", tmp_path / "r.json", "--check", "0:6"),
    )
    answer = qnnq(*calibrate)
    assert answer.code == 2
    assert "--data FILE takes your own" in answer.err
    assert not strange.store.jobs()
    answer = qnnq(*calibrate, "--data", data, "--json", "-")
    assert answer.code == 0, answer.err
    assert answer.json()["whole"]["images"] == 6

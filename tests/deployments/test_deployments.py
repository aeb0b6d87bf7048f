"""Whatever puts a network somewhere is asked the same things, and says what it is by content."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from qiskit.transpiler import InstructionProperties

from qnnq.data.dataset import Dataset
from qnnq.data.load import load_data
from qnnq.deployments.prediction import PREDICTED_SHOTS
from qnnq.devices.device import Device, OfBackend
from qnnq.devices.names import resolve_device
from qnnq.devices.objects import TargetBackend
from qnnq.devices.snapshot import snapshot_of
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.shot_loop import run_shots
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.planning import plan_run
from qnnq.networks.bundled import load_model
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy, deployment_of
from qnnq.runs.request import RunRequest

KINDS = {
    "ideal": {"engine": "ideal", "noise": "ideal"},
    "stepwise": {"noise": "fake_lagos"},
    "coherent": {"noise": "fake_lagos", "mode": "coherent"},
}
CHANGES = [
    {"noise": "fake_lagos*2"},
    {"noise": "fake_lagos(readout=off)"},
    {"noise": "fake_jakarta"},
    {"strength": 1.5},
    {"qubits": "0,1"},
    {"copies": 2},
    {"pairs": 1},
    {"pairs": 1, "pair_gate": "cz"},
    {"compensate": True},
    {"mode": "coherent"},
    {"mode": "coherent", "feedback_latency": "3us"},
    {"mode": "coherent", "recycling": "reset"},
]


def network(seed=0, entanglement=math.pi / 2):
    random = np.random.default_rng(seed)
    weights = tuple(random.normal(size=shape) for shape in [(2, 3), (2, 2)])
    return Network(weights, stretch=0.5, entanglement=entanglement)


def identity(request, find=resolve_device, seed=0):
    return json.dumps(deployment_of(request, network(seed), find).identity(), sort_keys=True)


@pytest.mark.parametrize("kind", KINDS)
def test_an_identity_is_found_without_compiling(kind, monkeypatch):
    def compiles(*arguments, **options):
        raise AssertionError("compiled")

    for name in ("compilation.compile_layer", "living.compile_network"):
        monkeypatch.setattr(f"qnnq.deployments.{name}", compiles)
    monkeypatch.setattr("qnnq.deployments.compilation.build_channels", compiles)
    request = RunRequest(**KINDS[kind])
    assert identity(request) == identity(request)
    assert identity(request) != identity(request, seed=1)  # other weights
    if kind != "ideal":
        with pytest.raises(AssertionError, match="compiled"):
            deploy(request, network(entanglement=1.0567))  # of which nothing is kept yet


def test_all_that_changes_circuits_or_noise_changes_the_identity():
    requests = [RunRequest(**KINDS["stepwise"] | change) for change in [{}, *CHANGES]]
    assert len({identity(request) for request in requests}) == len(requests)


def test_one_number_of_the_calibration_changes_the_identity():
    """Also where the device says that it was calibrated at the same time."""
    lagos = resolve_device("fake_lagos")

    def recalibrated(error):
        target = snapshot_of(lagos.target, "fake_lagos", None).target()
        found = target["sx"][(5,)]
        target.update_instruction_properties(
            "sx", (5,), InstructionProperties(found.duration, error)
        )
        source = OfBackend(TargetBackend(target, "fake_lagos"))
        return Device("fake_lagos", source, lagos.calibration, "simulated", lagos.limits)

    error = lagos.target["sx"][(5,)].error
    request = RunRequest(noise="fake_lagos", qubits="0,1")  # which does not use qubit 5
    same = identity(request, lambda name: recalibrated(error))
    assert identity(request, lambda name: recalibrated(error)) == same
    assert identity(request, lambda name: recalibrated(2 * error)) != same


def test_hardware_is_predicted_with_the_waits_of_its_circuits():
    """The same random numbers as a run of the deployment, so the same accuracy to the last shot."""
    request = HardwareRequest("mnist16-a0.5-g3pi8", "fake_torino", images="0:30", copies=1)
    (choice,) = plan_run(request).choices
    deployed = deploy(RunRequest(noise="fake_torino"), load_model(request.model))
    assert any(item.operation.name == "delay" for item in deployed.layers[0].circuit.data)
    count = 1000
    data = _test_images(count)
    mode = Stepwise(deployed.engine("instrument"), deployed.network.entanglements)
    votes = run_shots(
        deployed.network, data.images, np.arange(count), mode, PREDICTED_SHOTS, seed=0
    )
    right = votes.counts[np.arange(count), data.labels].sum() / (count * PREDICTED_SHOTS)
    assert choice.accuracy == right == deployed.predicted(data)


def _test_images(count):
    data = load_data("mnist-test")
    return Dataset(data.images[:count], data.labels[:count], "some")


def test_a_prediction_leaves_compensation_out():
    data = _test_images(20)
    plain = deploy(RunRequest(noise="fake_torino*5"), load_model("mnist16-a0.5"))
    assert replace(plain, compensate=True).predicted(data) == plain.predicted(data)

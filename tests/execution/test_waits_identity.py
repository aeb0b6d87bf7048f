"""Waits are part of what a task measured: results of before they were modelled stay apart."""

import pytest

from qnnq.deployments.compilation import compile_layers, scheduled
from qnnq.deployments.placement import Placement
from qnnq.devices.names import resolve_device
from qnnq.networks.bundled import load_model
from qnnq.results.task import Task
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare


def test_a_task_says_whether_its_circuits_have_waits():
    device = resolve_device("fake_torino")
    placement = Placement(device)
    task = Task(network="", engine="instrument", shots=1, seed=0)
    for model, waits in (("mnist16-a0.5", False), ("mnist16-a0.5-g3pi8", True)):
        plain = compile_layers(load_model(model), placement)
        timed = [scheduled(device, layer) for layer in plain]
        assert any(item.operation.name == "delay" for item in timed[0].circuit.data) == waits
        before, now = (placement.placed(task, layers).circuits for layers in (plain, timed))
        assert (before != now) == waits


@pytest.mark.parametrize(
    ("noise", "model", "waits"),
    [
        ("fake_torino + zz(rate=50kHz)", "mnist16-a0.5-g3pi8", "coupled"),
        ("fake_torino(idle=off) + zz(rate=50kHz)", "mnist16-a0.5-g3pi8", None),
        ("fake_torino + zz(rate=50kHz)", "mnist16-a0.5", None),  # nothing waits
        ("fake_torino", "mnist16-a0.5-g3pi8", None),
    ],
)
def test_a_task_says_whether_a_coupling_turns_what_relaxes(noise, model, waits):
    request = RunRequest(model, images="0:2", shots=1, noise=noise)
    assert prepare(request).task.waits == waits

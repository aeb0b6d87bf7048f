"""Waits are part of what a task measured: results of before they were modelled stay apart."""

from qnnq.devices.names import resolve_device
from qnnq.execution.compilation import compile_network, scheduled
from qnnq.execution.placement import Placement
from qnnq.networks.bundled import load_model
from qnnq.results.task import Task


def test_a_task_says_whether_its_circuits_have_waits():
    device = resolve_device("fake_torino")
    placement = Placement(device)
    task = Task(network="", engine="instrument", shots=1, seed=0)
    for model, waits in (("mnist16-a0.5", False), ("mnist16-a0.5-g3pi8", True)):
        plain = compile_network(load_model(model), placement)
        timed = [scheduled(device, layer) for layer in plain]
        assert any(item.operation.name == "delay" for item in timed[0].circuit.data) == waits
        before, now = (placement.placed(task, layers).circuits for layers in (plain, timed))
        assert (before != now) == waits

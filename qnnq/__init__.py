"""Train, deploy and stress naturally quantized neural networks on noisy quantum devices.

What a user needs is here; each name is loaded when it is first used:

    import qnnq

    request = qnnq.RunRequest("mnist16-a0.5", noise="fake_kingston*2", images="0:1000")
    result = qnnq.run(request)              # counts of every image; see RunResult
    result.to_json()["accuracy"]            # with 95 % intervals
    result.to_dataframe()                   # a row an image, where pandas is installed

    qnnq.run_sweep("sweep.toml", "results.sqlite")
    points = qnnq.read_results("results.sqlite", ["network=mnist16-a0.5"])
    points[0].accuracy("majority")
    qnnq.to_dataframe(points)               # a row a point

Networks and data:
    load_network: A bundled network by name, or a file. Network, write_network: to make one.
    from_torch: The network of a torch module, or of its weights.
    load_data: A bundled data set by name, or a file. Dataset.

Devices:
    resolve_device: A Device by name: a bundled snapshot, or a machine as it is calibrated now.

Runs and sweeps:
    RunRequest, run, RunResult, Task: One run, what it found, and what identifies it.
    run_sweep, read_results: Many runs from one file; the points of a results file.
    to_dataframe: Points as a pandas DataFrame.

Errors:
    QnnqError: What went wrong, in one line. InputError: Bad input. (Noise specifications and
    circuits raise `noise_models.NoiseError` and `transpile.TranspileError`.)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qnnq.data.dataset import Dataset
    from qnnq.data.load import load_data
    from qnnq.devices.device import Device
    from qnnq.devices.names import resolve_device
    from qnnq.errors import InputError, QnnqError
    from qnnq.execution.request import RunRequest
    from qnnq.execution.run import run
    from qnnq.networks.bundled import load_model as load_network
    from qnnq.networks.file import write_network
    from qnnq.networks.imports import from_torch
    from qnnq.networks.network import Network
    from qnnq.results.points import read_points as read_results
    from qnnq.results.result import RunResult
    from qnnq.results.tables import to_dataframe
    from qnnq.results.task import Task
    from qnnq.sweep.runner import run_sweep

    __version__: str

_MODULES = {
    "Dataset": "qnnq.data.dataset",
    "Device": "qnnq.devices.device",
    "InputError": "qnnq.errors",
    "Network": "qnnq.networks.network",
    "QnnqError": "qnnq.errors",
    "RunRequest": "qnnq.execution.request",
    "RunResult": "qnnq.results.result",
    "Task": "qnnq.results.task",
    "from_torch": "qnnq.networks.imports",
    "load_data": "qnnq.data.load",
    "load_network": "qnnq.networks.bundled:load_model",
    "read_results": "qnnq.results.points:read_points",
    "resolve_device": "qnnq.devices.names",
    "run": "qnnq.execution.run",
    "run_sweep": "qnnq.sweep.runner",
    "to_dataframe": "qnnq.results.tables",
    "write_network": "qnnq.networks.file",
}
"""The module of each name, and what it is called there if otherwise."""

__all__ = [
    "Dataset",
    "Device",
    "InputError",
    "Network",
    "QnnqError",
    "RunRequest",
    "RunResult",
    "Task",
    "__version__",
    "from_torch",
    "load_data",
    "load_network",
    "read_results",
    "resolve_device",
    "run",
    "run_sweep",
    "to_dataframe",
    "write_network",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("qnnq")
    if name not in _MODULES:
        raise AttributeError(f"module 'qnnq' has no attribute {name!r}")
    module, _, own_name = _MODULES[name].partition(":")
    found = getattr(import_module(module), own_name or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

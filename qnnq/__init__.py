"""Train, deploy and stress naturally quantized neural networks on noisy quantum devices.

What a user needs is here; each name is loaded when it is first used. Objects go in wherever words
do:

    >>> import qnnq
    >>> network = qnnq.load_network("mnist16-a0.5")
    >>> request = qnnq.RunRequest(network, noise="fake_kingston*2", images=range(200))
    >>> result = qnnq.run(request)              # counts of every image; see RunResult
    >>> result.accuracy("majority").value > 0.5  # with .low and .high, its 95 % interval
    True
    >>> result.confusion().sum()
    np.int64(200)
    >>> network.predict(qnnq.load_data("mnist-test").images[:3], seed=1).tolist()
    [7, 2, 1]

A sweep takes many runs from one file, and a machine takes a run as jobs:

    qnnq.run_sweep("sweep.toml", "results.sqlite")
    points = qnnq.read_results("results.sqlite", ["network=mnist16-a0.5"])
    qnnq.plot(points, "strength")           # into axes of matplotlib
    qnnq.to_dataframe(points)               # a row a point

    request = qnnq.HardwareRequest("mnist16-a0.5", "ibm_kingston", images="0:100", shots=10)
    qnnq.estimate(request)
    qnnq.submit(request, "run", budget_s=60)
    qnnq.collect("run").accuracy("majority")

Networks and data:
    load_network: A bundled network by name, or a file. Network, write_network: to make one.
    train, TrainingSettings: Train a network with torch.
    from_torch, import_network: The network of a torch module, or of a file of weights.
    load_data: A bundled data set by name, or a file. Dataset.
    States, State: Labelled quantum states, each by the circuits that prepare it.

Devices:
    resolve_device: A Device by name: a bundled snapshot, or a machine as it is calibrated now.

Runs and sweeps:
    RunRequest, run, RunResult, Task: One run, what it found, and what identifies it.
    run_sweep, read_results: Many runs from one file; the points of a results file.
    to_dataframe, plot, report: Points as a pandas DataFrame, in axes, as one HTML page.

    InstrumentSampler: The exact noisy engine as a sampler of Qiskit, for circuits of small groups.

Jobs on machines:
    HardwareRequest, estimate: A run on a machine, and what it would cost.
    submit, resume, collect: Its jobs, and the results that they have.
    calibrate: How a device's qubits answer, as a noise.
    Provider, Tariff: Who offers devices of their own, and what they charge.

Noise from counts:
    FitRequest, fit: A noise with free parameters, and what the counts say of it.

Errors:
    QnnqError: What went wrong, in one line. InputError: Bad input. (Noise specifications and
    circuits raise `noise_models.NoiseError` and `transpile.TranspileError`.)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qnnq.data.dataset import Dataset
    from qnnq.data.load import load_data
    from qnnq.data.states.dataset import State, States
    from qnnq.devices.device import Device, Provider
    from qnnq.devices.names import resolve_device
    from qnnq.devices.tariff import Tariff
    from qnnq.errors import InputError, QnnqError
    from qnnq.figures.curves import plot
    from qnnq.fitting.fit import fit
    from qnnq.fitting.request import FitRequest
    from qnnq.jobs.hardware_request import HardwareRequest
    from qnnq.jobs.verbs import calibrate, collect, estimate, resume, submit
    from qnnq.networks.bundled import load_model as load_network
    from qnnq.networks.file import write_network
    from qnnq.networks.imports import from_torch, import_network
    from qnnq.networks.network import Network
    from qnnq.report.build import build_page as report
    from qnnq.results.points import read_points as read_results
    from qnnq.results.result import RunResult
    from qnnq.results.tables import to_dataframe
    from qnnq.results.task import Task
    from qnnq.runs.request import RunRequest
    from qnnq.runs.run import run
    from qnnq.runs.sampler import InstrumentSampler
    from qnnq.sweep.runner import run_sweep
    from qnnq.training.settings import TrainingSettings
    from qnnq.training.trainer import train

    __version__: str

_MODULES = {
    "FitRequest": "qnnq.fitting.request",
    "calibrate": "qnnq.jobs.verbs",
    "fit": "qnnq.fitting.fit",
    "HardwareRequest": "qnnq.jobs.hardware_request",
    "TrainingSettings": "qnnq.training.settings",
    "collect": "qnnq.jobs.verbs",
    "estimate": "qnnq.jobs.verbs",
    "import_network": "qnnq.networks.imports",
    "plot": "qnnq.figures.curves",
    "report": "qnnq.report.build:build_page",
    "resume": "qnnq.jobs.verbs",
    "submit": "qnnq.jobs.verbs",
    "train": "qnnq.training.trainer",
    "Dataset": "qnnq.data.dataset",
    "Device": "qnnq.devices.device",
    "InputError": "qnnq.errors",
    "InstrumentSampler": "qnnq.runs.sampler",
    "Network": "qnnq.networks.network",
    "Provider": "qnnq.devices.device",
    "QnnqError": "qnnq.errors",
    "RunRequest": "qnnq.runs.request",
    "RunResult": "qnnq.results.result",
    "State": "qnnq.data.states.dataset",
    "States": "qnnq.data.states.dataset",
    "Tariff": "qnnq.devices.tariff",
    "Task": "qnnq.results.task",
    "from_torch": "qnnq.networks.imports",
    "load_data": "qnnq.data.load",
    "load_network": "qnnq.networks.bundled:load_model",
    "read_results": "qnnq.results.points:read_points",
    "resolve_device": "qnnq.devices.names",
    "run": "qnnq.runs.run",
    "run_sweep": "qnnq.sweep.runner",
    "to_dataframe": "qnnq.results.tables",
    "write_network": "qnnq.networks.file",
}
"""The module of each name, and what it is called there if otherwise."""

__all__ = [
    "Dataset",
    "Device",
    "FitRequest",
    "HardwareRequest",
    "InputError",
    "InstrumentSampler",
    "Network",
    "Provider",
    "QnnqError",
    "RunRequest",
    "RunResult",
    "State",
    "States",
    "Tariff",
    "Task",
    "TrainingSettings",
    "__version__",
    "calibrate",
    "collect",
    "estimate",
    "fit",
    "from_torch",
    "import_network",
    "load_data",
    "load_network",
    "plot",
    "read_results",
    "report",
    "resolve_device",
    "resume",
    "run",
    "run_sweep",
    "submit",
    "to_dataframe",
    "train",
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

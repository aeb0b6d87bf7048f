"""A run whose circuits an earlier process compiled is the run that compiles them."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qnnq.deployments.identity import compiler
from qnnq.deployments.site_errors import site_errors
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.networks.file import write_network
from qnnq.networks.network import Network
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.storage.cache import VARIABLE
from transpile import Group

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, size=(20, 3), dtype=np.uint8)


def network(entanglement=math.pi / 2, **options):
    random = np.random.default_rng(1)
    weights = tuple(random.normal(size=shape) for shape in [(2, 3), (3, 2), (2, 3)])
    return Network(weights, stretch=0.5, entanglement=entanglement, **options)


def given_noise():
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.05, 1), ["sx", "x"])
    model.add_all_qubit_readout_error([[0.97, 0.03], [0.06, 0.94]])
    return model


WEAK = network(1.0)
LINEAR = network(1.0, activation="linear")
REQUESTS = {
    "projective": (network(), {}),
    "weak": (WEAK, {"copies": 2}),
    "gate pairs": (network(), {"pairs": 2, "pair_gate": "cz"}),
    "coupled": (network(), {"noise": "fake_guadalupe + zz(rate=20khz)", "pairs": 1}),
    "compensated": (network(), {"compensate": True}),
    "exact": (network(), {"engine": "exact"}),
    "drifting": (network(), {"noise": "fake_guadalupe + drift(sigma=0.2, time=1s)"}),
    "correlated readout": (network(), {"noise": "correlated_readout(p=0.02)"}),
    "coherent": (WEAK, {"mode": "coherent"}),
    "branches": (LINEAR, {"mode": "coherent", "recycling": "reset"}),
    "aer": (network(), {"engine": "aer", "shots": 3}),
    "given": (network(), {"noise": given_noise()}),
}


@pytest.fixture
def on(tmp_path, monkeypatch):
    """Turn the cache on."""
    return lambda: monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))


def run(network, options):
    options = {"noise": "fake_guadalupe", "device": "fake_guadalupe", "shots": 9, **options}
    return prepare(RunRequest(network, data=(IMAGES, np.arange(20) % 2), **options)).execute()


@pytest.mark.parametrize("name", REQUESTS)
def test_counts_and_ids_are_those_without(name, on, monkeypatch):
    network, options = REQUESTS[name]
    alone = run(network, options)
    on()
    results = [alone, run(network, options)]
    if name == "given":
        monkeypatch.setattr("qnnq.execution.engines.response.layer_response", None)
    elif name not in ("drifting", "correlated readout", "aer"):  # which take circuits every time
        monkeypatch.setattr("qnnq.deployments.compilation.compile_layers", None)
        monkeypatch.setattr("qnnq.deployments.living.compile_living", None)
    results.append(run(network, options))
    assert len({result.task_id for result in results}) == 1
    for result in results[1:]:
        assert result.task == alone.task
        if name == "exact":
            assert (result.probabilities == alone.probabilities).all()
        else:
            assert (result.counts == alone.counts).all()
            assert (result.softmax_sums == alone.softmax_sums).all()


def test_errors_of_sites_are_those_without(on, monkeypatch):
    device = resolve_device("fake_guadalupe")
    groups = [*(Group((qubit,)) for qubit in range(5)), Group((0,), (1,)), Group((3,), (2,))]

    def errors():
        site_errors.cache_clear()
        return site_errors(device, 1.0, wait=1e-6).by_neuron(groups)

    alone = errors()
    on()
    assert errors() == alone
    monkeypatch.setattr("qnnq.deployments.site_errors.SiteErrors._errors", None)
    assert errors() == alone


def test_the_source_of_tasks_is_part_of_what_identifies_them(monkeypatch):
    """What is kept of a task has its fields: with others it is another entry."""
    before, read = compiler(), Path.read_bytes

    def edited(path):
        return read(path) + b"#" * (path.parts[-2:] == ("results", "task.py"))

    monkeypatch.setattr(Path, "read_bytes", edited)
    compiler.cache_clear()
    after = compiler()
    compiler.cache_clear()
    assert after["source"] != before["source"]


def test_what_does_not_fit_is_refused_again(on):
    on()
    for _ in range(2):
        with pytest.raises(InputError, match="joins neurons of several copies|ZZ"):
            run(network(), {"noise": "zz(rate=20khz)", "qubits": "0,1,2,3,4,5", "copies": 2})


def test_a_run_that_was_made_before_imports_no_qiskit(on, tmp_path):
    on()
    write_network(network(), tmp_path / "net.safetensors")
    np.savez(tmp_path / "data.npz", images=IMAGES, labels=np.arange(20) % 2)
    code = (
        "import sys; from qnnq.cli.main import main;"
        "assert main(['run', 'net.safetensors', '--data', 'data.npz']) == 0;"
        "unwanted = {'qiskit', 'qiskit_aer', 'qiskit_ibm_runtime', 'pydantic', 'torch'};"
        "print(sorted(unwanted & sys.modules.keys()))"
    )
    for expected in ("'qiskit'", "[]"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert expected in done.stdout.splitlines()[-1]

"""Devices by name, whoever offers them."""

from collections.abc import Iterator

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2

from qnnq.devices.device import PROVIDERS, Device, Provider, register
from qnnq.devices.names import device_kind, device_names, names_in, resolve_device
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError
from qnnq.execution.request import RunRequest
from qnnq.execution.run import prepare
from qnnq.networks.file import write_network
from qnnq.networks.network import Network

NAME = "generic_backend_4q"


@pytest.fixture
def vendor() -> Iterator[Provider]:
    """A provider that this project does not know, with one device of four qubits."""

    def find(name: str, limits: ServiceLimits) -> Device:
        backend = GenericBackendV2(4, basis_gates=["cz", "rz", "sx", "x"], seed=1)
        return Device.of(backend, "simulated", limits, None)

    provider = Provider("generic_...", "simulated", NAME.__eq__, lambda: [NAME], find)
    register(provider)
    yield provider
    PROVIDERS.remove(provider)


def test_a_network_runs_on_the_device_of_a_registered_provider(vendor, tmp_path):
    rng = np.random.default_rng(0)
    network = Network(tuple(rng.normal(size=shape) for shape in ((4, 5), (3, 4))), stretch=0.5)
    write_network(network, tmp_path / "net.safetensors")
    images = rng.integers(0, 256, size=(4, 5), dtype=np.uint8)
    np.savez(tmp_path / "data.npz", images=images, labels=np.arange(4) % 3)
    request = RunRequest(
        model=str(tmp_path / "net.safetensors"), data=str(tmp_path / "data.npz"), noise=NAME
    )
    prepared = prepare(request)
    assert prepared.deployment.placement.device.name == NAME
    assert prepared.deployment.placement.device.calibration is None
    target = prepared.deployment.placement.device.target
    for qubit, matrix in prepared.deployment.channels[0].readout_errors.items():
        assert np.isclose(1 - matrix[0, 0], target["measure"][(qubit,)].error)
    assert (prepared.execute().counts.sum(axis=1) == request.shots).all()
    assert NAME in device_names()


def test_a_snapshot_is_one_device(vendor):
    assert resolve_device("fake_kingston") is resolve_device("fake_kingston")
    assert resolve_device(NAME) is not resolve_device(NAME)  # its provider remembers nothing


def test_who_offers_a_name():
    assert device_kind("ibm_kingston") == "machine"  # without asking anybody
    assert device_kind("fake_kingston") == "simulated"
    assert names_in("ibm_x(readout=off)*2 + readout(p=0.1) + fake_torino") == [
        "ibm_x",
        "fake_torino",
    ]
    for name in ("kingston", "fake_kingstn", ""):
        with pytest.raises(InputError, match=rf"device '{name}': expected fake_\.\.\. or ibm_"):
            device_kind(name)

"""Devices by name, whoever offers them."""

from collections.abc import Iterator

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2

from noise_models import NoiseError
from qnnq.cli.main import main
from qnnq.devices.device import Device, Provider
from qnnq.devices.names import device_kind, device_names, names_in, resolve_device
from qnnq.devices.providers import providers
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError
from qnnq.networks.file import write_network
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare

NAME = "generic_backend_4q"


class Vendor:
    """Offers one device of four qubits, whose errors are drawn anew with each calibration."""

    calibrations = 1

    def find(self, name: str, limits: ServiceLimits, instance: str | None) -> Device:
        backend = GenericBackendV2(4, basis_gates=["cz", "rz", "sx", "x"], seed=self.calibrations)
        return Device.of(backend, "simulated", limits)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A provider that this project does not know."""
    vendor = Vendor()
    provider = Provider("generic_...", "simulated", NAME.__eq__, lambda: [NAME], vendor.find)
    providers().append(provider)
    yield vendor
    providers().remove(provider)


@pytest.fixture
def request_of_vendor(vendor, tmp_path) -> RunRequest:
    """A small network on the vendor's device."""
    rng = np.random.default_rng(0)
    network = Network(tuple(rng.normal(size=shape) for shape in ((4, 5), (3, 4))), stretch=0.5)
    write_network(network, tmp_path / "net.safetensors")
    images = rng.integers(0, 256, size=(4, 5), dtype=np.uint8)
    np.savez(tmp_path / "data.npz", images=images, labels=np.arange(4) % 3)
    return RunRequest(
        model=str(tmp_path / "net.safetensors"), data=str(tmp_path / "data.npz"), noise=NAME
    )


def test_a_network_runs_on_the_device_of_a_registered_provider(request_of_vendor):
    request = request_of_vendor
    prepared = prepare(request)
    assert prepared.deployment.placement.device.name == NAME
    assert prepared.deployment.placement.device.calibration is None
    target = prepared.deployment.placement.device.target
    for qubit, matrix in prepared.deployment.channels[0].readout_errors.items():
        assert np.isclose(1 - matrix[0, 0], target["measure"][(qubit,)].error)
    assert (prepared.execute().counts.sum(axis=1) == request.shots).all()
    assert NAME in device_names()


def test_a_new_calibration_is_seen_in_the_same_process(vendor, request_of_vendor):
    """Nothing that was compiled or built for the old one is used again."""

    def readout() -> list[float]:
        (channels,) = prepare(request_of_vendor).deployment.channels
        return sorted(matrix[0, 1] for matrix in channels.readout_errors.values())

    before = readout()
    assert readout() == before
    vendor.calibrations += 1
    errors = resolve_device(NAME).target["measure"].values()
    assert readout() == pytest.approx(sorted(properties.error for properties in errors))
    assert readout() != before


@pytest.mark.parametrize("entanglement", [np.pi / 2, 1.0])
@pytest.mark.parametrize(
    ("noise", "lacks"),
    [
        ("ideal", ""),
        ("depolarizing(p1=1e-3, p2=1e-2) + readout(p=0.02)", ""),
        ("device", "sx on qubit .lacks its (gate error|duration)"),
        ("device(idle=off)", "sx on qubit .lacks its gate error"),
        ("device(gate=off, idle=off, relaxation=off)", "measure on qubit .lacks its readout"),
        ("relaxation(t1=100us, t2=50us)", "sx on qubit .lacks its duration"),
    ],
)
def test_a_device_without_calibration_costs_what_the_noise_needs(noise, lacks, entanglement):
    backend = GenericBackendV2(8, basis_gates=["cz", "rz", "sx", "x"], noise_info=False)
    network = Network((np.eye(4), np.ones((2, 4))), stretch=0.5, entanglement=entanglement)
    request = RunRequest(noise=noise, device=backend)
    if not lacks:
        assert len(deploy(request, network).layers[0].sites) == 4
        return
    with pytest.raises(NoiseError, match=lacks.replace("lacks", ": the device.* lacks")):
        deploy(request, network)


def test_a_snapshot_is_one_device(vendor):
    assert resolve_device("fake_kingston") is resolve_device("fake_kingston")
    assert resolve_device(NAME) is not resolve_device(NAME)  # its provider remembers nothing


def test_help_names_all_who_offer_devices(capsys):
    assert main(["submit", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(provider.example in said for provider in providers())


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

"""The snapshots of the installed client, read without it."""

import subprocess
import sys

import pytest
from qiskit_ibm_runtime import fake_provider

from qnnq.devices.device import OfBackend
from qnnq.devices.names import resolve_device
from qnnq.devices.snapshot import snapshot_of
from qnnq.vendors.local.fake import fake_folders

CLASSES = {
    each.backend_name: each
    for each in vars(fake_provider).values()
    if isinstance(getattr(each, "backend_name", 0), str)
}


def test_the_names_are_the_clients():
    assert fake_folders().keys() == CLASSES.keys()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if number % 3 else ())
        for number, name in enumerate(sorted(CLASSES))
    ],
)
def test_a_snapshot_is_what_the_client_makes_of_its_files(name):
    device, backend = resolve_device(name), OfBackend(CLASSES[name]())
    found = snapshot_of(device.target, name, device.calibration)
    expected = snapshot_of(backend.target, name, backend.calibrated)
    assert found.digest == expected.digest
    assert found.calibrated == expected.calibrated
    assert device.source.rep_delays == backend.rep_delays


def test_the_order_of_instructions_is_no_content():
    """The client chooses it anew in every process."""
    snapshot = snapshot_of(resolve_device("fake_lagos").target, "fake_lagos", None)
    backwards = snapshot.model_copy(update={"instructions": snapshot.instructions[::-1]})
    assert backwards.digest == snapshot.digest


def test_the_client_is_not_imported():
    code = (
        "import sys; from qnnq.devices.names import resolve_device;"
        "resolve_device('fake_kingston').target; print('qiskit_ibm_runtime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

"""A machine that is calibrated anew while a process lives, as in a notebook of a day."""

from conftest import Files
from loopback import Machine, Server
from qiskit_ibm_runtime.fake_provider import FakeJakartaV2

from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare


def test_a_new_calibration_is_seen(connected: Server, files: Files) -> None:
    machine = Machine("ibm_jakarta", FakeJakartaV2())
    connected.machines["ibm_jakarta"] = machine
    request = RunRequest(model=str(files.network), data=str(files.data), noise="ibm_jakarta")
    found = []
    for time, error in (("2026-01-01T08:00:00Z", 0.01), ("2026-01-01T20:00:00Z", 0.25)):
        machine.recalibrate(time, error)
        found.append(prepare(request))
    morning, evening = found
    assert morning.task.id != evening.task.id
    for run, error in ((morning, 0.01), (evening, 0.25)):
        assert run.deployment is not None
        for matrix in run.deployment.channels[0].readout_errors.values():
            assert abs(matrix[0, 1] - error) < 1e-12
            assert abs(matrix[1, 0] - error) < 1e-12

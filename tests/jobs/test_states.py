"""Quantum states through the service, from submission to the name of the hidden Pauli."""

from pathlib import Path

import numpy as np
import pytest
from checks import bill
from conftest import FAST_LIMITS, Command, connect
from loopback import Machine, Server

from qnnq.data.states.families import make_states
from qnnq.data.states.files import write_states
from qnnq.execution.states.answers import name_paulis
from qnnq.jobs.received import received_outcomes
from qnnq.networks.file import write_network
from tests.states.networks import bell_network

STATES, SHOTS = 2, 60


@pytest.fixture
def guadalupe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    from qiskit_ibm_runtime.fake_provider import FakeGuadalupeV2

    folder = tmp_path / "service"
    folder.mkdir()
    server = Server(folder, [Machine("ibm_guadalupe", FakeGuadalupeV2())], queue_delay=0.1)
    connect(server, tmp_path / "home", monkeypatch)
    yield server
    server.stop()


def test_hidden_paulis_of_four_qubits_are_named(
    guadalupe: Server, tmp_path: Path, qnnq: Command
) -> None:
    """120 copies a state, about three times what 95 % take under this noise."""
    model, data = tmp_path / "net.safetensors", tmp_path / "states.qpy"
    write_network(bell_network(4, classes=256), model)
    states = make_states("hidden-pauli", 4, STATES, seed=3, draws=16)
    write_states(data, states)
    limits, run = tmp_path / "limits.toml", tmp_path / "run"
    limits.write_text(FAST_LIMITS)
    asked = ["submit", model, "--device", "ibm_guadalupe", "--data", data, "--images", "all"]
    more = ["--shots", SHOTS, "--run", run, "--limits", limits, "--budget", 60, "--yes", "--wait"]
    assert qnnq(*asked, *more).code == 0
    outcomes = received_outcomes(run)
    assert outcomes.shape == (STATES, SHOTS, 8)
    first, second = (outcomes[..., :4] < 0), (outcomes[..., 4:] < 0)
    named = name_paulis(np.random.default_rng(0), 2 * first + second)
    np.testing.assert_array_equal(named, states.labels)
    assert qnnq("collect", run, "--json", "-").json()["shots"] == SHOTS
    assert bill(guadalupe) > 0

"""Networks whose first layer receives quantum states, from the data to answers of a device."""

import json
from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Statevector

from qnnq.cli.main import main
from qnnq.data.load import load_data
from qnnq.data.states.dataset import State, States
from qnnq.data.states.families import make_states
from qnnq.data.states.files import write_states
from qnnq.data.states.hidden_pauli import eigenstate_circuit
from qnnq.data.states.preparations import preparations_of
from qnnq.errors import InputError
from qnnq.execution.engines.receiving import pure_components
from qnnq.execution.states.pair_neuron import CHARACTERS
from qnnq.networks.file import FORMAT_WITH_COUPLINGS, read_network, write_network
from qnnq.networks.network import Network
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare, run
from tests.states.networks import bell_network, reading_network
from tests.transpile.devices import GATE_SETS, everywhere
from transpile import Shape, receiving_circuit

SHOTS = 300


@pytest.mark.parametrize("name", ["hidden-pauli", "time-reversal", "tfim", "cluster"])
def test_one_circuit_prepares_all_states_of_a_family(name):
    states = make_states(name, 3, 3, seed=1, draws=3)
    prepared = preparations_of(states)
    angles = ParameterVector("angle", prepared.columns)
    template = QuantumCircuit(prepared.width)
    prepared.append_to(template, angles)
    circuits = [circuit for state in states.states for circuit in state.circuits]
    for row, circuit in zip(prepared.angles, circuits, strict=True):
        made = Statevector(template.assign_parameters(np.tile(row, states.copies)))
        own = Statevector(circuit)
        wanted = own if states.copies == 1 else own.tensor(own)
        assert made.equiv(wanted, atol=1e-9)


def test_states_of_other_structures_are_refused():
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    states = States((State((QuantumCircuit(2),), 0), State((bell,), 1)), "two", 1)
    with pytest.raises(InputError, match="state 1: expected its two-qubit gates in the same"):
        preparations_of(states)


def test_twins_answer_as_the_bell_measurement_of_eigenstates():
    """n = 1: for every letter p(o) = (1 + chi(o))/4 where both copies have the same eigenstate."""
    network = bell_network(1)
    for letter in (1, 2, 3):
        circuit = eigenstate_circuit(np.array([letter]), np.array([1]))
        states = States((State((circuit,), 0),), "one", 2)
        prepared = preparations_of(states)
        shape = Shape(2, network.entanglements[0], couplings=network.couplings[0])
        written = receiving_circuit(shape, prepared.append_to, prepared.columns)
        (component,) = pure_components(written)
        row = np.concatenate([[0.0, -np.pi / 2], *[prepared.angles[0]] * 2])
        np.testing.assert_allclose(
            component.law(row[None])[0], (1 + CHARACTERS[letter]) / 4, atol=1e-9
        )


def test_products_show_no_singlet_and_random_states_do():
    """n = 2: none with chance 1, and 0.9 on average over random states, within 5 errors."""
    found = make_states("product-or-entangled", 2, 60, seed=5)
    prepared, network = preparations_of(found), bell_network(2)
    shape = Shape(4, network.entanglements[0], couplings=network.couplings[0])
    written = receiving_circuit(shape, prepared.append_to, prepared.columns)
    (component,) = pure_components(written)
    bits = np.indices((2, 2, 2, 2)).reshape(4, -1)  # of qubits 0 and 1, then of their twins
    none = ~np.any((bits[:2] == 1) & (bits[2:] == 0), axis=0)
    turns = [0.0, 0.0, -np.pi / 2, -np.pi / 2]
    chances = np.array(
        [component.law(np.concatenate([turns, a, a])[None])[0] @ none for a in prepared.angles]
    )
    np.testing.assert_allclose(chances[found.labels == 0], 1, atol=1e-9)
    random = chances[found.labels == 1]
    assert np.mean(random) == pytest.approx(0.9, abs=5 * np.std(random) / np.sqrt(len(random)))


@pytest.mark.parametrize(
    ("data", "device"),
    [
        ("hidden-pauli-told(qubits=2,states=5,draws=4)", "fake_manila"),
        ("time-reversal(qubits=2,states=3)", "ions_aria"),
        ("time-reversal(qubits=2,states=3)", "r, rxx"),
    ],
)
def test_engines_agree_without_noise(data, device):
    """The compiled circuit without noise gives the very outcomes of the written one."""
    target = everywhere(device) if device in GATE_SETS else device
    request = {"data": data, "shots": 50}
    ideal = run(RunRequest(bell_network(2), engine="ideal", **request))
    same = run(RunRequest(bell_network(2), noise="ideal", device=target, **request))
    np.testing.assert_array_equal(ideal.counts, same.counts)


@pytest.mark.parametrize(
    ("network", "data", "device"),
    [
        (bell_network(2), "time-reversal(qubits=2,states=2,seed=3)", "fake_manila"),
        (bell_network(2), "hidden-pauli(qubits=2,states=2,draws=3)", "fake_manila"),
        (bell_network(2), "time-reversal(qubits=2,states=2,seed=3)", "ions_harmony"),
    ],
    ids=["entangled twins", "mixed twins", "entangled twins in phases of ions"],
)
def test_the_instrument_answers_as_aer(network, data, device):
    """Answers of two states under a device's noise; a false alarm in a million."""
    labelled = prepare_labels(network, data)
    request = {"data": labelled, "noise": device, "shots": SHOTS}
    exact, aer = (
        run(RunRequest(network, engine=engine, seed=seed, **request)).counts
        for seed, engine in ((0, "instrument"), (1, "aer"))
    )
    share = (exact + aer) / (2 * SHOTS)
    z = (exact - aer)[:, 0] / np.sqrt(2 * SHOTS * share[:, 0] * share[:, 1])
    assert np.abs(z).max() < 5.2


def prepare_labels(network, data):
    """Return states with labels that the network knows."""
    found = load_data(data)
    states = tuple(State(each.circuits, 0) for each in found.states.states)
    from qnnq.data.dataset import Dataset

    return Dataset.of_states(States(states, found.name, found.states.copies))


def test_a_network_that_receives_states_is_read_again(tmp_path):
    network, path = bell_network(2), tmp_path / "receiving.safetensors"
    write_network(network, path)
    assert FORMAT_WITH_COUPLINGS.encode() in path.read_bytes()
    found = read_network(path)
    assert found.digest == network.digest
    assert (found.receives, found.widths) == (True, (4, 4))
    with pytest.raises(InputError, match=r"layers\.1\.weight: expected a matrix"):
        Network((network.weights[1], np.empty((2, 0))))


def test_from_submission_to_answers(tmp_path, capsys):
    """Files of states and of a network, jobs on a simulated device, the answers as those of run."""
    model, data = str(tmp_path / "net.safetensors"), str(tmp_path / "states.qpy")
    write_network(bell_network(2), model)
    write_states(data, make_states("hidden-pauli-told", 2, 4, draws=2))
    folder = str(tmp_path / "run")
    asked = [model, "--device", "fake_manila", "--data", data, "--images", "1:4", "--shots", "30"]
    assert main(["estimate", *asked, "--json", "-"]) == 0
    estimate = json.loads(capsys.readouterr().out)
    assert estimate["layers"][0]["parameter_sets"] == 90  # each shot has preparations of its own
    assert main(["submit", *asked, "--run", folder, "--yes", "--budget", "none", "--wait"]) == 0
    capsys.readouterr()
    assert main(["collect", folder, "--json", "-", "--counts"]) == 0
    collected = json.loads(capsys.readouterr().out)
    assert np.sum(collected["counts"], axis=1).tolist() == [30] * 3
    request = RunRequest(model, noise="fake_manila", data=data, images="1:4", shots=3000)
    expected = run(request).counts / 3000
    found = np.array(collected["counts"]) / 30
    assert np.abs(found - expected).max() < 5.2 * np.sqrt(0.25 / 30)
    assert main(["resume", folder]) == 0  # it is finished


@pytest.mark.slow
def test_a_sweep_over_strengths(tmp_path, capsys):
    model = tmp_path / "net.safetensors"
    write_network(reading_network(3), model)
    sweep = tmp_path / "sweep.toml"
    sweep.write_text(
        f"[[grid]]\nnetworks = [{str(model)!r}]\nnoise = ['fake_manila']\nstrength = [0, 2]\n"
        "data = 'tfim(qubits=3,states=5)'\nimages = 'all'\nshots = 4\nseeds = [0]\n"
    )
    out = str(tmp_path / "results.sqlite")
    assert main(["sweep", str(sweep), "--out", out, "--workers", "1"]) == 0
    capsys.readouterr()
    assert main(["results", out, "--csv", str(tmp_path / "points.csv")]) == 0
    points = (tmp_path / "points.csv").read_text().splitlines()
    assert len(points) == 3  # the names of the columns and two strengths


@pytest.mark.parametrize(
    ("network", "options", "expected"),
    [
        (bell_network(2), {"data": "tfim(qubits=3)"}, r"expected states of 4 qubits .*, got 3 x 1"),
        (bell_network(2), {"data": "mnist-test"}, "expected quantum states, .*, got pixels"),
        (bell_network(2), {"data": "tfim(qbits=3)"}, "expected some of qubits, .*, got 'qbits'"),
        (bell_network(2), {"data": "tfim(qubits=x)"}, "qubits: expected a whole number, got 'x'"),
        (bell_network(2), {"data": "missing.qpy"}, "missing.qpy: cannot be read: No such file"),
        (bell_network(2), {"mode": "coherent"}, "`mode` stepwise"),
        (bell_network(2), {"engine": "exact"}, "`engine` exact: expected instrument, aer or ideal"),
        (bell_network(2), {"copies": 2}, "`copies` 2: expected `copies` 1"),
        (bell_network(2), {"pairs": 3}, "`pairs` 3: expected"),
        (bell_network(2), {"compensate": True}, "no `compensate`"),
        ("mnist16-a0", {}, "expected images of 784 pixels .*, got states"),
    ],
)
def test_what_does_not_fit_is_one_line(network, options, expected):
    fitting = {"data": "hidden-pauli-told(qubits=2,states=2,draws=1)", "noise": "fake_manila"}
    with pytest.raises(InputError, match=expected) as error:
        prepare(RunRequest(network, **{**fitting, **options}))
    assert "\n" not in str(error.value)


def test_copies_that_do_not_fit_the_chip(capsys, tmp_path):
    model = str(tmp_path / "net.safetensors")
    write_network(bell_network(3), model)
    data = "hidden-pauli-told(qubits=3,states=2,draws=1)"
    assert main(["run", model, "--data", data, "--noise", "fake_manila"]) == 2
    assert "3 groups of 2 coupled neurons wanted, the device can place 2" in capsys.readouterr().err


def test_calibrations_and_programs_refuse_states(capsys, tmp_path):
    model, out = tmp_path / "net.safetensors", tmp_path / "out"
    write_network(replace(bell_network(1), couplings=()), model)
    calibrate = ["calibrate", str(model), "--device", "fake_manila", "--run", str(out), "--yes"]
    data = ["--data", "hidden-pauli-told(qubits=1,states=10,draws=1)"]
    program = ["compile", str(model), *data, "--guppy", str(out)]
    for place, command in {"calibrate": calibrate, "guppy": program}.items():
        assert main(command) == 2
        assert f"{place}: expected a network that receives no states" in capsys.readouterr().err
        assert not out.exists()

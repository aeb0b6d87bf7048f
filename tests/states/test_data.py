"""Families of states, files of them, and what is refused."""

import json

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.quantum_info import Statevector, partial_trace

from qnnq.data.states.dataset import State, States
from qnnq.data.states.families import FAMILIES, make_states
from qnnq.data.states.files import FORMAT, read_states, write_states
from qnnq.data.states.paulis import LETTERS, anticommute, pauli_number
from qnnq.errors import InputError


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_reproducible_and_labelled(name):
    states = make_states(name, 3, 4, seed=1, draws=2)
    assert states.digest == make_states(name, 3, 4, seed=1, draws=2).digest
    assert states.digest != make_states(name, 3, 4, seed=2, draws=2).digest
    assert states.qubits == (6 if name == "time-reversal" else 3)
    assert (states.copies, len(states.labels)) == (FAMILIES[name].copies, 4)


def test_told_paulis_anticommute_and_the_label_says_which():
    states = make_states("hidden-pauli-told", 3, 20, draws=1)
    assert {0, 1} == set(states.labels.tolist())
    for state in states.states:
        assert anticommute(*(np.array(list(map(LETTERS.index, each))) for each in state.told))
    named = make_states("hidden-pauli", 3, 5, draws=1)
    assert all(1 <= label < 64 for label in named.labels)
    assert pauli_number(np.array([0, 1, 3])) == 7


def test_real_processes_undo_themselves():
    for state in make_states("time-reversal", 2, 6).states:
        bell = QuantumCircuit(4)
        for qubit in range(2):
            bell.h(qubit)
            bell.cx(qubit, qubit + 2)
        overlap = abs(Statevector(state.circuits[0]).inner(Statevector(bell)))
        assert (overlap > 1 - 1e-9) == (state.label == 1)


def test_products_are_products():
    for state in make_states("product-or-entangled", 3, 6).states:
        purity = partial_trace(Statevector(state.circuits[0]), [0]).purity().real
        assert (purity > 1 - 1e-6) == (state.label == 0)


@pytest.mark.parametrize(("name", "letters"), [("tfim", ("ZZ",)), ("cluster", ("ZXZ",))])
def test_ground_states_have_the_order_of_their_phase(name, letters):
    from qiskit.quantum_info import SparsePauliOp

    states = make_states(name, 5, 6)
    order = SparsePauliOp.from_sparse_list([(letters[0], range(len(letters[0])), 1)], 5)
    values = [Statevector(s.circuits[0]).expectation_value(order).real for s in states.states]
    ordered, other = (np.array(values)[states.labels == label] for label in (0, 1))
    assert ordered.min() > other.max()


@pytest.mark.parametrize("ending", ["qpy", "json"])
def test_files_are_read_as_written(tmp_path, ending):
    if ending == "json":
        pytest.importorskip("qiskit_qasm3_import")
    states = make_states("hidden-pauli-told", 2, 3, draws=2)
    path = tmp_path / f"states.{ending}"
    write_states(path, states)
    found = read_states(path)
    assert (found.name, found.copies) == (states.name, states.copies)
    for mine, theirs in zip(states.states, found.states, strict=True):
        assert (mine.label, mine.told) == (theirs.label, theirs.told)
        for a, b in zip(mine.circuits, theirs.circuits, strict=True):
            assert Statevector(a).equiv(Statevector(b))


def measured():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    return circuit


def reset():
    circuit = QuantumCircuit(1)
    circuit.reset(0)
    return circuit


def free():
    from qiskit.circuit import Parameter

    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    return circuit


def endless():
    circuit = QuantumCircuit(1)
    circuit.rz(float("inf"), 0)
    return circuit


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (measured, "state 1: expected a circuit of gates, got measure"),
        (reset, "state 1: expected a circuit of gates, got reset"),
        (free, "state 1: expected fixed angles, got the parameters a"),
        (endless, "state 1: expected finite angles, got rz"),
        (lambda: QuantumCircuit(2), "state 1: expected 1 qubits, got 2"),
    ],
)
def test_circuits_that_prepare_nothing_are_refused(make, message):
    good = State((QuantumCircuit(1),), 0)
    with pytest.raises(InputError, match=message):
        States((good, State((make(),), 0)), "own", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hidden-paul", 2, 1), "nearest: hidden-pauli"),
        (("tfim", 2, 1), "qubits: expected 3 to 10 for tfim, got 2"),
        (("cluster", 3, 0), "states: expected 1 to"),
    ],
)
def test_bad_requests(arguments, message):
    with pytest.raises(InputError, match=message):
        make_states(*arguments)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nonsense", "not JSON"),
        ("[]", "format: expected qnnq-states/1, got 'list'"),
        (json.dumps({"format": FORMAT, "states": []}), "states: expected at least one, got none"),
        (json.dumps({"format": FORMAT, "states": [{}]}), "state 0: circuits: expected a list"),
        (
            json.dumps({"format": FORMAT, "states": [{"label": 0, "circuits": ["qubit"]}]}),
            "state 0: not OpenQASM 3",
        ),
    ],
)
def test_bad_files(tmp_path, content, message):
    pytest.importorskip("qiskit_qasm3_import")
    path = tmp_path / "own.json"
    path.write_text(content)
    with pytest.raises(InputError) as found:
        read_states(path)
    assert message in str(found.value)
    assert str(found.value).startswith(str(path))


def test_bad_qpy_files(tmp_path):
    path = tmp_path / "own.qpy"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a QPY file"):
        read_states(path)
    with path.open("wb") as file:
        qpy.dump([QuantumCircuit(1)], file)
    with pytest.raises(InputError, match="circuit 0: expected metadata with a label"):
        read_states(path)


@pytest.mark.parametrize(
    ("angle", "second", "message"),
    [
        (np.nan, {}, "state 0: expected finite angles"),
        (np.inf, {}, "state 0: expected finite angles"),
        (0.1, {"told": 5}, "circuit 1: told: expected a list of texts, got 5"),
        (0.1, {"copies": 2}, "circuit 1: copies: expected those of circuit 0, 1, got 2"),
        (0.1, {"label": True}, "state 1: label: expected a whole number >= 0, got True"),
    ],
)
def test_qpy_files_of_what_is_no_data(tmp_path, angle, second, message):
    path = tmp_path / "own.qpy"
    circuits = [QuantumCircuit(1, metadata={"label": 0, **more}) for more in ({}, second)]
    circuits[0].rx(angle, 0)
    with path.open("wb") as file:
        qpy.dump(circuits, file)
    with pytest.raises(InputError, match=message):
        read_states(path)


def test_a_damaged_qpy_file_is_one_plain_line(tmp_path):
    path = tmp_path / "own.qpy"
    write_states(path, make_states("tfim", 3, 2))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(255 - byte for byte in content[len(content) // 2 :])
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a QPY file: ") as found:
        read_states(path)
    assert str(found.value).isprintable()
    assert "Backtrace" not in str(found.value)

"""Device terms against Aer's NoiseModel.from_backend."""

import numpy as np
import pytest
from qiskit.circuit import Measure, QuantumCircuit
from qiskit.quantum_info import SuperOp
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer import AerSimulator

from noise_models import NoiseError
from noise_models.aer_model import aer_noise_model
from noise_models.channels import build_channels
from tests.noise_models.devices import (
    DEVICES,
    backend,
    parse,
    small_target,
)


def test_asymmetric_readout_error():
    class MeasureProperties(InstructionProperties):
        prob_meas1_prep0 = 0.01
        prob_meas0_prep1 = 0.03

    target = Target(num_qubits=1)
    target.add_instruction(Measure(), {(0,): MeasureProperties(error=0.02)})
    matrix = build_channels(parse("device"), target, [0]).readout_errors[0]
    np.testing.assert_allclose(matrix, [[0.99, 0.01], [0.03, 0.97]])


@pytest.mark.parametrize("device", DEVICES)
def test_aer_gets_the_same_channels_on_renumbered_qubits(device):
    target = backend(device).target
    gate = next(g for g in ("rzz", "ecr", "cz") if g in target.operation_names)
    pair = next(iter(target[gate]))
    channels = build_channels(parse("device*1.5"), target, pair)
    model = aer_noise_model(channels, {pair[0]: 1, pair[1]: 0})
    circuit = QuantumCircuit(2)
    circuit.sx(1)
    operation = target.operation_from_name(gate)
    circuit.append(operation, [1, 0])
    if operation.params:
        circuit = circuit.assign_parameters([0.7])
    expected = SuperOp(np.eye(16))
    expected = expected.compose(SuperOp(circuit.data[0].operation), [1])
    expected = expected.compose(SuperOp(channels.superoperator("sx", pair[:1])), [1])
    expected = expected.compose(SuperOp(circuit.data[1].operation), [1, 0])
    expected = expected.compose(SuperOp(channels.superoperator(gate, pair)), [1, 0])
    circuit.save_superop()
    simulator = AerSimulator(method="superop", noise_model=model)
    found = simulator.run(circuit).result().data()["superop"]
    np.testing.assert_allclose(np.asarray(found), expected.data, atol=1e-9)
    readout = {q: e.probabilities for (q,), e in model._local_readout_errors.items()}
    np.testing.assert_allclose(readout[1], channels.readout_errors[pair[0]])


def test_qubits_outside_the_index_are_left_out():
    channels = build_channels(parse("device"), small_target(), [0, 1])
    model = aer_noise_model(channels, {1: 0})
    assert model.noise_qubits == [0]
    assert {q for (q,) in model._local_readout_errors} == {0}
    assert set(model._local_quantum_errors["sx"]) == {(0,)}
    assert "cz" not in model._local_quantum_errors


def test_only_the_qubits_in_use():
    channels = build_channels(parse("device"), small_target(), [0, 1])
    assert {q for _, qubits in channels.gate_errors for q in qubits} == {0, 1}
    assert ("cz", (0, 1)) in channels.gate_errors
    assert ("cz", (1, 2)) not in channels.gate_errors


def test_unknown_qubit():
    with pytest.raises(NoiseError, match="noise: found qubit 7, expected 0 to 2"):
        build_channels(parse("device"), small_target(), [0, 7])


ELEMENTS = [("sx", (0,)), ("x", (2,)), ("reset", (0,)), ("reset", (2,)), ("cz", (1, 2))]


def test_switched_off_mechanisms_leave_the_others_as_they_are():
    whole, gate, relaxation, readout = (
        build_channels(parse(f"device{switches}"), small_target(), range(3))
        for switches in (
            "",
            "(relaxation=off, readout=off)",
            "(gate=off, readout=off)",
            "(gate=off, relaxation=off)",
        )
    )
    for element in ELEMENTS:
        product = relaxation.superoperator(*element) @ gate.superoperator(*element)
        np.testing.assert_allclose(whole.superoperator(*element), product, atol=1e-14)
    assert ("cz", (1, 2)) in gate.gate_errors
    assert ("cz", (1, 2)) in relaxation.gate_errors
    assert not {e for e in gate.gate_errors if e[0] == "reset"}
    assert not readout.gate_errors
    assert not gate.readout_errors
    assert not relaxation.readout_errors
    for qubit in range(3):
        np.testing.assert_array_equal(readout.readout_errors[qubit], whole.readout_errors[qubit])

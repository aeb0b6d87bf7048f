"""The channels of bundled devices against Aer's own model of each, `NoiseModel.from_backend`."""

import numpy as np
import pytest
from qiskit.quantum_info import SuperOp

from noise_models.channels import build_channels
from tests.noise_models.devices import (
    DEVICES,
    backend,
    interesting_qubits,
    parse,
    reference_noise_model,
)

SMALL = ("FakeFractionalBackend", "FakeManilaV2")
LARGE = ("FakeLagosV2", "FakeHanoiV2", "FakeTorino", "FakeMarrakesh", "FakeFez", "FakeBrisbane")
"""CX, ECR, CZ and RZZ; 5 to 156 qubits; calibrations of different years."""

FURTHER = [name for name in (*DEVICES, *LARGE) if name not in SMALL]


@pytest.mark.parametrize(
    "device", [*SMALL, *(pytest.param(name, marks=pytest.mark.physics) for name in FURTHER)]
)
def test_strength_one_is_the_model_of_aer(device):
    target = backend(device).target
    qubits = interesting_qubits(target)
    channels = build_channels(parse("device"), target, qubits)
    gates, readout = reference_noise_model(device)
    expected = {e: error for e, error in gates.items() if set(e[1]) <= set(qubits)}
    assert channels.gate_errors.keys() == expected.keys()
    for element, error in expected.items():
        reference = SuperOp(error).data
        ours = SuperOp(channels.gate_errors[element]).data
        np.testing.assert_allclose(ours, reference, atol=1e-12, err_msg=str(element))
        np.testing.assert_allclose(channels.superoperator(*element), reference, atol=1e-12)
    assert channels.readout_errors.keys() == readout.keys() & set(qubits)
    for qubit, matrix in channels.readout_errors.items():
        np.testing.assert_allclose(matrix, readout[qubit], atol=1e-15)

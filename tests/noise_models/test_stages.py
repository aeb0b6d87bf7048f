"""The channel algebra against Qiskit's, on random channels."""

import numpy as np
import pytest
from qiskit.quantum_info import SuperOp, average_gate_fidelity

from noise_models.aer import quantum_error
from noise_models.stages import (
    Kraus,
    Mixture,
    average_infidelity,
    depolarizing,
    kraus_operators,
    merged,
    mixture,
    superoperator,
)


def random_stage(rng, qubits):
    if rng.random() < 0.6:
        weights = rng.random((6,) * qubits) * (rng.random((6,) * qubits) < 0.5)
        weights[(0,) * qubits] += 1
        return Mixture(weights / weights.sum())
    where = [(0,)] if qubits == 1 else [(0,), (1,), (0, 1), (1, 0)]
    positions = where[rng.integers(len(where))]
    d = 2 ** len(positions)
    isometry, _ = np.linalg.qr(rng.normal(size=(2 * d, d)) + 1j * rng.normal(size=(2 * d, d)))
    return Kraus(isometry.reshape(2, d, d), positions)


@pytest.mark.parametrize("qubits", [1, 2])
def test_random_channels(qubits):
    rng = np.random.default_rng(7)
    for _ in range(25):
        stages = tuple(random_stage(rng, qubits) for _ in range(rng.integers(1, 4)))
        one_by_one = SuperOp(np.eye(4**qubits))
        for stage in stages:
            one_by_one = one_by_one.compose(SuperOp(quantum_error((stage,), qubits)))
        ours = superoperator(stages, qubits)
        np.testing.assert_allclose(ours, one_by_one.data, atol=1e-12)
        np.testing.assert_allclose(superoperator(merged(stages), qubits), ours, atol=1e-12)
        np.testing.assert_allclose(SuperOp(quantum_error(stages, qubits)).data, ours, atol=1e-12)
        operators = Kraus(kraus_operators(ours), tuple(range(qubits)))
        np.testing.assert_allclose(superoperator((operators,), qubits), ours, atol=1e-12)
        assert average_infidelity(ours) == pytest.approx(1 - average_gate_fidelity(SuperOp(ours)))


def test_kraus_operators_do_not_depend_on_the_last_bits_of_the_channel():
    """Relaxation and Pauli errors give the Choi matrix equal eigenvalues."""
    relaxation = mixture(2, 0, {"reset": 0.01})
    damping = np.array([[[1, 0], [0, np.sqrt(0.98)]], [[0, np.sqrt(0.02)], [0, 0]]], dtype=complex)
    stages = (depolarizing(2, 0.01), Kraus(damping, (0,)), Kraus(damping, (1,)), relaxation)
    channel = superoperator(stages, 2)
    noise = np.random.default_rng(3).normal(size=channel.shape) * 1e-17
    d = 4
    swapped = noise.reshape(d, d, d, d).transpose(1, 0, 3, 2).reshape(d * d, d * d)
    nearly = channel + noise + swapped.conj()  # the image of a Hermitian matrix stays Hermitian
    assert np.any(nearly != channel)
    np.testing.assert_allclose(kraus_operators(nearly), kraus_operators(channel), atol=1e-9)

"""Leakage and correlated readout."""

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from noise_models.aer_model import aer_noise_model
from noise_models.channels import build_channels
from noise_models.sequence import noisy_sequence
from tests.noise_models.devices import parse, small_target

SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2


def build(text):
    return build_channels(parse(text), small_target(), range(3))


def three_levels(p, gates):
    """P(1) of three levels: gates act on the lower two, each then leaks with probability p."""
    rho = np.diag([1.0, 0, 0]).astype(complex)
    unitary = np.eye(3, dtype=complex)
    unitary[:2, :2] = SX
    kraus = [np.diag([np.sqrt(1 - p), np.sqrt(1 - p), 1])]
    for level in (0, 1):
        leak = np.zeros((3, 3))
        leak[2, level] = np.sqrt(p)
        kraus.append(leak)
    for _ in range(gates):
        rho = unitary @ rho @ unitary.conj().T
        rho = sum(k @ rho @ k.conj().T for k in kraus)
    return (rho[1, 1] + rho[2, 2]).real


@pytest.mark.parametrize("gates", [1, 2, 4, 7])
def test_leakage_is_that_of_three_levels(gates):
    circuit = QuantumCircuit(1, 1)
    for _ in range(gates):
        circuit.sx(0)
        circuit.rz(0.0, 0)
    circuit.measure(0, 0)
    operations = [(item.operation, (0,)) for item in circuit.data]
    (before,) = [n.before for n in noisy_sequence(operations, build("leakage(p=0.1)")) if n.before]
    ((stages, qubits),) = before
    leaked = stages[0].probabilities[5]
    assert qubits == (0,)
    ideal = abs(np.linalg.matrix_power(SX, gates)[1, 0]) ** 2
    assert leaked + (1 - leaked) * ideal == pytest.approx(three_levels(0.1, gates))


def test_leakage_in_aer():
    """Qubit 0 is measured after 7 gates, qubit 1 after 5; the CZ is one of both."""
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.x(0)
    circuit.sx([0, 1])
    circuit.cz(0, 1)
    circuit.sx([0, 1])
    circuit.sx([0, 1])
    circuit.sx([0, 1])
    circuit.delay(0, 0, unit="ns")
    circuit.measure([0, 1], [0, 1])
    model = aer_noise_model(build("leakage(p=0.05)*2"))
    shots = 20_000
    simulator = AerSimulator(method="density_matrix", noise_model=model, seed_simulator=4)
    counts = simulator.run(circuit, shots=shots).result().get_counts()
    p = 1 - 0.95**2
    ideal = circuit.remove_final_measurements(inplace=False)
    probabilities = Statevector(ideal).probabilities().reshape(2, 2)  # [qubit 1, qubit 0]
    for axis, gates in ((1, 7), (0, 5)):
        stay = (1 - p) ** gates
        channel = np.array([[stay, 0], [1 - stay, 1]])
        probabilities = np.moveaxis(np.tensordot(channel, probabilities, (1, axis)), 0, axis)
    for key, probability in np.ndenumerate(probabilities):
        found = counts.get("".join(map(str, key)), 0) / shots
        # Five standard errors: a false alarm in 4 tests with probability 2.3e-6.
        assert abs(found - probability) < 5 * np.sqrt(probability * (1 - probability) / shots)


def test_leakage_starts_anew_after_a_measurement():
    circuit = QuantumCircuit(1, 2)
    circuit.sx(0)
    circuit.measure(0, 0)
    circuit.measure(0, 1)
    operations = [(item.operation, (0,)) for item in circuit.data]
    before = [bool(noisy.before) for noisy in noisy_sequence(operations, build("leakage(p=0.1)"))]
    assert before == [False, True, False]


def test_correlated_readout():
    channels = build("correlated_readout(p=0.02)*2 + correlated_readout(p=0.01)")
    contraction = (1 - 0.04) ** 2 * (1 - 0.02)
    expected = pytest.approx((1 - contraction) / 2)
    assert channels.correlated_readout == {(0, 1): expected, (1, 2): expected}
    assert build("correlated_readout(p=0.02)*0").correlated_readout == {}

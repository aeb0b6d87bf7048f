"""Aer runs dynamic circuits with relaxation in delays, inside branches too, and readout errors that
feed conditions, as an independent calculation says (cf. Qiskit/qiskit-aer issues 1997 and 2091)."""

import math

import numpy as np
import pytest
from qiskit.circuit import Delay, IfElseOp
from qiskit.quantum_info import Kraus
from scipy.stats import chi2

from tests.transpile.devices import line, small_target
from tests.transpile.histories import Histories
from tests.transpile.networks import PROJECTIVE, STRONG, LivingNetwork
from transpile import Group, compile_network, delay_seconds, network_circuit

aer = pytest.importorskip("qiskit_aer")

T1, T2 = 6e-6, 5e-6
FLIPS = [[0.93, 0.07], [0.12, 0.88]]  # [true][reported]
DEPOLARIZING = {"sx": 0.004, "x": 0.004, "cz": 0.03}
SHOTS = 10_000


def relaxation(duration):
    """Kraus operators of T1 and T2, from amplitude and phase damping."""
    decay = math.exp(-duration / T1)
    coherence = math.exp(-duration / T2) / math.sqrt(decay)
    z = math.sqrt((1 - coherence) / 2) * np.diag([1, -1])
    keep = math.sqrt((1 + coherence) / 2) * np.eye(2)
    damping = [np.diag([1, math.sqrt(decay)]), np.array([[0, math.sqrt(1 - decay)], [0, 0]])]
    return [phase @ damp for phase in (keep, z) for damp in damping]


def depolarizing(name):
    paulis = [
        np.eye(2),
        np.array([[0, 1], [1, 0]]),
        np.array([[0, -1j], [1j, 0]]),
        np.diag([1, -1]),
    ]
    if name == "cz":
        paulis = [np.kron(a, b) for a in paulis for b in paulis]
    p, n = DEPOLARIZING[name], len(paulis)
    weights = [1 - p + p / n] + [p / n] * (n - 1)
    return [math.sqrt(w) * pauli for w, pauli in zip(weights, paulis, strict=True)]


def noise_model(target):
    from qiskit_aer.noise import NoiseModel, QuantumError, ReadoutError, RelaxationNoisePass

    model = NoiseModel(["rz", "sx", "x", "cz", "delay"])
    for name in DEPOLARIZING:
        model.add_all_qubit_quantum_error(QuantumError(Kraus(depolarizing(name))), name)
    model.add_all_qubit_readout_error(ReadoutError(FLIPS))
    qubits = target.num_qubits
    # As NoiseModel.from_backend does for delays.
    model._custom_noise_passes.append(
        RelaxationNoisePass([T1] * qubits, [T2] * qubits, dt=target.dt, op_types=Delay)
    )
    return model


def expected(circuit, target):
    def channel(name, qubits, operation):
        if name in DEPOLARIZING:
            return depolarizing(name)
        return relaxation(delay_seconds(operation, target)) if name == "delay" else None

    return Histories(circuit, channel, lambda qubit: np.array(FLIPS)).probabilities()


def without_delays(circuit, inside_branches_only):
    bare = circuit.copy_empty_like()
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, IfElseOp):
            blocks = [without_delays(block, False) for block in operation.blocks]
            instruction = instruction.replace(operation=IfElseOp(operation.condition, *blocks))
        if operation.name != "delay" or inside_branches_only:
            bare.append(instruction)
    return bare


def outcome_counts(circuit, target, method):
    simulator = aer.AerSimulator(
        method=method, noise_model=noise_model(target), max_parallel_threads=1
    )
    counts = simulator.run(circuit, shots=SHOTS, seed_simulator=7).result().get_counts()
    table = np.zeros((2,) * circuit.num_clbits)
    for text, count in counts.items():
        table[tuple(int(bit) for bit in text.replace(" ", "")[::-1])] = count
    return table


def chi_square_tail(counts, probabilities):
    cells = probabilities.ravel() * counts.sum() > 5
    observed = np.append(counts.ravel()[cells], counts.ravel()[~cells].sum())
    wanted = np.append(probabilities.ravel()[cells], probabilities.ravel()[~cells].sum())
    wanted = wanted * counts.sum()
    filled = wanted > 0
    statistic = np.sum((observed - wanted)[filled] ** 2 / wanted[filled])
    return chi2.sf(statistic, np.count_nonzero(filled) - 1)


@pytest.mark.parametrize(
    ("entanglement", "activation", "latency", "method"),
    [
        (STRONG, "linear", 0.5e-6, "matrix_product_state"),
        (STRONG, "linear", 4e-6, "statevector"),
        (STRONG, "htanh", 0.9e-6, "statevector"),
        (PROJECTIVE, "linear", 2e-6, "statevector"),
    ],
)
def test_aer_agrees_with_an_independent_calculation(entanglement, activation, latency, method):
    """False alarm: 1e-6 each."""
    # Slow gates, so that the waits inside branches matter.
    target = small_target(line(4), gate_duration=dict.fromkeys(range(4), 1e-6))
    network = LivingNetwork((2, 2, 2), (entanglement,) * 3, activation, seed=3)
    sites = (
        [Group((0,), (1,)), Group((3,), (2,))]
        if entanglement < PROJECTIVE
        else [Group((0,)), Group((3,))]
    )
    compiled = compile_network(
        target,
        network.widths,
        network.entanglements,
        feedforward=network.feedforward(),
        sites=sites,
        feedback_latency=latency,
    )
    circuit = network_circuit(compiled).assign_parameters(network.first_angles)
    counts = outcome_counts(circuit, target, method)
    assert chi_square_tail(counts, expected(circuit, target)) > 1e-6
    # The test would notice if waits were lost, or those inside branches, or all noise.
    for inside_branches_only in (True, False):
        wrong = expected(without_delays(circuit, inside_branches_only), target)
        assert chi_square_tail(counts, wrong) < 1e-9
    assert chi_square_tail(counts, network.joint()) < 1e-9

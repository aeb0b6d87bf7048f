"""Waits under ZZ coupling against the Lindblad equation of all qubits, integrated here."""

import math

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.quantum_info import DensityMatrix, Operator, SuperOp
from qiskit.transpiler import InstructionProperties
from qiskit_aer import AerSimulator
from scipy.linalg import expm

from noise_models.aer_model import aer_noise_model
from noise_models.channels import build_channels
from noise_models.coupled_waiting import coupled_relaxation
from noise_models.mechanisms import relaxation_stages
from noise_models.sequence import noisy_sequence, relaxes_while_coupled
from noise_models.stages import superoperator
from tests.noise_models.density import ry
from tests.noise_models.devices import parse, small_target

T1, T2, POPULATION, RATE = 6e-6, 4e-6, 0.1, 300e3
DETUNING = 50e3
NOISE = f"zz(rate={RATE}Hz) + relaxation(t1={T1}s, t2={T2}s, population={POPULATION})"
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
DECAY = np.array([[0, 1], [0, 0]])
Z = np.diag([1.0, -1.0])
SX_S = 40e-9  # of `small_target`


def on(qubit, matrix, count=3):
    factors = [matrix if each == qubit else np.eye(2) for each in reversed(range(count))]
    whole = np.eye(1)
    for factor in factors:
        whole = np.kron(whole, factor)
    return whole


class Evolution:
    """A density matrix of three qubits in a row, under gates and the Lindblad equation."""

    def __init__(self):
        self.rho = np.zeros((8, 8), dtype=complex)
        self.rho[0, 0] = 1

    def gate(self, matrix, *qubits):
        for qubit in qubits:
            unitary = on(qubit, matrix)
            self.rho = unitary @ self.rho @ unitary.conj().T

    def evolve(self, duration, relaxing, rate=RATE):
        """All couplings, and the relaxation and detuning of some qubits, at the same time."""
        one = np.diag([0.0, 1.0])
        energy = 2 * math.pi * rate * on(1, one) @ (on(0, one) + on(2, one))
        jumps = []
        for qubit in relaxing:
            energy = energy + math.pi * DETUNING * on(qubit, Z)
            jumps.append(math.sqrt((1 - POPULATION) / T1) * on(qubit, DECAY))
            jumps.append(math.sqrt(POPULATION / T1) * on(qubit, DECAY.T))
            jumps.append(math.sqrt((1 / T2 - 0.5 / T1) / 2) * on(qubit, Z))
        identity = np.eye(8)
        generator = -1j * (np.kron(identity, energy) - np.kron(energy.T, identity))
        for jump in jumps:
            lost = jump.conj().T @ jump
            generator += np.kron(jump.conj(), jump)
            generator -= (np.kron(identity, lost) + np.kron(lost.T, identity)) / 2
        flat = expm(generator * duration) @ self.rho.reshape(-1, order="F")
        self.rho = flat.reshape(8, 8, order="F")

    def project(self, qubit):
        both = [on(qubit, np.diag([1.0 - bit, bit])) for bit in (0, 1)]
        self.rho = sum(each @ self.rho @ each for each in both)

    def sx(self, *qubits):
        """The gate and its error at once, as the model has it; it still takes time."""
        self.gate(SX, *qubits)
        self.evolve(SX_S, qubits, rate=0)


def waits():
    """Three qubits that wait; the one in the middle is turned in between."""
    circuit = QuantumCircuit(3, 1)
    for qubit, angle in enumerate((1.1, 2.0, 0.7)):
        circuit.ry(angle, qubit)
    circuit.sx([0, 1, 2])
    circuit.delay(3, 0, unit="us")
    circuit.delay(1, 1, unit="us")
    circuit.sx(1)
    circuit.delay(1960, 1, unit="ns")
    for _ in range(2):
        circuit.delay(1.5, 2, unit="us")
        circuit.rz(0.3, 2)
    circuit.sx([0, 1, 2])
    return circuit


def solved():
    state = Evolution()
    for qubit, angle in enumerate((1.1, 2.0, 0.7)):
        state.gate(ry(angle), qubit)
    state.sx(0, 1, 2)
    state.evolve(SX_S, ())
    state.evolve(1e-6, (0, 1, 2))
    state.sx(1)
    state.evolve(SX_S, (0, 2))
    state.evolve(1.96e-6, (0, 1, 2))
    state.gate(np.diag(np.exp([-0.3j, 0.3j])), 2)
    state.sx(0, 1, 2)
    state.evolve(SX_S, ())
    return state.rho


def channels_of(target=None, noise=f"{NOISE} + detuning(frequency={DETUNING}Hz)"):
    return build_channels(parse(noise), small_target() if target is None else target, range(3))


def placed(circuit):
    return [
        (item.operation, tuple(circuit.find_bit(bit).index for bit in item.qubits))
        for item in circuit.data
    ]


def density(circuit, channels):
    """What the sequence makes of |000>; measurements project."""
    operations = placed(circuit)
    state = DensityMatrix.from_int(0, 2**circuit.num_qubits)
    projection = SuperOp(np.diag([1, 0, 0, 1]))
    for noisy in noisy_sequence(operations, channels):
        operation, qubits = operations[noisy.position]
        for stages, where in noisy.before:
            state = state.evolve(SuperOp(superoperator(stages, len(where))), where)
        if operation.name != "delay":
            acts = projection if operation.name == "measure" else Operator(operation)
            state = state.evolve(acts, qubits)
        for stages, where in noisy.after:
            state = state.evolve(SuperOp(superoperator(stages, len(where))), where)
    return state.data


def test_waits_follow_the_lindblad_equation():
    """Relaxing first and coupling then would be off by 2e-2."""
    circuit = waits()
    circuit.sx([0, 1, 2])
    state = Evolution()
    state.rho = solved()
    state.sx(0, 1, 2)
    np.testing.assert_allclose(density(circuit, channels_of()), state.rho, atol=1e-12)


def test_aer_has_the_same_waits():
    circuit = waits()
    circuit.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=aer_noise_model(channels_of()))
    found = np.asarray(simulator.run(circuit).result().data()["density_matrix"])
    np.testing.assert_allclose(found, solved(), atol=1e-12)


def test_a_measured_qubit_relaxes_under_the_coupling_when_it_goes_on():
    circuit = waits()
    circuit.measure(1, 0)
    circuit.delay(3, 0, unit="us")
    circuit.delay(3, 2, unit="us")
    circuit.sx([0, 1, 2])
    state = Evolution()
    state.rho = solved()
    state.project(1)
    state.evolve(3e-6, (0, 1, 2))
    state.sx(0, 1, 2)
    found = density(circuit, channels_of(small_target(measure_duration=3e-6)))
    np.testing.assert_allclose(found, state.rho, atol=1e-12)


def test_a_last_measurement_reads_the_qubit_as_it_enters():
    """Qubit 0 is measured 2 us before qubit 1 is, which its outcome turns on."""
    target = small_target(measure_duration=2e-6)
    target.update_instruction_properties(
        "measure", (0,), InstructionProperties(duration=4e-6, error=0.02)
    )
    circuit = QuantumCircuit(3, 2)
    circuit.sx([0, 1])
    circuit.delay(2, [0, 1], unit="us")
    circuit.sx(1)
    circuit.measure([0, 1], [0, 1])
    found = density(circuit, channels_of(target))
    state = Evolution()
    state.sx(0)
    state.evolve(SX_S, ())
    state.evolve(2e-6 - 2 * SX_S, (0,))
    state.sx(1)
    state.evolve(SX_S, (0,))
    state.evolve(SX_S, (0, 1))
    state.project(0)
    state.evolve(2e-6 - SX_S, (1,))
    state.sx(1)
    np.testing.assert_allclose(np.diag(found), np.diag(state.rho), atol=1e-12)


@pytest.mark.parametrize("phases", [(0.7,), (0.7, -1.9), (0.4, 0.4, 0.4)])
@pytest.mark.parametrize("waited", [1e-6, 0.3, 4.0, 3e3])
def test_a_coupled_relaxation_is_a_channel(phases, waited):
    """Trace preserving, and what the wait is alone where the neighbours are populations."""
    times = (1.0, 1.3)
    alone = relaxation_stages([times], waited, POPULATION)
    down, up = (1 - POPULATION) * waited, POPULATION * waited
    ((stage),) = coupled_relaxation(alone, down, up, phases)
    kept = sum(each.conj().T @ each for each in stage.operators)
    np.testing.assert_allclose(kept, np.eye(len(kept)), atol=1e-11)
    whole = superoperator((stage,), 1 + len(phases))
    rest = 2 ** len(phases)
    # Indices: neighbours and qubit of column, of row; after, before.
    tensor = whole.reshape((rest, 2, rest, 2) * 2)
    for state in range(rest):
        inside = tensor[state, :, state, :, state, :, state, :].reshape(4, 4)
        np.testing.assert_allclose(inside, superoperator(alone, 1), atol=1e-11)


@pytest.mark.parametrize(
    ("noise", "expected"),
    [
        (NOISE, True),
        (f"zz(rate={RATE}Hz) + device", True),
        (f"zz(rate={RATE}Hz) + device(idle=off)", False),
        (f"zz(rate={RATE}Hz) + detuning(frequency=1kHz)", False),
        ("device", False),
    ],
)
def test_which_sequences_relax_while_they_are_coupled(noise, expected):
    operations, channels = placed(waits()), channels_of(noise=noise)
    assert relaxes_while_coupled(operations, channels) == expected
    without = [each for each in operations if each[0].name != "delay"]
    assert not relaxes_while_coupled(without, channels)

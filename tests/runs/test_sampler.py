"""The instrument engine as a primitive of Qiskit, beside Aer under the device's own noise model."""

from collections import Counter

import numpy as np
import pytest
from qiskit import QuantumCircuit, generate_preset_pass_manager
from qiskit.circuit import ClassicalRegister, Parameter, ParameterVector, QuantumRegister
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime.fake_provider import FakeJakartaV2
from scipy import stats

import qnnq
from noise_models import NoiseError
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError

SHOTS = 20_000


def two_groups() -> QuantumCircuit:
    """A group of three qubits and a pair, with parameters, in two registers."""
    angles = ParameterVector("t", 4)
    qubits = QuantumRegister(5)
    first, second = ClassicalRegister(3, "first"), ClassicalRegister(2, "second")
    circuit = QuantumCircuit(qubits, first, second)
    for k in range(4):
        circuit.ry(angles[k], k)
    circuit.cx(0, 1)
    circuit.rz(angles[1] * 2, 1)
    circuit.cx(1, 2)
    circuit.ry(0.4, 1)
    circuit.cx(3, 4)
    circuit.measure([2, 1, 0], first)
    circuit.measure([3, 4], second)
    return circuit


@pytest.fixture(scope="module")
def compiled() -> QuantumCircuit:
    target = resolve_device("fake_jakarta").target
    layout = [0, 1, 2, 5, 6]
    return generate_preset_pass_manager(1, target=target, initial_layout=layout).run(two_groups())


def values_of(circuit: QuantumCircuit, seed: int, points: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, (points, circuit.num_parameters))


def test_counts_are_those_of_aer_under_the_noise_of_the_device(compiled: QuantumCircuit) -> None:
    """All five bits together, at two points; a false alarm in a million each."""
    sampler = qnnq.InstrumentSampler("fake_jakarta", "fake_jakarta(idle=off)", seed=5)
    values = values_of(compiled, 1, 2)
    found = sampler.run([(compiled, values)], shots=SHOTS).result()[0].data
    assert (found.first.shape, found.second.num_shots) == ((2,), SHOTS)
    simulator = AerSimulator(method="density_matrix", seed_simulator=7)
    noise = NoiseModel.from_backend(FakeJakartaV2())
    for point in range(2):
        bound = compiled.assign_parameters(dict(zip(compiled.parameters, values[point])))
        aer = simulator.run(bound, noise_model=noise, shots=SHOTS).result().get_counts()
        registers = (found.second[point].get_bitstrings(), found.first[point].get_bitstrings())
        ours = Counter(map(" ".join, zip(*registers)))
        keys = sorted(ours.keys() | aer.keys())
        table = np.array([[each.get(key, 0) for key in keys] for each in (ours, aer)])
        assert stats.chi2_contingency(table[:, table.sum(axis=0) >= 10]).pvalue > 1e-6


def test_the_same_seed_draws_the_same_shots(compiled: QuantumCircuit) -> None:
    pub = (compiled, values_of(compiled, 2, 3))
    runs = [
        qnnq.InstrumentSampler("fake_jakarta", seed=4).run([pub]).result()[0].data for _ in range(2)
    ]
    assert runs[0].first == runs[1].first
    assert runs[0].first.num_shots == 1024


def test_a_neural_network_of_qiskit_machine_learning_uses_it() -> None:
    """Its parities of two qubits, beside the closed form of their rotations."""
    from qiskit_machine_learning.neural_networks import SamplerQNN

    x, w = ParameterVector("x", 2), ParameterVector("w", 2)
    circuit = QuantumCircuit(2)
    for k in range(2):
        circuit.ry(x[k], k)
        circuit.ry(w[k], k)
    network = SamplerQNN(
        circuit=circuit,
        input_params=x,
        weight_params=w,
        interpret=lambda bits: bits.bit_count() % 2,
        output_shape=2,
        sampler=qnnq.InstrumentSampler("fake_torino", "ideal", default_shots=SHOTS, seed=1),
        pass_manager=generate_preset_pass_manager(
            1, target=resolve_device("fake_torino").target, seed_transpiler=1
        ),
    )
    inputs = np.array([[0.3, 1.0], [2.0, -0.7]])
    weights = np.array([0.2, 0.5])
    even = (1 + np.prod(np.cos(inputs + weights), axis=1)) / 2
    found = network.forward(inputs, weights)[:, 0]
    assert np.abs(found - even).max() < 5 * np.sqrt(0.25 / SHOTS)  # 6e-7 each


def test_a_circuit_without_parameters_is_a_point_and_no_points_are_none() -> None:
    sampler = qnnq.InstrumentSampler("fake_torino", "ideal", seed=1)
    circuit = QuantumCircuit(3, 2)
    circuit.x(0)
    circuit.cz(0, 1)
    circuit.measure([0, 1], [1, 0])
    assert sampler.run([circuit], shots=5).result()[0].data.c.get_counts() == {"10": 5}
    angled = QuantumCircuit(1)
    angled.rz(Parameter("turn"), 0)
    angled.measure_all()
    data = sampler.run([(angled, np.zeros((0, 1)))], shots=5).result()[0].data
    assert data.shape == data.meas.shape == (0,)


def _changed(change) -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3, name="mine")
    change(circuit)
    return circuit


@pytest.mark.parametrize(
    ("circuit", "words"),
    [
        (_changed(lambda c: (c.sx(0), c.reset(0))), "circuit mine: .* got reset"),
        (_changed(lambda c: (c.measure(0, 0), c.sx(0))), "got sx on qubit 0"),
        (_changed(lambda c: (c.measure(0, 0), c.measure(1, 0))), "got two of bit 0"),
        (_changed(lambda c: c.if_test((c.clbits[0], 1), QuantumCircuit(1), [0], [])), "if_else"),
        (_changed(lambda c: (c.h(0), c.measure(0, 0))), "h on qubit 0"),
    ],
)
def test_other_circuits_are_refused(circuit: QuantumCircuit, words: str) -> None:
    with pytest.raises((InputError, NoiseError), match=words):
        qnnq.InstrumentSampler("fake_torino").run([circuit])


def test_groups_that_are_too_large_are_refused() -> None:
    target = resolve_device("fake_torino").target
    circuit = QuantumCircuit(target.num_qubits, 1)
    for pair in list(target["cz"])[:60]:
        circuit.cz(*pair)
    circuit.measure(0, 0)
    with pytest.raises(InputError, match="groups of at most 10 that gates join, got"):
        qnnq.InstrumentSampler("fake_torino", "readout(p=0.01)").run([circuit])

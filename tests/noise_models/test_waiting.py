"""Waiting qubits: as channels, and in circuits that Aer runs."""

import math

import numpy as np
import pytest
from qiskit.circuit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import SuperOp
from qiskit.transpiler import QubitProperties, Target
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, thermal_relaxation_error
from scipy.stats import chisquare

from noise_models import NoiseError
from noise_models.aer_model import aer_noise_model
from noise_models.channels import build_channels
from noise_models.stages import superoperator
from tests.noise_models.density import Branches, X, relaxation, ry
from tests.noise_models.devices import backend, parse, small_target

FALSE_ALARM = 1e-6
WAIT = 30e-6
TIMES = [(100e-6, 80e-6), (150e-6, 90e-6), (100e-6, 160e-6)]  # of `small_target`


def build(text, target=None, **options):
    target = small_target() if target is None else target  # one without instructions is false
    return build_channels(parse(text), target, range(3), **options)


@pytest.mark.parametrize("qubit", range(3))
def test_waiting_is_thermal_relaxation(qubit):
    t1, t2 = TIMES[qubit]
    for strength in (0.3, 1, 4):
        found = superoperator(build(f"device*{strength}").waiting(qubit, WAIT), 1)
        expected = SuperOp(thermal_relaxation_error(t1, t2, strength * WAIT)).data
        np.testing.assert_allclose(found, expected, atol=1e-13)


def test_all_terms_relax_a_waiting_qubit():
    t1, t2 = TIMES[0]
    stages = build(
        "device*2 + relaxation(t1=50us, t2=70us)*0.5 + depolarizing(p1=5e-5, p2=1e-3)"
    ).waiting(0, WAIT)
    rates = np.array([2 / t1 + 0.5 / 50e-6, 2 / t2 + 0.5 / 70e-6])
    expected = SuperOp(thermal_relaxation_error(*(1 / rates), WAIT)).data
    np.testing.assert_allclose(superoperator(stages, 1), expected, atol=1e-13)


@pytest.mark.parametrize("text", ["device*0", "device(idle=off)", "readout(p=0.1)", "ideal"])
def test_no_relaxation(text):
    channels = build(text)
    assert channels.waiting(0, WAIT) == channels.measuring(0) == ()


def test_idle_is_a_switch_of_its_own():
    assert build("device(gate=off, relaxation=off, readout=off)").waiting(0, WAIT)
    whole, without = build("device"), build("device(idle=off)")
    assert whole.stages.keys() == without.stages.keys()
    for element in whole.stages:
        np.testing.assert_array_equal(
            whole.superoperator(*element), without.superoperator(*element)
        )


def test_a_measured_qubit_relaxes_for_the_duration_of_the_measurement():
    channels = build("device")
    expected = superoperator(channels.waiting(1, 1e-6), 1)
    np.testing.assert_array_equal(superoperator(channels.measuring(1), 1), expected)


def test_the_measurement_that_is_meant():
    target = backend("FakeKingston").target
    quick = build_channels(parse("device"), target, [3], measurement="measure_2")
    slow = build_channels(parse("device"), target, [3])
    for channels, name in ((slow, "measure"), (quick, "measure_2")):
        properties = target[name][(3,)]
        assert channels.durations["measure", (3,)] == properties.duration
        assert channels.readout_errors[3][0, 1] == pytest.approx(properties.error)


def test_unknown_times():
    properties = [QubitProperties(t1=1e-4), QubitProperties(t2=1e-4), QubitProperties()]
    bare = Target(num_qubits=3, qubit_properties=properties)
    channels = build("device", bare)
    t1_only = SuperOp(thermal_relaxation_error(1e-4, 2e-4, WAIT)).data
    np.testing.assert_allclose(superoperator(channels.waiting(0, WAIT), 1), t1_only, atol=1e-13)
    assert superoperator(channels.waiting(1, WAIT), 1)[3, 3] == 1
    with pytest.raises(NoiseError, match="delay on qubit 2: .* lacks its T1 and T2"):
        channels.waiting(2, WAIT)
    with pytest.raises(NoiseError, match="measure on qubit 0: .* lacks its duration"):
        channels.measuring(0)


def test_reset_error_of_the_calibration():
    target = small_target()
    properties = target["reset"][(0,)]
    properties.error = 0.1
    target.update_instruction_properties("reset", (0,), properties)
    flip = build("device(relaxation=off)*2", target).superoperator("reset", (0,))
    np.testing.assert_allclose(flip[3, 0], 2 * 0.1 * 0.9)
    assert ("reset", (0,)) in build("device(gate=off, relaxation=off)", target).exact


def exact_density(circuit, channels, index=None):
    circuit = circuit.copy()
    circuit.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=aer_noise_model(channels, index))
    return np.asarray(simulator.run(circuit).result().data()["density_matrix"])


@pytest.mark.parametrize(
    ("duration", "unit"), [(30, "us"), (0.03, "ms"), (3e-5, "s"), (7500, "dt")]
)
def test_delays_in_aer(duration, unit):
    target = small_target(dt=4e-9)
    circuit = QuantumCircuit(2)
    circuit.rx(1.1, 0)
    circuit.rx(2.1, 1)
    circuit.delay(duration, 0, unit=unit)
    circuit.rx(0.4, [0, 1])
    channels = build("device(gate=off, relaxation=off)*3", target)
    found = exact_density(circuit, channels, {2: 0, 1: 1})
    state = Branches(2)
    for qubit, angle in enumerate((1.1, 2.1)):
        state.gate(qubit, rx(angle))
    state.apply(0, relaxation(*TIMES[2], 3 * WAIT))
    for qubit in range(2):
        state.gate(qubit, rx(0.4))
    expected = state.branches[()].transpose(1, 0, 3, 2).reshape(4, 4)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def rx(angle):
    return math.cos(angle / 2) * np.eye(2) - 1j * math.sin(angle / 2) * X


def test_the_delays_of_a_device_are_those_of_aer():
    """At strength 1 a circuit with delays is the one of NoiseModel.from_backend."""
    device = backend("FakeLagosV2")
    circuit = QuantumCircuit(2)
    circuit.sx([0, 1])
    circuit.delay(4000, 0)
    circuit.delay(90_000, 1)
    circuit.sx([0, 1])
    target = device.target
    found = exact_density(circuit, build_channels(parse("device"), target, [0, 1]))
    circuit.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=NoiseModel.from_backend(device))
    expected = simulator.run(circuit).result().data()["density_matrix"]
    np.testing.assert_allclose(found, np.asarray(expected), atol=1e-12)


def feedback(conditional_wait):
    """Measure qubit 0, wait and turn it by the outcome, reset nothing, measure both qubits."""
    qubits, first, last = QuantumRegister(2), ClassicalRegister(1), ClassicalRegister(2)
    circuit = QuantumCircuit(qubits, first, last)
    circuit.ry(1.2, 0)
    circuit.ry(2.0, 1)
    circuit.measure(0, first[0])
    circuit.delay(40, 1, unit="us")
    with circuit.if_test((first[0], 1)) as otherwise:
        circuit.x(0)
        if conditional_wait:
            circuit.delay(60, qubits, unit="us")
        circuit.ry(0.7, 1)
    with otherwise:
        circuit.delay(10, qubits, unit="us")
        circuit.ry(-0.4, 0)
    circuit.ry(0.9, 0)
    circuit.measure(qubits, last)
    return circuit


def enumerated(conditional_wait, noise=1.0):
    """The same by hand: gates exact, readout errors of 5 and 15 %, T1, T2 of `small_target`."""
    readout = np.array([[1 - 0.05 * noise, 0.05 * noise], [0.15 * noise, 1 - 0.15 * noise]])
    state = Branches(2)

    def wait(qubit, duration, record=None):
        state.apply(qubit, relaxation(*TIMES[qubit], duration * noise), record)

    state.gate(0, ry(1.2))
    state.gate(1, ry(2.0))
    state.measure(0, readout)
    wait(0, 20e-6)  # the measurement's duration
    wait(1, 40e-6)
    one, zero = (lambda bits: bits[0] == 1), (lambda bits: bits[0] == 0)
    state.gate(0, X, one)
    for qubit in (0, 1):
        if conditional_wait:
            wait(qubit, 60e-6, one)
        wait(qubit, 10e-6, zero)
    state.gate(1, ry(0.7), one)
    state.gate(0, ry(-0.4), zero)
    state.gate(0, ry(0.9))
    state.measure(0, readout)
    state.measure(1, readout)
    return state.probabilities()


@pytest.mark.parametrize("method", ["density_matrix", "matrix_product_state"])
@pytest.mark.parametrize("conditional_wait", [True, False])
def test_waits_act_inside_branches(method, conditional_wait):
    """Chi-square of 10,000 shots against enumeration; without the waits it fails by far."""
    target = small_target(measure_duration=20e-6)
    text = "device(gate=off, relaxation=off, readout=off) + readout(p01=0.05, p10=0.15)"
    model = aer_noise_model(build(text, target))
    simulator = AerSimulator(method=method, noise_model=model, seed_simulator=5)
    circuit = feedback(conditional_wait)
    counts = simulator.run(circuit, shots=10_000).result().get_counts()
    found = {tuple(int(b) for b in reversed(key.replace(" ", ""))): n for key, n in counts.items()}
    expected = enumerated(conditional_wait)
    assert set(found) <= set(expected)
    keys = sorted(expected)
    observed = [found.get(key, 0) for key in keys]

    def p_value(probabilities):
        return chisquare(observed, 10_000 * np.array([probabilities[k] for k in keys])).pvalue

    assert p_value(expected) > FALSE_ALARM
    assert p_value(enumerated(not conditional_wait)) < FALSE_ALARM

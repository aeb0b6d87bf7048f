"""Coherent terms against matrices written out here."""

import cmath
import math

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.quantum_info import Operator, SuperOp
from qiskit_aer import AerSimulator

from noise_models import NoiseError
from noise_models.aer_model import aer_noise_model
from noise_models.channels import build_channels
from noise_models.coverage import check_coverage
from noise_models.stages import superoperator
from tests.noise_models.density import Branches
from tests.noise_models.devices import parse, small_target

ANGLE = 0.3
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2


def rz(angle):
    return np.diag([cmath.exp(-0.5j * angle), cmath.exp(0.5j * angle)])


def build(text, **options):
    return build_channels(parse(text), small_target(**options), range(3))


def assert_unitary(channels, element, unitary):
    expected = SuperOp(Operator(unitary)).data
    np.testing.assert_allclose(SuperOp(channels.gate_errors[element]).data, expected, atol=1e-13)


def test_phase_of_each_gate():
    channels = build(f"phase(angle={ANGLE})*1.5")
    assert_unitary(channels, ("sx", (1,)), rz(1.5 * ANGLE))
    assert_unitary(channels, ("cz", (0, 1)), np.kron(rz(1.5 * ANGLE), rz(1.5 * ANGLE)))
    assert {"rz", "reset"} & {name for name, _ in channels.stages} == set()
    assert channels.waiting(0, 1e-6) == ()


def test_a_phase_stays_where_an_overrotation_cancels():
    """A gate and its inverse, each with its error: the over-rotation is undone, the phase not."""
    for text, left in (("phase", math.cos(ANGLE / 2) ** 2), ("overrotation", 1.0)):
        error = build(f"{text}(angle={ANGLE})").superoperator("sx", (0,))
        gate, inverse = SuperOp(Operator(SX)).data, SuperOp(Operator(SX.conj().T)).data
        # The inverse turns the other way, so its over-rotation does too.
        second = error.conj().T if text == "overrotation" else error
        pair = second @ inverse @ error @ gate
        # SX^-1 RZ(a) SX = RY(+-a): the trace of RZ(a) RY(a) is 2 cos^2(a/2).
        assert np.trace(pair).real / 4 == pytest.approx(left**2 if text == "phase" else 1.0)


def test_detuning_takes_time():
    frequency = 20e3
    channels = build(f"detuning(frequency={frequency}Hz)*2")

    def turned(duration):
        return rz(2 * math.pi * 2 * frequency * duration)

    assert_unitary(channels, ("sx", (1,)), turned(40e-9))
    assert_unitary(channels, ("cz", (1, 2)), np.kron(turned(80e-9), turned(80e-9)))
    for stages, duration in ((channels.waiting(0, 3e-6), 3e-6), (channels.measuring(0), 1e-6)):
        expected = SuperOp(Operator(turned(duration))).data
        np.testing.assert_allclose(superoperator(stages, 1), expected, atol=1e-13)
    circuit = QuantumCircuit(3)
    circuit.reset(0)
    channels = build("detuning(frequency=1Hz)", reset_duration=None)
    with pytest.raises(NoiseError, match="reset on qubit 0: .* lacks its duration"):
        check_coverage(circuit, channels, parse("detuning(frequency=1Hz)"))


RATE = 400e3
STRENGTH = 1.5


def coupled(duration):
    """exp(-i H t) with H = 2 pi rate |11><11|."""
    return np.diag([1, 1, 1, cmath.exp(-2j * math.pi * RATE * STRENGTH * duration)])


def test_zz_of_three_qubits_against_a_hand_made_timeline():
    """Gates of 40 and 70 ns, waits: qubit 1 is coupled to 0 and 2, these are not to each other."""
    circuit = QuantumCircuit(3)
    circuit.sx([0, 1, 2])  # 0 to 40 ns
    circuit.delay(200, 0, unit="ns")
    circuit.delay(60, 1, unit="ns")
    circuit.rz(0.4, 1)
    circuit.sx(1)  # 100 to 140 ns
    circuit.delay(100, 1, unit="ns")
    circuit.delay(240, 2, unit="ns")
    circuit.cz(0, 1)  # 240 to 310 ns; qubit 2 waits on
    circuit.delay(30, 2, unit="ns")
    for _ in range(3):
        circuit.sx([0, 1, 2])  # 310 to 350 ns, ...
    circuit.save_density_matrix()
    channels = build(f"zz(rate={RATE}Hz)*{STRENGTH}")
    simulator = AerSimulator(method="density_matrix", noise_model=aer_noise_model(channels))
    found = np.asarray(simulator.run(circuit).result().data()["density_matrix"])

    state = Branches(3)

    def everywhere():
        for qubit in range(3):
            state.gate(qubit, SX)

    def evolve(pairs, duration):
        for pair in pairs:
            state.unitary(pair, coupled(duration))

    both = [(0, 1), (1, 2)]
    everywhere()
    evolve(both, 100e-9)
    state.gate(1, rz(0.4))
    state.gate(1, SX)
    evolve(both, 140e-9)
    state.unitary((0, 1), np.diag([1, 1, 1, -1]))
    evolve([(1, 2)], 70e-9)
    everywhere()
    for _ in range(2):
        evolve(both, 40e-9)
        everywhere()
    evolve(both, 40e-9)
    expected = state.branches[()].transpose(2, 1, 0, 5, 4, 3).reshape(8, 8)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_zz_needs_both_qubits_in_use_and_no_branches():
    text = f"zz(rate={RATE}Hz)"
    alone = build_channels(parse(text), small_target(), [0, 2])
    assert alone.coupling_rates == {}
    assert build(text).coupling_rates == {(0, 1): RATE, (1, 2): RATE}
    assert build(f"{text} + {text}*0.5").coupling_rates[0, 1] == pytest.approx(1.5 * RATE)
    circuit = QuantumCircuit(3, 1)
    with circuit.if_test((0, 1)):
        circuit.sx(0)
    message = "found control flow, expected none with zz, leakage or correlated_readout"
    with pytest.raises(NoiseError, match=message):
        check_coverage(circuit, build(text), parse(text))

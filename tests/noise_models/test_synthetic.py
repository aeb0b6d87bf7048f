"""Synthetic channels against their definitions and against Aer's."""

import math

import numpy as np
import pytest
from qiskit.circuit.library import CXGate, CZGate, ECRGate, RXGate, RZXGate, RZZGate, SXGate, XGate
from qiskit.quantum_info import Operator, SuperOp
from qiskit_aer.noise import (
    amplitude_damping_error,
    depolarizing_error,
    phase_damping_error,
    thermal_relaxation_error,
)

from noise_models import NoiseError
from noise_models.channels import build_channels
from noise_models.overrotation import overrotation_unitary
from noise_models.stages import superoperator
from tests.noise_models.devices import parse, small_target

ONE, PAIR, RESET = ("rx", (1,)), ("cz", (0, 1)), ("reset", (1,))


def build(text):
    return build_channels(parse(text), small_target(), range(3))


def assert_channel(channels, element, expected):
    np.testing.assert_allclose(
        SuperOp(channels.gate_errors[element]).data, SuperOp(expected).data, atol=1e-13
    )


def twice(error):
    return SuperOp(error).tensor(SuperOp(error))


def test_depolarizing():
    channels = build("depolarizing(p1=1e-3, p2=1e-2)")
    assert_channel(channels, ONE, depolarizing_error(1e-3, 1))
    assert_channel(channels, PAIR, depolarizing_error(1e-2, 2))
    assert {name for name, _ in channels.gate_errors} == {"sx", "x", "rx", "cz", "rzz"}


def test_greatest_depolarizing():
    channels = build("depolarizing(p1=1, p2=1)*0.5")
    assert_channel(channels, ONE, depolarizing_error(1, 1))


@pytest.mark.parametrize(("t1", "t2"), [(100e-6, 80e-6), (100e-6, 150e-6), (100e-6, 200e-6)])
def test_relaxation_lasts_as_long_as_the_instruction(t1, t2):
    channels = build(f"relaxation(t1={t1}s, t2={t2}s)")
    assert_channel(channels, ONE, thermal_relaxation_error(t1, t2, 40e-9))
    assert_channel(channels, PAIR, twice(thermal_relaxation_error(t1, t2, 70e-9)))
    assert_channel(channels, RESET, thermal_relaxation_error(t1, t2, 1e-6))
    assert not {e for e in channels.gate_errors if e[0] in ("rz", "measure")}


@pytest.mark.parametrize(("t1", "t2"), [(100e-6, 80e-6), (100e-6, 150e-6)])
def test_relaxation_towards_a_thermal_state(t1, t2):
    channels = build(f"relaxation(t1={t1}s, t2={t2}s, population=0.15)")
    assert_channel(channels, ONE, thermal_relaxation_error(t1, t2, 40e-9, 0.15))
    waited = superoperator(channels.waiting(0, 30e-6), 1)
    expected = SuperOp(thermal_relaxation_error(t1, t2, 30e-6, 0.15)).data
    np.testing.assert_allclose(waited, expected, atol=1e-13)


def test_damping():
    channels = build("amplitude_damping(p=0.2)")
    assert_channel(channels, ONE, amplitude_damping_error(0.2))
    assert_channel(channels, PAIR, twice(amplitude_damping_error(0.2)))
    assert RESET not in channels.gate_errors
    channels = build("phase_damping(p=0.2)")
    assert_channel(channels, ONE, phase_damping_error(0.2))
    assert_channel(channels, PAIR, twice(phase_damping_error(0.2)))


def test_readout():
    channels = build("readout(p01=0.1, p10=0.3)")
    np.testing.assert_allclose(channels.readout_errors[2], [[0.9, 0.1], [0.3, 0.7]])
    assert not channels.gate_errors
    assert build("readout(p=0.9)*2").readout_errors[0][0, 1] == pytest.approx(0.18)


ANGLE = 0.3
PROJECTOR = np.diag([0.0, 0, 0, 1])


@pytest.mark.parametrize(
    ("gate", "turned_too_far"),
    [
        (XGate(), RXGate(math.pi + ANGLE)),
        (SXGate(), RXGate(math.pi / 2 + ANGLE)),
        (RXGate(1.1), RXGate(1.1 + ANGLE)),
        (RZZGate(1.1), RZZGate(1.1 + ANGLE)),
        (CZGate(), np.diag(np.exp(1j * (math.pi + ANGLE) * np.diag(PROJECTOR)))),
        (ECRGate(), Operator(RZXGate(math.pi / 2 + ANGLE)).compose(XGate(), [0])),
        (
            CXGate(),  # the target (second qubit) turns by pi + angle where the control is 1
            np.eye(4)
            + np.kron(
                (np.exp(1j * (math.pi + ANGLE)) - 1) * np.array([[1, -1], [-1, 1]]) / 2,
                np.diag([0, 1]),
            ),
        ),
    ],
)
def test_overrotation(gate, turned_too_far):
    found = Operator(gate).compose(Operator(overrotation_unitary(gate.name, ANGLE)))
    assert found.equiv(Operator(turned_too_far))


def test_overrotation_in_a_model():
    channels = build("overrotation(angle=0.3)")
    assert_channel(channels, ("sx", (2,)), Operator(RXGate(0.3)))
    assert_channel(channels, ("rzz", (0, 1)), Operator(RZZGate(0.3)))
    assert not {name for name, _ in channels.gate_errors} & {"rz", "reset"}


def test_gate_without_axis():
    with pytest.raises(NoiseError, match="overrotation has no axis for the gate iswap"):
        overrotation_unitary("iswap", 0.1)


TERMS = (
    "device",
    "overrotation(angle=0.4)",
    "relaxation(t1=1us, t2=1.6us)",
    "depolarizing(p1=0.1, p2=0.2)",
    "amplitude_damping(p=0.2)",
    "readout(p01=0.1, p10=0.3)",
    "readout(p01=0.4, p10=0.2)",
)


def test_terms_act_from_left_to_right():
    singles = [build(term) for term in TERMS]
    for terms, parts in ((TERMS, singles), (TERMS[::-1], singles[::-1])):
        channels = build(" + ".join(terms))
        for element in (("sx", (0,)), ("sx", (2,)), PAIR, ("cz", (1, 2)), RESET):
            expected = np.eye(4 ** len(element[1]))
            for part in parts:
                expected = part.superoperator(*element) @ expected
            assert_channel(channels, element, SuperOp(expected))
        readout = [part.readout_errors[0] for part in parts if part.readout_errors]
        np.testing.assert_allclose(channels.readout_errors[0], np.linalg.multi_dot(readout))
    order = [build(" + ".join(t)).superoperator(*ONE) for t in (TERMS, TERMS[::-1])]
    assert not np.allclose(*order)

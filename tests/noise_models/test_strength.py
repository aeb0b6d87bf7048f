"""What strength x means: the error acts x times."""

import numpy as np
import pytest

from noise_models.aer_model import aer_noise_model
from noise_models.channels import build_channels
from tests.noise_models.devices import DEVICES, backend, interesting_qubits, parse, small_target

ONE_MECHANISM = (
    "device(relaxation=off, readout=off)",
    "device(gate=off, readout=off)",
    "device(gate=off, relaxation=off)",
    "depolarizing(p1=0.01, p2=0.1)",
    "relaxation(t1=10us, t2=7us)",
    "relaxation(t1=10us, t2=17us)",
    "amplitude_damping(p=0.1)",
    "phase_damping(p=0.1)",
    "relaxation(t1=10us, t2=17us, population=0.2)",
    "relaxation(t1=10us, t2=7us, population=0.2)",
    "overrotation(angle=0.3)",
    "phase(angle=0.3)",
    "detuning(frequency=2MHz)",
    "readout(p01=0.1, p10=0.3)",
)


def build(text, target=None):
    return build_channels(parse(text), target or small_target(), range(3))


def assert_product(whole, first, second):
    """Every error of `whole` is the one of `first`, then the one of `second`."""
    assert whole.stages.keys() == first.stages.keys() == second.stages.keys()
    for element in whole.stages:
        product = second.superoperator(*element) @ first.superoperator(*element)
        np.testing.assert_allclose(whole.superoperator(*element), product, atol=1e-13)
    assert whole.readout_errors.keys() == first.readout_errors.keys()
    for qubit, matrix in whole.readout_errors.items():
        product = first.readout_errors[qubit] @ second.readout_errors[qubit]
        np.testing.assert_allclose(matrix, product, atol=1e-13)


@pytest.mark.parametrize("text", ONE_MECHANISM)
def test_strength_two_is_two_applications(text):
    once = build(text)
    assert once.stages or once.readout_errors
    assert_product(build(f"{text}*2"), once, once)


@pytest.mark.parametrize("text", ONE_MECHANISM)
def test_strengths_add(text):
    assert_product(build(text), build(f"{text}*0.5"), build(f"{text}*0.5"))
    assert_product(build(f"{text}*3.25"), build(f"{text}*0.75"), build(f"{text}*2.5"))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("switches", ["(relaxation=off)", "(gate=off)"])
def test_strength_two_on_devices(device, switches):
    target = backend(device).target
    qubits = interesting_qubits(target)
    once, twice = (build_channels(parse(f"device{switches}*{x}"), target, qubits) for x in (1, 2))
    assert_product(twice, once, once)


@pytest.mark.parametrize("text", [*ONE_MECHANISM, "device"])
def test_strength_zero_is_nothing(text):
    channels = build(f"{text}*0")
    assert not channels.gate_errors
    assert not channels.readout_errors
    assert not channels.refused
    assert aer_noise_model(channels).is_ideal()
    assert not channels.waiting(0, 1e-5)


@pytest.mark.parametrize(
    ("text", "zero"),
    [
        ("depolarizing(p1=0, p2=0.1)", {"sx", "x", "rx", "reset"}),
        ("amplitude_damping(p=0)", {"sx", "cz"}),
        ("phase_damping(p=0)", {"sx", "cz"}),
        ("overrotation(angle=0)", {"sx", "cz"}),
        ("phase(angle=0)", {"sx", "cz"}),
        ("detuning(frequency=0Hz)", {"sx", "cz"}),
        ("readout(p=0)", {"measure"}),
    ],
)
def test_zero_errors_have_no_entry(text, zero):
    channels = build(text)
    assert not zero & {name for name, _ in channels.stages}
    assert zero <= {name for name, _ in channels.exact}
    assert not channels.readout_errors


def test_powers_of_errors_worse_than_random():
    """A faulty gate has whole powers only; the others are refused, element by element."""
    target = small_target()
    properties = target["cz"][(0, 1)]
    properties.error = 1.0
    target.update_instruction_properties("cz", (0, 1), properties)
    measure = target["measure"][(1,)]
    measure.error = 0.6
    target.update_instruction_properties("measure", (1,), measure)
    gate = "device(relaxation=off)"
    once = build(gate, target)
    assert_product(build(f"{gate}*3", target), build(f"{gate}*2", target), once)
    half = build(f"{gate}*0.5", target)
    ends = "is worse than random and has no other power"
    assert half.refused["cz", (0, 1)] == (
        "cz on qubits 0, 1: found strength 0.5, expected a whole number: the gate error 1 " + ends
    )
    assert half.refused["measure", (1,)] == (
        "measure on qubit 1: found strength 0.5, expected a whole number: "
        "the readout error 0.6 " + ends
    )
    assert ("cz", (0, 1)) not in half.gate_errors
    assert ("cz", (1, 2)) in half.gate_errors
    assert half.readout_errors.keys() == {0, 2}


def test_random_readout_stays_random():
    channels = build("readout(p=0.5)*0.3")
    np.testing.assert_allclose(channels.readout_errors[0], np.full((2, 2), 0.5))

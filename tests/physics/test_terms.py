"""Every noise term's channel against a superoperator from its definition."""

import json

import numpy as np
import pytest
from qiskit.quantum_info import SuperOp

from noise_models import NoiseSpecification
from noise_models.channels import build_channels
from noise_models.stages import superoperator
from tests.noise_models.devices import small_target
from tests.physics import channels as ch
from tests.physics import terms as t

ELEMENTS = (
    ("sx", (0,)),
    ("x", (2,)),
    ("rx", (1,)),
    ("rz", (1,)),
    ("reset", (2,)),
    ("cz", (0, 1)),
    ("rzz", (0, 1)),
    ("cz", (1, 2)),
)
STRENGTHS = (0.0, 0.3, 1.0, 7.5)
"""Of the channels; Aer's objects are compared below 1, because that takes long."""
TERMS = {
    "depolarizing": lambda x: t.Depolarizing(x, 0.02, 0.07),
    "relaxation, T2 < T1": lambda x: t.Relaxation(x, 3e-6, 2e-6, 0.0),
    "relaxation, T2 > T1": lambda x: t.Relaxation(x, 2e-6, 3.1e-6, 0.0),
    "relaxation, T2 = 2 T1": lambda x: t.Relaxation(x, 2e-6, 4e-6, 0.3),
    "relaxation, warm": lambda x: t.Relaxation(x, 3e-6, 2e-6, 0.4),
    "amplitude damping": lambda x: t.AmplitudeDamping(x, 0.06),
    "phase damping": lambda x: t.PhaseDamping(x, 0.06),
    "overrotation": lambda x: t.Overrotation(x, -0.3),
    "phase": lambda x: t.Phase(x, 0.4),
    "detuning": lambda x: t.Detuning(x, -2e6),
    "device": lambda x: t.Calibrated(x),
    "device, no gates": lambda x: t.Calibrated(x, "device", ("gate",)),
    "device, no relaxation": lambda x: t.Calibrated(x, "device", ("relaxation", "readout")),
    "device, no waits": lambda x: t.Calibrated(x, "device", ("idle",)),
    "readout": lambda x: t.Readout(x, 0.02, 0.08),
}


def whole(parts, qubits):
    """The superoperator of [(superoperator, physical qubits)] on one or two qubits."""
    product = ch.identity(len(qubits))
    for part, on in parts:
        if len(on) < len(qubits):
            sides = [part if qubit in on else ch.identity(1) for qubit in qubits]
            part = ch.beside(sides)
        product = part @ product
    return product


def check(noise, channels, elements=ELEMENTS):
    for name, qubits in elements:
        expected = whole(noise.after(name, qubits), qubits)
        found = channels.superoperator(name, qubits)
        np.testing.assert_allclose(found, expected, atol=1e-13, err_msg=f"{name} {qubits}")
        aers = channels.gate_errors.get((name, qubits))
        if aers is not None and noise.terms[0].strength < 1:
            np.testing.assert_allclose(SuperOp(aers).data, expected, atol=1e-12)
    for qubit in range(3):
        for seconds in (0.0, 3e-7, 2e-5):
            expected = whole(noise.waiting(qubit, seconds), (qubit,))
            found = superoperator(channels.waiting(qubit, seconds), 1)
            np.testing.assert_allclose(found, expected, atol=1e-13)
        found = channels.readout_errors.get(qubit, np.eye(2))
        np.testing.assert_allclose(found, noise.misread(qubit), atol=1e-13)


def build(noise):
    specification = NoiseSpecification.parse(noise.text, ["device"])
    return build_channels(specification, noise.target, range(3))


@pytest.mark.parametrize("term", TERMS.values(), ids=TERMS)
def test_one_term(term):
    for strength in STRENGTHS:
        noise = t.Noise(small_target(), term(strength))
        check(noise, build(noise))


@pytest.mark.physics
def test_terms_act_one_after_the_other():
    for order in (1, -1):
        terms = [term(0.4 + 0.2 * k) for k, term in enumerate(TERMS.values())]
        device = [term for term in terms if isinstance(term, t.Calibrated)]
        noise = t.Noise(small_target(), *[x for x in terms if x not in device[1:]][::order])
        check(noise, build(noise))


def test_learned_noise(tmp_path):
    """Lindblad generators, exponentiated; the letters of a pair go with its qubits."""
    paulis = (((0, 1), "XZ", 0.01), ((0, 1), "ZI", 0.02), ((0, 1), "YY", 3e-3), ((1, 2), "IX", 0.1))
    file = tmp_path / "learned.json"
    layers = []
    for pair in ((0, 1), (1, 2)):
        rows = [(p, on, rate) for on, p, rate in paulis if on == pair]
        sparse = [
            [p.replace("I", ""), [q for q, letter in zip(on, p) if letter != "I"], rate]
            for on, p, rate in [(on, p, rate) for p, on, rate in rows]
        ]
        layers.append({"num_qubits": 3, "sparse_terms": sparse})
    file.write_text(json.dumps(layers))
    for strength in (0.5, 3.0):
        noise = t.Noise(small_target(), t.PauliLindblad(strength, str(file), paulis))
        channels = build(noise)
        for element in (("cz", (0, 1)), ("rzz", (0, 1)), ("sx", (0,))):
            expected = whole(noise.after(*element), element[1])
            np.testing.assert_allclose(channels.superoperator(*element), expected, atol=1e-13)

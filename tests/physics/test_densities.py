"""Whole networks under noise against density matrices of their compiled circuits.

The joint reports of all layers, exactly in the instrument engine, by chi-square in Aer.
"""

import math

import numpy as np
import pytest

from noise_models import NoiseSpecification
from noise_models.channels import build_channels
from qnnq.execution.engines.network_instruments import layer_instruments
from qnnq.execution.modes.coherent import Coherent
from tests.execution.modes.joint import PIXELS, STRONG, WEAK, first_angles, network_of
from tests.physics import terms as t
from tests.physics.density import Density
from tests.physics.equations import layer_activation
from tests.physics.networks import EXACT, OnDevice, further
from tests.physics.reading import read_joint
from tests.transpile.devices import line, small_target
from transpile import Group, compile_network, network_circuit

ONE = math.pi / 2
GATES = (
    t.Depolarizing(0.7, 0.01, 0.03),
    t.Overrotation(1.5, 0.05),
    t.AmplitudeDamping(2.0, 0.01),
    t.Phase(1.0, 0.03),
    t.PhaseDamping(0.5, 0.03),
)
WAITS = t.Relaxation(1.0, 4e-6, 3e-6, 0.15), t.Detuning(1.0, 4e5), t.Relaxation(0.5, 3e-6, 5e-6)
READS = t.Readout(1.5, 0.03, 0.12), t.Readout(1.0, 0.1, 0.02)
COUPLED = t.Zz(1.0, 7e5), t.Relaxation(1.0, 1.0, 2e-6), t.Detuning(1.0, 3e5)
WHOLE = t.Leakage(1.0, 0.02), t.CorrelatedReadout(1.5, 0.05), t.Readout(1.0, 0.02, 0.06)

# T2 < T1 < T2 < 2 T1 < T2, so that every form of relaxation occurs.
UNEVEN = {
    "t1": {0: 2e-5, 1: 9e-6, 2: 1e-5, 3: 3e-5, 4: 6e-6, 5: 4e-5},
    "t2": {0: 1e-5, 1: 1.5e-5, 2: 4e-5, 3: 2e-5, 4: 1e-5, 5: 8e-5},
    "readout": {0: 0.01, 1: 0.08, 2: 0.03, 3: 0.12, 4: 0.02, 5: 0.05},
    "gate_error": {0: 1e-3, 1: 8e-3, 2: 1e-3, 3: 2e-2, 4: 5e-3, 5: 1e-2},
    "gate_duration": {0: 4e-8, 1: 6e-8, 2: 4e-8, 3: 1e-7, 4: 5e-8, 5: 8e-8},
}
LINE = small_target(line(6), **UNEVEN)
ECHO = small_target(line(6), gate="ecr", **UNEVEN)
FRACTIONAL = small_target(line(6), fractional=True, **UNEVEN)


def calibrated(device, strength, *off):
    """The device's own term; a target without a name of its own is called fake_kingston."""
    return t.Calibrated(strength, device, off)


def network(widths, entanglement, last=False, activation="htanh", stretch=0.7):
    return network_of(widths, entanglement, last, activation, stretch)


STEPWISE = {
    "2-2, method 1, kingston": (
        network((2, 2), ONE),
        "fake_kingston",
        (calibrated("fake_kingston", 4.0), *READS),
        {},
    ),
    "2-2-2, method 2, uneven line": (
        network((2, 2, 2), STRONG, stretch=0.0),
        LINE,
        (calibrated("fake_kingston", 1.5), *GATES, *WAITS, *READS),
        {"qubits": "1:0,2:3"},
    ),
    "3-2-2, last projective, ecr": (
        network((3, 2, 2), WEAK, True),
        ECHO,
        (*GATES, calibrated("fake_kingston", 0.5), *READS),
        {"qubits": "0:1,3:2,5:4"},
    ),
    "2-2, joined by three pairs of cz": (
        network((2, 2), ONE, activation="tanh"),
        LINE,
        (calibrated("fake_kingston", 2.0), *GATES, *WAITS),
        {"pairs": 3, "pair_gate": "cz", "qubits": "3,2"},
    ),
    "2-2, weak, joined, ecr": (
        network((2, 2), 1.1),
        ECHO,
        (calibrated("fake_kingston", 2.0), *GATES[:3], *READS),
        {"pairs": 1, "pair_gate": "cz", "qubits": "1:0,2:3"},
    ),
    "3-2, five pairs of sx": (
        network((3, 2), ONE),
        "fake_sherbrooke",
        (calibrated("fake_sherbrooke", 3.0, "relaxation"), *GATES, *READS),
        {"pairs": 5},
    ),
    "2-2, the second of two copies": (
        network((2, 2), ONE),
        LINE,
        (calibrated("fake_kingston", 3.0), *READS),
        {"copies": 2, "image": 7, "qubits": "0,2,1,3"},
    ),
    "3-2, wider than the chip": (
        network((3, 2), ONE),
        small_target(line(2), readout={0: 0.02, 1: 0.2}),
        (calibrated("fake_kingston", 2.0), t.Leakage(1.0, 0.05)),
        {"qubits": "0,1"},
    ),
    "2-2, native rx and rzz": (
        network((2, 2), 0.8),
        FRACTIONAL,
        (*GATES, calibrated("fake_kingston", 1.0, "gate", "idle")),
        {"qubits": "0:1,3:2"},
    ),
    "3-2, coupled, method 1": (
        network((3, 2), ONE),
        LINE,
        (*COUPLED, *WHOLE),
        {"pairs": 2, "qubits": "0,1,2"},
    ),
    "2-2, coupled, method 2": (network((2, 2), 1.0), LINE, COUPLED, {"qubits": "1:0,2:3"}),
    "2-2, everything joined": (
        network((2, 2), ONE),
        LINE,
        (*GATES, *COUPLED, *WHOLE),
        {"pairs": 2, "pair_gate": "cz", "qubits": "2,3"},
    ),
    "2-2, strength 60": (
        network((2, 2), ONE),
        "fake_torino",
        (calibrated("fake_torino", 60.0),),
        {},
    ),
}

COHERENT = {
    "2-2-2, method 1": (network((2, 2, 2), ONE), "fake_kingston", 3.0, {}),
    "2-2-2, combined": (
        network((2, 2, 2), STRONG, activation="linear"),
        "fake_kingston",
        2.0,
        {"feedback_latency": "10us"},
    ),
    "2-2-2, last projective, reset, measure_2": (
        network((2, 2, 2), WEAK, True),
        "fake_kingston",
        3.0,
        {"recycling": "reset", "measurement": "measure_2"},
    ),
    "2-2, decoupled": (
        network((2, 2), STRONG),
        "fake_sherbrooke",
        5.0,
        {"dynamical_decoupling": "XX", "feedback_latency": "4us"},
    ),
    "2-1-2, coming and going": (
        network((2, 1, 2), 0.9, activation="linear"),
        "fake_kingston",
        4.0,
        {"condition_overhead": "2us"},
    ),
}

FAST = (
    "2-2, joined by three pairs of cz",
    "2-2, the second of two copies",
    "3-2, wider than the chip",
    "2-2-2, method 1",
)


@pytest.mark.parametrize(("network", "device", "terms", "options"), further(STEPWISE, FAST))
def test_layers_that_are_prepared_anew(network, device, terms, options):
    deployed = OnDevice(network, device, *terms, **options)
    expected = deployed.expected()
    assert expected.sum() == pytest.approx(1)
    deployed.check_exact(expected)
    deployed.check_aer(expected, 2000)


@pytest.mark.parametrize(("network", "device", "strength", "options"), further(COHERENT, FAST))
def test_neurons_that_live_on(network, device, strength, options):
    terms = calibrated(device, strength), *GATES, t.Detuning(1.0, 2e4), *READS
    deployed = OnDevice(network, device, *terms, mode="coherent", **options)
    expected = deployed.expected()
    assert expected.sum() == pytest.approx(1)
    deployed.check_exact(expected)
    deployed.check_aer(expected, 2000)


@pytest.mark.parametrize(
    ("entanglement", "last", "sites"),
    [
        pytest.param(ONE, False, (Group((0,)), Group((3,))), marks=pytest.mark.physics),
        (WEAK, False, (Group((1,), (0,)), Group((2,), (3,)))),
    ],
)
def test_angles_that_are_computed_outside(entanglement, last, sites):
    """Without branches each history has a circuit of its own angles."""
    small = network((2, 2), entanglement, last)
    compiled = compile_network(LINE, small.widths, small.entanglements, sites=sites)
    noise = t.Noise(LINE, calibrated("device", 2.0), *GATES, *READS)
    specification = NoiseSpecification.parse(noise.text, ["device"])
    channels = build_channels(specification, LINE, range(4))
    circuit = network_circuit(compiled)
    expected = np.zeros((2,) * 4)
    for bits in np.ndindex(2, 2):
        outcomes = 1.0 - 2.0 * np.array([bits])
        angles = list(first_angles(small))
        for layer, last_ones in enumerate(outcomes, 1):
            phi = layer_activation(small, layer, last_ones[None])[0]
            angles += list(math.pi / 2 * (last_ones - phi))
        expected[bits] = Density(circuit.assign_parameters(angles), noise).probabilities()[bits]
    mode = Coherent(layer_instruments(compiled, channels))
    np.testing.assert_allclose(read_joint(small, PIXELS, mode), expected, atol=EXACT)

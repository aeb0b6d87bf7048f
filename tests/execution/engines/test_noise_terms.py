"""Waits, couplings, leakage and correlated readout: exactly, and in both engines."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noise_models import NoiseSpecification
from noise_models.channels import build_channels
from noise_models.coverage import check_coverage
from qnnq.devices.names import resolve_device
from qnnq.errors import InputError
from qnnq.execution.engines.angles import Angles
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.response import component_responses
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.engines.test_agreement import assert_same_distribution, network, neuron_counts
from tests.execution.engines.test_response import evaluate, reference
from transpile import Shape, TranspileError, compile_layer, parse_sites, schedule

DEVICES = ["fake_kingston", "fake_sherbrooke", "fake_nighthawk"]
WAITS = "relaxation(t1=3us, t2=4us, population=0.1) + phase(angle=0.1) + detuning(frequency=1MHz)"
COUPLED = "zz(rate=-2MHz) + relaxation(t1=3us, t2=2us) + detuning(frequency=1MHz)"


def path_of_qubits(device, count, entanglement):
    """Sites on a path of coupled qubits: neurons, or neurons and ancillas in turn."""
    target = resolve_device(device).target
    near = {q: [] for q in range(target.num_qubits)}
    for a, b in target.build_coupling_map().get_edges():
        near[a].append(b)
        near[b].append(a)

    def extended(path):
        if len(path) == count:
            return path
        longer = ([*path, q] for q in near[path[-1]] if q not in path)
        return next(filter(None, map(extended, longer)), None)

    for start in range(target.num_qubits):
        path = extended([start])
        if path is None:
            continue
        if entanglement < math.pi / 2:
            text = ",".join(f"{a}:{b}" for a, b in zip(path[::2], path[1::2], strict=True))
        else:
            text = ",".join(map(str, path))
        try:
            parse_sites(text, target, entanglement)
        except TranspileError:  # a faulty qubit or coupling
            continue
        return text
    raise AssertionError(f"no path on {device}")


def compiled(device, entanglement, noise, **options):
    """Three neurons in a row, scheduled."""
    target = resolve_device(device).target
    count = 6 if entanglement < math.pi / 2 else 3
    sites = parse_sites(path_of_qubits(device, count, entanglement), target, entanglement)
    layer = compile_layer(target, Shape(3, entanglement, **options), sites=sites)
    layer = replace(layer, circuit=schedule(layer.circuit, target))
    specification = NoiseSpecification.parse(noise, device_names=[device])
    qubits = [qubit for site in layer.sites for qubit in site.qubits]
    channels = build_channels(specification, target, qubits)
    check_coverage(layer.circuit, channels, specification)
    return layer, channels


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("entanglement", "options"),
    [(math.pi / 2, {"pairs": 6}), (1.0, {}), (math.pi / 2, {"pairs": 2, "pair_gate": "cz"})],
)
@pytest.mark.parametrize("noise", [WAITS, COUPLED])
def test_the_response_is_exact(device, entanglement, options, noise):
    layer, channels = compiled(device, entanglement, noise, **options)
    responses = component_responses(layer.circuit, channels)
    for angles in np.random.default_rng(0).uniform(-math.pi, math.pi, (2, 3)):
        found = evaluate(responses, angles)
        assert found.sum() == pytest.approx(1)
        np.testing.assert_allclose(found, reference(layer, channels, angles), atol=1e-9)


@pytest.mark.parametrize("entanglement", [math.pi / 2, 1.0])
def test_leakage_adds_ones(entanglement):
    """1 - (1 - p)**n more, n the gates that the device plays on a measured qubit."""
    layer, ideal = compiled("fake_kingston", entanglement, "ideal", pairs=4)
    _, leaking = compiled("fake_kingston", entanglement, "leakage(p=0.03)", pairs=4)
    angles = [0.3, 1.4, -2.0]
    expected = evaluate(component_responses(layer.circuit, ideal), angles)
    for axis, site in enumerate(layer.sites):
        gates = sum(
            item.operation.name in ("sx", "cz")
            for item in layer.circuit.data
            if site.measured[0] in [layer.circuit.find_bit(bit).index for bit in item.qubits]
        )
        stay = 0.97**gates
        channel = np.array([[stay, 0], [1 - stay, 1]])
        expected = np.moveaxis(np.tensordot(channel, expected, (1, axis)), 0, axis)
    found = evaluate(component_responses(layer.circuit, leaking), angles)
    np.testing.assert_allclose(found, expected, atol=1e-12)


EVERYTHING = "{device}*3 + " + COUPLED + " + leakage(p=0.01) + correlated_readout(p=0.05)"


def _joint(device, entanglement, pairs, *, quick):
    return pytest.param(
        device, entanglement, {"pairs": pairs}, marks=() if quick else pytest.mark.slow
    )


@pytest.mark.parametrize(
    ("device", "entanglement", "options"),
    [
        *(_joint(each, math.pi / 2, 4, quick=each == "fake_kingston") for each in DEVICES),
        *(_joint(each, 1.0, 2, quick=each == "fake_sherbrooke") for each in DEVICES),
    ],
)
def test_the_engines_agree_on_joint_outcomes(device, entanglement, options):
    """Chi-square of the patterns of three coupled neurons; without the coupled terms it fails."""
    weak = entanglement < math.pi / 2
    qubits = path_of_qubits(device, 6 if weak else 3, entanglement)
    three = network(entanglement, widths=(4, 3, 3))
    angles = np.array([[[0.4, 1.7, 2.5]]], dtype=np.float32)
    draws = Draws(1, 0, np.arange(1), 1500)
    patterns = []
    noises = [EVERYTHING.format(device=device)] * 2 + [f"{device}*3"]
    for name, noise in zip(("aer", "instrument", "instrument"), noises, strict=True):
        deployed = deploy(RunRequest(noise=noise, device=device, qubits=qubits, **options), three)
        bits = deployed.engine(name).measure(0, Angles.given(angles), draws) < 0
        code = bits @ (1 << np.arange(3))
        patterns.append(np.stack([np.bincount(row, minlength=8) for row in code]))
    aer, instrument, without = patterns
    assert_same_distribution(aer, instrument)
    with pytest.raises(AssertionError):
        assert_same_distribution(aer, without)


def test_correlated_readout_is_a_common_flip():
    """P(both flip) = p; five standard errors: a false alarm has a probability of 6e-7 a value."""
    device, shots = "fake_kingston", 400_000
    three = network(math.pi / 2, widths=(4, 3, 3))
    qubits = path_of_qubits(device, 3, math.pi / 2)
    noise = "correlated_readout(p=0.1)"
    deployed = deploy(RunRequest(noise=noise, device=device, qubits=qubits), three)
    draws = Draws(5, 0, np.arange(1), shots)
    angles = np.zeros((1, 1, 3), dtype=np.float32)
    (outcomes,) = deployed.engine("instrument").measure(0, Angles.given(angles), draws) < 0
    code = np.bincount(outcomes @ (1 << np.arange(3)), minlength=8) / shots
    expected = np.zeros(8)
    expected[0b000], expected[0b011], expected[0b110], expected[0b101] = 0.81, 0.09, 0.09, 0.01
    assert np.all(abs(code - expected) <= 5 * np.sqrt(expected * (1 - expected) / shots))
    with pytest.raises(InputError, match="`compensate`: expected noise without correlated_readout"):
        deployed.compensated(deployed.engine("instrument"))


def test_flips_of_copies_and_parts():
    """Each copy has its own coupled pairs, and the parts of a wide layer flip by themselves."""
    wide = network(math.pi / 2, widths=(4, 10, 3))
    angles = np.random.default_rng(1).uniform(-math.pi, math.pi, (4, 10))
    noise = "correlated_readout(p=0.1) + readout(p01=0.02, p10=0.1)"
    for device, options in (("fake_lagos", {}), ("fake_kingston", {"qubits": "all"})):
        deployed = deploy(RunRequest(noise=noise, device=device, **options), wide)
        assert (deployed.layers[0].parts, deployed.layers[0].shape.copies) != (1, 1)
        counts = [
            neuron_counts(deployed.engine(name), deployed.layers, angles, 1200)
            for name in ("aer", "instrument")
        ]
        assert_same_distribution(*counts)


def test_too_many_coupled_neurons_are_refused_by_the_instrument_engine():
    device = "fake_kingston"
    wide = network(math.pi / 2, widths=(4, 9, 3))
    qubits = path_of_qubits(device, 9, math.pi / 2)
    deployed = deploy(RunRequest(noise="zz(rate=1kHz)", device=device, qubits=qubits), wide)
    with pytest.raises(InputError, match="joins 9 neurons on 9 qubits, more than the instrument"):
        deployed.engine("instrument")


def test_coupled_copies_are_for_aer():
    two = network(math.pi / 2, widths=(4, 2, 3))
    device = "fake_kingston"
    qubits = path_of_qubits(device, 4, math.pi / 2)
    noise = "zz(rate=1kHz)"
    deployed = deploy(RunRequest(noise=noise, device=device, qubits=qubits, copies=2), two)
    with pytest.raises(
        InputError, match="joins neurons of several copies, which only `engine` aer"
    ):
        deployed.engine("instrument")


def test_waits_are_part_of_the_default_noise():
    deployed = deploy(RunRequest(noise="fake_kingston"), network(1.0))
    assert deployed.layers[0].circuit.count_ops()["delay"] == 6  # each neuron, between its CZ

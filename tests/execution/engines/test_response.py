"""The exact response of compiled layers against Aer's density matrices."""

import math
from itertools import product

import numpy as np
import pytest
from qiskit_aer import AerSimulator

from noise_models import NoiseSpecification
from noise_models.aer_model import aer_noise_model
from noise_models.channels import build_channels
from qnnq.devices.names import resolve_device
from qnnq.execution.engines.aer import active_part
from qnnq.execution.engines.response import component_responses
from transpile import Shape, compile_layer

DEVICES = ["fake_kingston", "fake_sherbrooke", "fake_nighthawk"]
SYNTHETIC = (
    "depolarizing(p1=3e-3, p2=2e-2) + relaxation(t1=20us, t2=15us) + overrotation(angle=0.05)"
    " + readout(p01=0.03, p10=0.08)"
)


def compiled(device, width, entanglement, noise, **options):
    target = resolve_device(device).target
    layer = compile_layer(target, Shape(width, entanglement, **options))
    used = [qubit for site in layer.sites for qubit in site.qubits]
    specification = NoiseSpecification.parse(noise, device_names=[device])
    return layer, build_channels(specification, target, used)


def reference(layer, channels, angles):
    """Joint probabilities of the recorded bits, (2,) * slots, from Aer's density matrix."""
    circuit, index = active_part(layer.circuit)
    by_name = {parameter.name: parameter for parameter in circuit.parameters}
    bound = circuit.assign_parameters(
        {by_name[f"angle[{slot}]"]: angle for slot, angle in enumerate(angles)}
    )
    measured = {
        item.clbits[0]: item.qubits[0] for item in bound.data if item.operation.name == "measure"
    }
    slots = [measured[clbit] for clbit in bound.clbits]
    # The measurements stay, because their durations are part of the timeline.
    measurements = [item for item in bound.data if item.operation.name == "measure"]
    bound.data = [item for item in bound.data if item.operation.name != "measure"]
    bound.save_probabilities([bound.find_bit(qubit).index for qubit in slots])
    bound.data += measurements
    simulator = AerSimulator(method="density_matrix", noise_model=aer_noise_model(channels, index))
    saved = simulator.run(bound, shots=1).result().data()["probabilities"]
    probabilities = saved.reshape((2,) * len(slots)).transpose()  # axis k is slot k
    physical = {new: old for old, new in index.items()}
    for axis, qubit in enumerate(slots):
        readout = channels.readout_errors.get(physical[circuit.qubits.index(qubit)], np.eye(2))
        probabilities = np.moveaxis(np.tensordot(probabilities, readout, axes=(axis, 0)), -1, axis)
    return probabilities


def evaluate(responses, angles):
    """Joint probabilities of all slots, (2,) * slots, from the components' polynomials."""
    slots, joint = [], np.ones(())
    for response in responses:
        values = response.coefficients
        for slot in reversed(response.slots):
            basis = np.array([1.0, math.cos(angles[slot]), math.sin(angles[slot])])
            values = values @ basis
        joint = np.multiply.outer(joint, values)
        slots += response.slots
    return np.transpose(joint, np.argsort(slots))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("width", "entanglement", "options"),
    [
        (3, math.pi / 2, {}),
        (3, math.pi / 2, {"pairs": 5}),
        (2, 1.0, {}),
        (2, 0.4, {"pairs": 3}),
        (5, math.pi / 2, {"pairs": 4, "pair_gate": "cz"}),
    ],
)
@pytest.mark.parametrize("kind", ["device", "synthetic"])
def test_the_response_is_exact(device, width, entanglement, options, kind):
    noise = f"{device}*3" if kind == "device" else SYNTHETIC
    layer, channels = compiled(device, width, entanglement, noise, **options)
    responses = component_responses(layer.circuit, channels)
    rng = np.random.default_rng(0)
    for angles in rng.uniform(-math.pi, math.pi, (4, width)):
        found = evaluate(responses, angles)
        assert found.sum() == pytest.approx(1)
        np.testing.assert_allclose(found, reference(layer, channels, angles), atol=1e-9)


def test_components_are_neurons_and_joined_pairs():
    layer, channels = compiled("fake_kingston", 5, math.pi / 2, "ideal", pairs=1, pair_gate="cz")
    slots = [response.slots for response in component_responses(layer.circuit, channels)]
    assert slots == [(0, 1), (2, 3), (4,)]
    layer, channels = compiled("fake_kingston", 3, 0.7, "ideal")
    assert [r.slots for r in component_responses(layer.circuit, channels)] == [(0,), (1,), (2,)]


def test_without_noise_the_response_is_the_closed_form():
    layer, channels = compiled("fake_torino", 2, 0.9, "ideal")
    for response in component_responses(layer.circuit, channels):
        strength = math.sin(0.9)
        expected = [[0.5, strength / 2, 0], [0.5, -strength / 2, 0]]
        np.testing.assert_allclose(response.coefficients, expected, atol=1e-12)


def test_a_gate_after_a_measurement_is_refused():
    layer, channels = compiled("fake_kingston", 2, math.pi / 2, "ideal")
    circuit = layer.circuit.copy()
    circuit.sx(layer.sites[0].neurons[0])
    with pytest.raises(ValueError, match="sx after a measurement"):
        component_responses(circuit, channels)


def test_all_patterns_of_a_joined_pair_are_probabilities():
    layer, channels = compiled(
        "fake_kingston", 2, math.pi / 2, "fake_kingston*5", pairs=10, pair_gate="cz"
    )
    (response,) = component_responses(layer.circuit, channels)
    for angles in product(np.linspace(-3, 3, 7), repeat=2):
        assert evaluate([response], angles).min() > -1e-12

"""The coherent mode under noise against density matrices that follow every reported history."""

import math
from itertools import product

import numpy as np
import pytest
from qiskit.quantum_info import Kraus, SuperOp

from noise_models import NoiseSpecification
from noise_models.channels import build_channels
from qnnq.execution.engines.base import Draws
from qnnq.execution.engines.network_instruments import _reduced, layer_instruments
from qnnq.execution.engines.response import GROUND_STATE
from qnnq.execution.modes.coherent import Coherent
from qnnq.networks.activation import phi
from tests.execution.test_shot_loop import assert_same_distribution, small_network
from tests.transpile.devices import line, small_target
from tests.transpile.histories import Histories
from transpile import Group, compile_network, delay_seconds, network_circuit

T1 = {0: 100e-6, 1: 50e-6, 2: 60e-6, 3: 80e-6}
T2 = {0: 80e-6, 1: 70e-6, 2: 110e-6, 3: 30e-6}
READOUT = np.array([[0.93, 0.07], [0.12, 0.88]])  # [true, reported]
MEASUREMENT_S = 1e-6
SHOTS = 60_000


def relaxation(qubit, duration):
    """Kraus operators of T1 and T2, from amplitude and phase damping."""
    decay = math.exp(-duration / T1[qubit])
    coherence = math.exp(-duration / T2[qubit]) / math.sqrt(decay)
    damping = [np.diag([1, math.sqrt(decay)]), np.array([[0, math.sqrt(1 - decay)], [0, 0]])]
    flip = math.sqrt((1 - coherence) / 2) * np.diag([1, -1])
    keep = math.sqrt((1 + coherence) / 2) * np.eye(2)
    return [phase @ damp for phase in (keep, flip) for damp in damping]


NOISE = NoiseSpecification.parse(
    "device(readout=off) + readout(p01=0.07, p10=0.12)", device_names=["device"]
)


def history_distribution(network, pixels, compiled, target, channels):
    """Return the probability of every reported history, shape (2,) * all neurons.

    The host's angles follow from what was reported; the density matrices take the calibrated gate
    errors, and relax by T1 and T2 in every delay and for the duration of a measurement.
    """

    def channel(name, qubits, operation):
        if name == "delay":
            return relaxation(qubits[0], delay_seconds(operation, target))
        if name == "measure":
            return relaxation(qubits[0], MEASUREMENT_S)
        if (name, qubits) in channels.stages:
            return Kraus(SuperOp(channels.superoperator(name, qubits))).data
        return None

    circuit = network_circuit(compiled)
    widths = network.widths
    table = np.zeros((2,) * sum(widths))
    # All neurons but the last layer's determine the angles.
    for bits in product((0, 1), repeat=sum(widths[:-1])):
        angles, inputs, last, start = [], pixels, np.ones(0), 0
        for layer, width in enumerate(widths):
            z = network.weights[layer] @ inputs
            before = np.append(last, np.ones(width))[:width]
            angles += list(math.pi / 2 * (before - phi(z, network.activation, network.stretch)))
            inputs = last = 1.0 - 2 * np.array(bits[start : start + width])
            start += width
        histories = Histories(circuit.assign_parameters(angles), channel, lambda qubit: READOUT)
        table[bits] = histories.probabilities()[bits]
    return table


def sampled_histories(network, pixels, mode, seed):
    session = mode.start()
    inputs, columns = pixels[None, None, :], []
    for layer in range(network.hidden):
        z = inputs @ network.weights[layer].T
        activations = phi(z, network.activation, network.stretch).astype(np.float32)
        inputs = session.step(layer, activations, Draws(seed, layer, np.array([0]), SHOTS))
        columns.append(inputs[0])
    bits = (1 - np.concatenate(columns, axis=-1)) // 2
    count = bits.shape[-1]
    codes = bits.astype(np.int64) @ (1 << np.arange(count)[::-1])
    return np.bincount(codes, minlength=2**count)


def compare(widths, entanglement, last_projective, latency, other_latency):
    """Return sampled histories, and their distributions at both latencies (seconds)."""
    network = small_network(
        0.8, entanglement, widths=widths, seed=4, last_projective=last_projective
    )
    target = small_target(line(4), t1=T1, t2=T2)
    channels = build_channels(NOISE, target, range(4))
    weak = entanglement < math.pi / 2
    sites = [Group((0,), (1,)), Group((3,), (2,))] if weak else [Group((0,)), Group((3,))]
    compiled, other = (
        compile_network(
            target, network.widths, network.entanglements, sites=sites, feedback_latency=seconds
        )
        for seconds in (latency, other_latency)
    )
    pixels = np.array([0.2, 0.9, 0.6])
    mode = Coherent(layer_instruments(compiled, channels))
    return sampled_histories(network, pixels, mode, 1), *(
        history_distribution(network, pixels, each, target, channels).ravel()
        for each in (compiled, other)
    )


@pytest.mark.parametrize(
    ("widths", "entanglement", "last_projective", "latency"),
    [
        ((3, 2, 2, 2), 3 * math.pi / 8, False, 4e-6),
        ((3, 2, 2, 2), 0.8, True, 0.0),
        ((3, 2, 2, 2), math.pi / 2, False, 20e-6),
        ((3, 1, 2, 1, 2), 0.8, False, 10e-6),
    ],
)
def test_histories_follow_the_density_matrices(widths, entanglement, last_projective, latency):
    """Chi-square of the joint outcomes of all layers at a false-alarm rate of 1e-6.

    The same test tells them from those of a latency that is 30 us longer.
    """
    counts, expected, other = compare(
        widths, entanglement, last_projective, latency, latency + 30e-6
    )
    assert expected.sum() == pytest.approx(1)
    assert_same_distribution(counts, SHOTS * expected)
    with pytest.raises(AssertionError):
        assert_same_distribution(counts, SHOTS * other)


def test_coordinates_of_the_states_that_can_occur_lose_nothing():
    """Two stages of a qubit, of which the first leaves states that differ by a thousandth."""
    random = np.random.default_rng(0)
    first = np.eye(4) + 1e-3 * random.normal(size=(1, 3, 2, 4, 4))  # last, case, reported
    second = random.normal(size=(2, 3, 2, 4, 4))
    reduced, then = _reduced([first, second], 1)
    states = first[0] @ GROUND_STATE  # (case, reported, 4)
    expected = np.einsum("rdoj,crj->rcdo", second[..., 0, :], states)
    coordinates = reduced[0, ..., 0]
    found = np.einsum("rdoj,crj->rcdo", then[..., 0, :], coordinates)
    np.testing.assert_allclose(found, expected, atol=1e-12)

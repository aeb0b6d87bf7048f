"""The closed form against two-by-two matrices acting on the neuron's state."""

import math

import numpy as np
import pytest

from qnnq.networks.activation import phi, probability, state_after, wrap

ANGLES = np.linspace(-3.5 * math.pi, 3.5 * math.pi, 57)
ENTANGLEMENTS = (0.05, math.pi / 8, 5 * math.pi / 19, 3 * math.pi / 8, 1.5, math.pi / 2)


def real_state(angle):
    """Return RY(angle)|0>, shape (2, angles)."""
    return np.array([np.cos(angle / 2), np.sin(angle / 2)])


def kraus(outcome, entanglement):
    s = math.sin(entanglement)
    return np.diag([math.sqrt((1 + outcome * s) / 2), math.sqrt((1 - outcome * s) / 2)])


@pytest.mark.parametrize("entanglement", ENTANGLEMENTS)
@pytest.mark.parametrize("outcome", [1, -1])
def test_probability_and_state_are_those_of_the_kraus_operator(outcome, entanglement):
    after = kraus(outcome, entanglement) @ real_state(ANGLES)
    norms = (after**2).sum(0)
    np.testing.assert_allclose(probability(outcome, ANGLES, entanglement), norms, atol=1e-15)

    possible = norms > 1e-12
    outcomes = np.full(possible.sum(), outcome, np.int8)
    angle = state_after(outcomes, ANGLES[possible], entanglement)
    expected = after[:, possible] / np.sqrt(norms[possible])
    # The sign counts: the closed form leaves no global phase out.
    np.testing.assert_allclose(real_state(angle), expected, atol=1e-7)


def test_a_projective_measurement_leaves_a_fresh_neuron():
    z = np.linspace(-2, 2, 41)
    activated = phi(z, "htanh", 1.3)
    fresh = math.pi / 2 * (1 - activated)
    for outcome in (1, -1):
        outcomes = np.full(len(z), outcome, np.int8)
        state = state_after(outcomes, np.full(len(z), 2.0), math.pi / 2)
        angle = state + math.pi / 2 * (outcome - activated)
        np.testing.assert_allclose(np.cos(angle), np.cos(fresh), atol=1e-12)
    minus = np.sin(math.pi / 4 * (1 - activated)) ** 2
    np.testing.assert_allclose(probability(-1, fresh, math.pi / 2), minus, atol=1e-15)


@pytest.mark.parametrize(
    ("activation", "stretch", "expected"),
    [
        ("htanh", 0.5, [-1, -0.5, 0, 0.5, 1]),
        ("tanh", 0.5, np.tanh([-4, -0.5, 0, 0.5, 4])),
        ("htanh", 0.0, [-1, -1, 0, 1, 1]),
        ("tanh", 0.0, [-1, -1, 0, 1, 1]),
        ("htanh", 1e-320, [-1, -1, 0, 1, 1]),
    ],
)
def test_phi(activation, stretch, expected):
    z = np.array([-2, -0.25, 0, 0.25, 2])
    np.testing.assert_allclose(phi(z, activation, stretch), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept(dtype):
    z = np.array([0.3, -0.2], dtype)
    outcome = np.array([1, -1], np.int8)
    assert phi(z, "tanh", 0.5).dtype == dtype
    assert probability(-1, z, 1.0).dtype == dtype
    assert state_after(outcome, z, 1.0).dtype == dtype
    assert wrap(z).dtype == dtype


def test_wrap_keeps_the_direction_and_includes_pi_only():
    wrapped = wrap(ANGLES)
    np.testing.assert_allclose(np.exp(1j * wrapped), np.exp(1j * ANGLES), atol=1e-12)
    assert np.all(np.abs(wrapped) <= math.pi + 1e-12)
    assert wrap(np.array([-math.pi, math.pi])).tolist() == [math.pi, math.pi]

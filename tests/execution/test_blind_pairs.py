"""Which noise inserted pairs cannot see, and that they see the rest."""

import numpy as np
import pytest

from qnnq.execution.engines.response import component_responses
from qnnq.networks.network import Network
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest


def minus(noise, pairs, pair_gate):
    """Return P(-1) of the four neurons of a layer at four angles each, shape (4, 4)."""
    network = Network((np.ones((4, 4), np.float32), np.ones((2, 4), np.float32)))
    deployment = deploy(
        RunRequest(noise=noise, device="fake_torino", pairs=pairs, pair_gate=pair_gate), network
    )
    (layer,), (channels,) = deployment.layers, deployment.channels
    angles = np.array([0.3, 1.2, 2.0, 2.9])
    basis = np.stack([np.ones(4), np.cos(angles), np.sin(angles)])
    found = {}
    for response in component_responses(layer.circuit, channels):
        values = response.coefficients
        for _ in response.slots:
            values = np.tensordot(values, basis, axes=(len(response.slots), 0))
        for place, slot in enumerate(response.slots):
            kept = np.moveaxis(values, place, 0)[1]
            summed = kept.sum(axis=tuple(range(len(response.slots) - 1)))
            # All neurons of the component at the same angle.
            found[slot] = np.array([summed[(i,) * len(response.slots)] for i in range(4)])
    return np.array([found[slot] for slot in sorted(found)])


@pytest.mark.parametrize(
    ("pair_gate", "noise"),
    [
        ("cz", "phase_damping(p=0.05)"),
        ("cz", "overrotation(angle=0.1)"),
        ("sx", "overrotation(angle=0.1)"),
    ],
)
def test_pairs_are_blind(pair_gate, noise):
    without, noisy = (minus(noise, pairs, pair_gate) for pairs in (0, 50))
    np.testing.assert_allclose(noisy, without, atol=1e-9)
    assert np.abs(without - minus("ideal", 0, pair_gate)).max() > 1e-3  # the noise is there


@pytest.mark.parametrize(
    ("pair_gate", "noise"),
    [
        ("sx", "phase_damping(p=0.05)"),
        ("sx", "depolarizing(p1=0.01, p2=0)"),
        ("cz", "depolarizing(p1=0, p2=0.01)"),
        ("cz", "amplitude_damping(p=0.01)"),
    ],
)
def test_pairs_see(pair_gate, noise):
    without, noisy = (minus(noise, pairs, pair_gate) for pairs in (0, 50))
    assert np.abs(noisy - without).max() > 0.1

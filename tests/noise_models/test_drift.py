"""Drift: factors, and the specifications of blocks."""

import math

import numpy as np
import pytest

from noise_models import NoiseError
from noise_models.channels import build_channels
from noise_models.drift import drifted
from tests.noise_models.devices import parse, small_target

HOUR = 3600.0


def strengths(text, times, seed=3):
    """(blocks, 2): the strength of the phase, and of the readout error."""
    specifications = drifted(parse(f"phase(angle=1) + readout(p=0.1) + {text}"), times, seed)
    return np.array([[term.strength for term in spec.terms] for spec in specifications])


def test_factors_are_log_normal_with_a_correlation_time():
    """A false alarm (5 standard errors, 8 comparisons) has a probability of about 5e-6."""
    blocks, sigma = 40_000, 0.3
    # Far apart: independent blocks.
    found = strengths(f"drift(sigma={sigma}, time=1h)", 50 * HOUR * np.arange(blocks))
    logs = np.log(found)
    for column in logs.T:
        assert abs(column.mean() + sigma**2 / 2) < 5 * sigma / math.sqrt(blocks)
        assert abs(column.std() - sigma) < 5 * sigma / math.sqrt(2 * blocks)
    spread = math.sqrt(math.exp(sigma**2) - 1)
    assert np.all(abs(found.mean(axis=0) - 1) < 5 * spread / math.sqrt(blocks))
    assert abs(np.corrcoef(logs.T)[0, 1]) < 5 / math.sqrt(blocks)
    # Half a correlation time apart.
    logs = np.log(strengths(f"drift(sigma={sigma}, time=1h)", HOUR / 2 * np.arange(blocks)))
    neighbours = np.corrcoef(logs[1:, 0], logs[:-1, 0])[0, 1]
    assert neighbours == pytest.approx(math.exp(-0.5), abs=0.025)


def test_seed_and_strength():
    times = [0, 600, 1200]
    once = strengths("drift(sigma=0.2, time=1h)", times)
    np.testing.assert_array_equal(once, strengths("drift(sigma=0.2, time=1h)", times))
    assert not np.allclose(once, strengths("drift(sigma=0.2, time=1h)", times, seed=4))
    twice = strengths("drift(sigma=0.2, time=1h)*2", times)
    np.testing.assert_allclose(twice, strengths("drift(sigma=0.4, time=1h)", times))
    np.testing.assert_array_equal(strengths("drift(sigma=0.2, time=1h)*0", times), 1)


def test_a_device_drifts_as_errors_and_readout():
    (spec,) = drifted(parse("device(idle=off)*2 + drift(sigma=0.3, time=1h)"), [0.0], 1)
    errors, readout = spec.terms
    assert (errors.strength, readout.strength) != pytest.approx((2, 2))
    whole, parts = (
        build_channels(s, small_target(), range(3))
        for s in (parse(f"device(idle=off)*{errors.strength!r}"), spec)
    )
    assert parts.stages.keys() == whole.stages.keys()
    for element in whole.stages:
        np.testing.assert_allclose(
            parts.superoperator(*element), whole.superoperator(*element), atol=1e-14
        )
    only_readout = build_channels(
        parse(f"device*{readout.strength!r}"), small_target(), range(3)
    ).readout_errors
    for qubit, matrix in only_readout.items():
        np.testing.assert_allclose(parts.readout_errors[qubit], matrix, atol=1e-14)
    assert parts.waiting(0, 1e-6) == ()


def test_drift_is_no_channel():
    specification = parse("device + drift(sigma=0.1, time=1h)")
    with pytest.raises(NoiseError, match="found a drift, expected one block of it"):
        build_channels(specification, small_target(), range(3))
    assert drifted(parse("device*2"), [0, 1], 0) == [parse("device*2")] * 2

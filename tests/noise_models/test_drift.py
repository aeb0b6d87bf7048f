"""Drift: the factors of every element, and the channels that they make."""

import math

import numpy as np
import pytest

from noise_models import NoiseError
from noise_models.channels import build_channels
from noise_models.drift import Drift, drift_term
from noise_models.factors import steady
from noise_models.specification import NoiseTerm
from noise_models.stages import superoperator
from tests.noise_models.devices import parse, small_target

HOUR = 3600.0


def drift(sigma=0.3, block_s=HOUR, seed=3):
    return Drift(
        drift_term(parse(f"phase(angle=1) + drift(sigma={sigma}, time=1h)")), block_s, seed
    )


def test_factors_are_log_normal_with_a_correlation_time():
    """A false alarm (5 standard errors, 12 comparisons) has a probability of about 7e-6."""
    blocks, sigma = 20_000, 0.3
    elements = [("error", (4,)), ("readout", (4,)), ("error", (5,)), ("error", (4, 5))]

    def logs(block_s):
        factors = drift(sigma, block_s)
        return np.log([[factors.factor(e, block) for e in elements] for block in range(blocks)])

    apart = logs(50 * HOUR)  # independent blocks
    assert np.all(abs(apart.mean(axis=0) + sigma**2 / 2) < 5 * sigma / math.sqrt(blocks))
    assert np.all(abs(apart.std(axis=0) - sigma) < 5 * sigma / math.sqrt(2 * blocks))
    others = np.corrcoef(apart.T)[np.triu_indices(4, 1)]
    assert np.all(abs(others) < 5 / math.sqrt(blocks))
    near = logs(HOUR / 2)[:, 0]
    assert np.corrcoef(near[1:], near[:-1])[0, 1] == pytest.approx(math.exp(-0.5), abs=0.035)


def test_a_factor_depends_on_its_element_its_block_and_the_seed_alone():
    one, other = drift(), drift()
    late = [other.block(9)("error", (2,)), other.block(3)("error", (2,))]
    other.block(0)("readout", (7,))
    one.block(0)("error", (1, 2))
    assert [one.block(9)("error", (2,)), one.block(3)("error", (2,))] == late
    assert one.block(5)("error", (1, 2)) == other.block(5)("error", (2, 1))
    assert drift(seed=4).block(3)("error", (2,)) != late[1]
    assert drift(sigma=0.0).block(8)("error", (2,)) == 1


def test_the_number_of_draws_is_that_of_blocks(monkeypatch):
    """Redrawing from the start for every block would take 300 times 301 / 2."""
    factors, drawn = drift(), []
    make = factors._random

    class Counting:
        def __init__(self, element):
            self.random = make(element)

        def standard_normal(self, count):
            drawn.append(count)
            return self.random.standard_normal(count)

    monkeypatch.setattr(factors, "_random", Counting)
    for block in range(300):
        factors.factor(("error", (0,)), block)
    assert sum(drawn) == 300


FACTORS = {
    ("error", (0,)): 1.7,
    ("error", (1,)): 0.6,
    ("error", (0, 1)): 2.2,
    ("readout", (0,)): 0.4,
    ("readout", (1,)): 1.9,
    ("readout", (0, 1)): 1.3,
}


def by_element(wanderer, qubits):
    return FACTORS.get((wanderer, tuple(sorted(qubits))), 1.0)


def build(text, factors=steady):
    return build_channels(parse(text), small_target(), range(3), factors=factors)


def assert_same_error(found, expected, element):
    np.testing.assert_allclose(
        found.superoperator(*element), expected.superoperator(*element), atol=1e-14
    )


TERMS = (
    "device(relaxation=off, idle=off, readout=off)",
    "depolarizing(p1=1e-2, p2=3e-2)",
    "amplitude_damping(p=0.02)",
    "phase_damping(p=0.02)",
    "overrotation(angle=0.1)",
    "phase(angle=0.1)",
)


@pytest.mark.parametrize("term", TERMS)
def test_gates_follow_the_factor_of_their_qubit_or_pair(term):
    found = build(term, by_element)
    for name, qubits in (("sx", (0,)), ("sx", (1,)), ("sx", (2,)), ("cz", (0, 1))):
        expected = build(f"{term}*{by_element('error', qubits)!r}")
        assert_same_error(found, expected, (name, qubits))


@pytest.mark.parametrize(
    "term",
    [
        "device(gate=off, readout=off)",
        "relaxation(t1=3us, t2=4us, population=0.2)",
        "detuning(frequency=1MHz)",
    ],
)
def test_what_takes_time_follows_the_qubit_in_gates_on_pairs_too(term):
    found = build(term, by_element)
    each = [build(f"{term}*{by_element('error', (qubit,))!r}") for qubit in (0, 1)]
    for qubit, expected in enumerate(each):
        assert_same_error(found, expected, ("sx", (qubit,)))
        assert found.flip_rates(qubit) == pytest.approx(expected.flip_rates(qubit))
    # A wait of 70 ns, the duration of the gate, is what it does to one qubit.
    waits = [superoperator(e.waiting(q, 70e-9), 1).reshape((2,) * 4) for q, e in enumerate(each)]
    both = np.einsum("abcd,efgh->eafbgchd", *waits)
    np.testing.assert_allclose(found.superoperator("cz", (0, 1)), both.reshape(16, 16), atol=1e-14)


def test_readout_couplings_and_leakage_have_the_factors_of_their_elements():
    text = "readout(p01=0.02, p10=0.05) + correlated_readout(p=0.01) + zz(rate=9kHz)"
    found = build(f"{text} + leakage(p=0.01)", by_element)
    for qubit in range(3):
        expected = build(f"readout(p01=0.02, p10=0.05)*{by_element('readout', (qubit,))!r}")
        np.testing.assert_array_equal(found.readout_errors[qubit], expected.readout_errors[qubit])
        stay = 0.99 ** by_element("error", (qubit,))
        assert found.leakage[qubit] == pytest.approx(1 - stay)
    assert found.correlated_readout[0, 1] == pytest.approx((1 - 0.98**1.3) / 2)
    assert found.correlated_readout[1, 2] == pytest.approx(0.01)
    assert found.coupling_rates == pytest.approx({(0, 1): 9e3 * 2.2, (1, 2): 9e3})


def test_a_drift_has_no_strength_but_zero():
    text = "device + drift(sigma=0.2, time=1h)"
    assert str(parse(text).scaled(16)) == "device*16 + drift(sigma=0.2, time=3600s)"
    assert parse(text).scaled(0).active_terms == ()
    assert drift_term(parse("device + drift(sigma=0.2, time=1h)*0")) is None
    for refused in ("drift(sigma=0.2, time=1h)*2", "drift(sigma=0.2, time=1h)*0.5"):
        with pytest.raises(NoiseError, match=r"drift\(.*: found strength .*, expected none: sigma"):
            parse(refused)


def test_an_impossible_sigma_is_refused_in_words():
    with pytest.raises(NoiseError, match=r"found sigma = 1e\+200, expected one whose factors"):
        drift(sigma=1e200).block(0)("error", (0,))
    # Where a factor is too small for a number, nothing relaxes.
    assert build("relaxation(t1=3us, t2=4us)", lambda *_: 0.0).flip_rates(0) == (0, 0)
    with pytest.raises(NoiseError, match="found strength inf, expected a finite number"):
        build("zz(rate=1Hz)*1e300", lambda *_: 1e300)


def test_drift_is_no_channel():
    specification = parse("device + drift(sigma=0.1, time=1h)")
    with pytest.raises(NoiseError, match="found a drift, expected one block of it"):
        build_channels(specification, small_target(), range(3))
    assert drift_term(parse("device*2")) is None
    assert NoiseTerm("drift", (("sigma", 0.1), ("time", 1.0))).strength == 1

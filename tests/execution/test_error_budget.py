"""Error budgets against closed forms."""

import math

import pytest

from qnnq.deployments.error_budget import error_budget
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.engines.test_agreement import network


def test_readout_errors():
    """P(-1) = (1 - cos)/2 becomes p01 + (1 - p01 - p10) P(-1)."""
    rows = error_budget(
        deploy(RunRequest(noise="readout(p01=0.02, p10=0.06)"), network(math.pi / 2))
    )
    constant, cosine = 0.02 - 0.08 / 2, 0.08 / 2
    for row in rows:
        assert row.total == pytest.approx(math.sqrt(constant**2 + cosine**2 / 2))
        assert row.shares == {"readout": 1.0}
        assert row.idle_s == 0


def test_dephasing_waits():
    """The coherence of a weakly measured neuron does not reach its ancilla, but its T1 does."""
    noise = "relaxation(t1=100us, t2=100us) + readout(p=0.01)"
    deployed = deploy(RunRequest(noise=noise, device="fake_kingston"), network(1.0))
    rows = error_budget(deployed)
    weak, last = rows[0], rows[-1]
    assert (weak.layer, last.layer) == (0, 0)
    sx = deployed.placement.device.target["sx"]
    for row in rows:
        ancilla = int(row.site.split(":")[1])
        assert row.idle_s == pytest.approx(2 * sx[(ancilla,)].duration)  # between its two CZ
        assert set(row.shares) == {"relaxation", "readout"}
        assert sum(row.shares.values()) == pytest.approx(1)


def test_the_shares_are_of_what_each_mechanism_does_alone():
    whole = error_budget(deploy(RunRequest(noise="fake_kingston*3"), network(1.0)))
    alone = {
        name: error_budget(deploy(RunRequest(noise=f"fake_kingston({off})*3"), network(1.0)))
        for name, off in {
            "idle": "gate=off, relaxation=off, readout=off",
            "readout": "gate=off, relaxation=off, idle=off",
            "gate": "readout=off, relaxation=off, idle=off",
            "relaxation": "gate=off, readout=off, idle=off",
        }.items()
    }
    for place, row in enumerate(whole):
        total = sum(rows[place].total for rows in alone.values())
        for name, rows in alone.items():
            assert row.shares[name] == pytest.approx(rows[place].total / total)
    without = error_budget(deploy(RunRequest(noise="fake_kingston(idle=off)"), network(1.0)))
    assert "idle" not in without[0].shares


def test_joined_neurons_depend_on_the_angles_of_both():
    noise = "depolarizing(p1=0, p2=0.1)"
    deployed = deploy(RunRequest(noise=noise, pairs=1, pair_gate="cz"), network(math.pi / 2))
    rows = error_budget(deployed)
    # Two depolarized CZ shrink the contrast of (1 - cos)/2 by 0.9**2.
    assert rows[0].total == pytest.approx((1 - 0.81) / 2 * math.sqrt(0.5))
    assert rows[0].shares == {"depolarizing": 1.0}

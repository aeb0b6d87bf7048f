import json
from dataclasses import asdict

import pytest
from qiskit.quantum_info import average_gate_fidelity

from noise_models.channels import build_channels
from noise_models.rates import CouplingRate, rates
from tests.noise_models.devices import backend, parse, small_target


def test_rates_of_a_device():
    target = small_target()
    rows = rates(parse("device"), target)
    channels = build_channels(parse("device"), target, range(3))
    assert [row.qubit for row in rows] == [0, 1, 2]
    assert (rows[0].t1, rows[0].t2) == pytest.approx((100e-6, 80e-6))
    assert (rows[0].readout_p01, rows[0].readout_p10) == pytest.approx((0.02, 0.02))
    assert rows[0].gate == "sx"
    assert rows[0].gate_error == pytest.approx(3e-4)  # the calibrated error is the channel's
    cz, rzz = rows[0].couplings
    assert (cz.neighbour, cz.gate, rzz.gate) == (1, "cz", "rzz")
    fidelity = average_gate_fidelity(channels.gate_errors["cz", (0, 1)])
    assert cz.error == pytest.approx(1 - fidelity) == pytest.approx(4e-3)
    assert rows[2].couplings == (
        CouplingRate(1, "cz", pytest.approx(6e-3)),
        CouplingRate(1, "rzz", None),
    )
    json.dumps([asdict(row) for row in rows], allow_nan=False)


def test_relaxation_adds_up_and_scales():
    (row,) = rates(parse("device*2 + relaxation(t1=100us, t2=100us)"), small_target(), [0])
    assert row.t1 == pytest.approx(1 / (2 / 100e-6 + 1 / 100e-6))
    assert row.t2 == pytest.approx(1 / (2 / 80e-6 + 1 / 100e-6))
    assert row.couplings == ()


@pytest.mark.parametrize("text", ["ideal", "device*0"])
def test_no_noise(text):
    row = rates(parse(text), small_target())[0]
    assert (row.t1, row.t2) == (None, None)
    assert (row.readout_p01, row.readout_p10, row.gate_error) == (0, 0, 0)
    assert [coupling.error for coupling in row.couplings] == [0, 0]


def test_refused_elements_have_no_rate():
    row = rates(parse("device*0.5"), backend("FakeKingston").target, [146, 147])[0]
    assert (row.gate_error, row.readout_p01, row.readout_p10) == (None, None, None)
    assert row.couplings == (CouplingRate(147, "cz", None),)

"""The mechanisms of a noise, each alone and each left out."""

import pytest

from noise_models import NoiseError, NoiseSpecification
from noise_models.attribution import single_mechanisms, without_mechanisms

TEXT = "fake_torino*2 + readout(p=0.01) + zz(rate=50kHz) + drift(sigma=0.1, time=1h)"


def parse(text):
    return NoiseSpecification.parse(text, ["fake_torino"])


def test_what_is_left_out_is_the_rest():
    found = single_mechanisms(parse(TEXT))
    assert list(found) == ["gate", "relaxation", "readout", "idle", "zz"]
    assert str(found["readout"]) == (
        "fake_torino(gate=off, idle=off, relaxation=off)*2 + readout(p=0.01)"
    )
    assert str(without_mechanisms(parse(TEXT), ["readout", "zz"])) == (
        "fake_torino(readout=off)*2 + drift(sigma=0.1, time=3600s)"
    )
    assert str(without_mechanisms(parse("zz(rate=50kHz)"), ["zz"])) == "ideal"


@pytest.mark.parametrize("name", ["drift", "gates", "leakage"])
def test_what_is_not_there_cannot_be_left_out(name):
    with pytest.raises(NoiseError, match=f"no mechanism '{name}'"):
        without_mechanisms(parse(TEXT), [name])

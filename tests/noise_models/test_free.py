"""Specifications with free parameters."""

import pytest

from noise_models import NoiseError, NoiseSpecification
from noise_models.free import RANGES, FreeSpecification

DEVICES = ["fake_torino"]


def parse(text):
    return FreeSpecification.parse(text, DEVICES)


def test_parameters_are_named_and_put_in_where_the_marks_were():
    free = parse("fake_torino(readout=off)*?1:20 + phase(angle=?) + detuning(frequency=?0Hz:50kHz)")
    assert [p.name for p in free.parameters] == [
        "fake_torino.strength",
        "phase.angle",
        "detuning.frequency",
    ]
    assert [(p.low, p.high) for p in free.parameters] == [(1, 20), RANGES["angle"], (0, 50e3)]
    expected = "fake_torino(readout=off)*2.5 + phase(angle=0.01) + detuning(frequency=3kHz)"
    assert free.at([2.5, 0.01, 3000.0]) == NoiseSpecification.parse(expected, DEVICES)


def test_two_of_a_name_are_told_apart():
    free = parse("fake_torino(readout=off)*? + fake_torino(gate=off, relaxation=off, idle=off)*?")
    assert [p.name for p in free.parameters] == ["fake_torino.strength", "fake_torino.strength#2"]


def test_no_mark_is_a_specification_as_it_is():
    assert str(parse("fake_torino*2").at([])) == "fake_torino*2"
    assert parse("ideal").parameters == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("?", "expected it as a strength"),
        ("phase(?)", "after 'phase('"),
        ("drift(sigma=?, time=1h)", "drift and files cannot be free"),
        ("fake_torino(gate=?)", "after 'fake_torino(gate='"),
        ("phase(angle=?2:1)", "found the range 2:1 for phase.angle"),
        ("detuning(frequency=?0:1)", "such as 5kHz"),
        ("readout(p=?0:2)", "a number from 0 to 1"),
        ("nothing*?", "unknown term 'nothing'"),
        ("fake_torino*?-1:2", "strength"),
    ],
)
def test_bad_marks_are_refused(text, says):
    with pytest.raises(NoiseError, match=r"(?s)^noise") as error:
        parse(text).at([parse(text).parameters[0].low])
    assert says in str(error.value)

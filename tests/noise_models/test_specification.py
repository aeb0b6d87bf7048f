import math

import numpy as np
import pytest

from noise_models import NoiseError, NoiseSpecification, NoiseTerm
from noise_models.catalogue import SYNTHETIC

DEVICES = ("fake_kingston", "fake_torino", "ions_aria")


def parse(text):
    return NoiseSpecification.parse(text, DEVICES)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("ideal", "ideal"),
        (" ideal + ideal ", "ideal"),
        ("ideal + fake_kingston", "fake_kingston"),
        ("fake_kingston*1", "fake_kingston"),
        ("fake_kingston * 2 * 3", "fake_kingston*6"),
        ("fake_kingston*1e+1+fake_kingston*1E-1", "fake_kingston*10 + fake_kingston*0.1"),
        ("fake_kingston*-0", "fake_kingston*0"),
        ("fake_kingston*1e300", "fake_kingston*1e300"),
        ("fake_kingston()", "fake_kingston"),
        ("fake_kingston(gate=on, readout=OFF)*2.5", "fake_kingston(readout=off)*2.5"),
        (
            "depolarizing(p2=1e-2,p1=1e-3)+readout(p=.5)",
            "depolarizing(p1=0.001, p2=0.01) + readout(p=0.5)",
        ),
        ("depolarizing(p1=+1e-5, p2=0.1e+1)", "depolarizing(p1=1e-05, p2=1)"),
        ("relaxation(t2=80 us, t1=0.12ms)", "relaxation(t1=120us, t2=80us)"),
        ("relaxation(t1=1us, t2=1e-3ms)", "relaxation(t1=1us, t2=1us)"),
        ("relaxation(t1=1.2e+2µs, t2=8e-5s)", "relaxation(t1=120us, t2=80us)"),
        ("relaxation(t1=2s, t2=50ns)", "relaxation(t1=2s, t2=50ns)"),
        ("relaxation(t1=1s, t2=1s, population=0)", "relaxation(t1=1s, t2=1s)"),
        (
            "relaxation(population=.01, t1=1s, t2=1s)",
            "relaxation(population=0.01, t1=1s, t2=1s)",
        ),
        ("detuning(frequency=-5 kHz)", "detuning(frequency=-5000Hz)"),
        ("zz(rate=0.05MHz)*2", "zz(rate=50000Hz)*2"),
        ("drift(sigma=0.2, time=24h)", "drift(sigma=0.2, time=86400s)"),
        ("pauli_lindblad( a/b c.json )*2", "pauli_lindblad(a/b c.json)*2"),
        ("readout(p10=0.02, p01=0.02)", "readout(p=0.02)"),
        ("readout(p10=0.03, p01=0.02)", "readout(p01=0.02, p10=0.03)"),
        ("overrotation(angle=-0.02)", "overrotation(angle=-0.02)"),
    ],
)
def test_canonical_text(text, canonical):
    assert str(parse(text)) == canonical
    assert parse(canonical) == parse(text)


def test_parsed_term():
    (term,) = parse("relaxation(t2=80us, t1=120us)*0.5").terms
    assert term == NoiseTerm("relaxation", (("t1", 120e-6), ("t2", 80e-6)), 0.5)


def random_term(rng):
    name = rng.choice([*SYNTHETIC, "fake_kingston"])
    p, q = (float(p) for p in 10.0 ** -rng.uniform(0, 12, 2))
    t1 = float(10.0 ** rng.uniform(-10, 2))
    arguments = {
        "depolarizing": f"p1={p!r}, p2={q!r}",
        "relaxation": f"t1={t1!r}s, t2={t1 * float(rng.uniform(0.1, 1.9))!r} s",
        "overrotation": f"angle={float(rng.normal())!r}",
        "phase": f"angle={float(rng.normal())!r}",
        "detuning": f"frequency={float(rng.normal())!r}kHz",
        "zz": f"rate={float(rng.normal())!r} Hz",
        "drift": f"sigma={p!r}, time={t1!r}h",
        "pauli_lindblad": "some dir/learned 1, 2=3.json",
        "readout": f"p10={p!r}, p01={q!r}",
        "fake_kingston": rng.choice(["gate=off", "relaxation=on, readout=off", ""]),
    }.get(name, f"p={p!r}")
    sizes = [f"*{float(10.0 ** rng.uniform(-20, 20))!r}", "*3*0.7"]
    strength = rng.choice(["", "*0", *(sizes if name != "drift" else [])])
    return f"{name}({arguments}){strength}"


def test_round_trip():
    rng = np.random.default_rng(20260)
    for _ in range(500):
        terms = [random_term(rng) for _ in range(rng.integers(1, 4))]
        terms = [t for i, t in enumerate(terms) if i == 0 or not t.startswith("drift")]
        specification = parse("+".join(terms))
        assert parse(str(specification)) == specification
        assert str(parse(str(specification))) == str(specification)


def test_examples_are_valid():
    for name, kind in SYNTHETIC.items():
        assert [term.name for term in parse(kind.example).terms] == [name]


def test_device_name():
    assert parse("depolarizing(p1=0, p2=0) + fake_torino*2").device_name == "fake_torino"
    assert parse("readout(p=0.1)").device_name is None


def test_scaled():
    scaled = parse("fake_kingston*2 + readout(p=0.1)").scaled(0.5)
    assert str(scaled) == "fake_kingston + readout(p=0.1)*0.5"
    assert str(parse("ideal").scaled(3)) == "ideal"


@pytest.mark.parametrize("text", ["angle=.1)*1e308", "angle=-1e299)*1e10"])
def test_angles_beyond_float64(text):
    with pytest.raises(NoiseError, match=r"overrotation: found angle = .* at most 1e\+300"):
        parse(f"overrotation({text}")


@pytest.mark.parametrize("strength", [-1, math.nan, math.inf])
def test_impossible_scale(strength):
    with pytest.raises(
        NoiseError, match=rf"noise strength: found {strength}, expected a number >= 0"
    ):
        parse("fake_kingston").scaled(strength)


TIME = "a time greater than 0 with its unit, such as 120us (h, s, ms, us, ns)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "noise: found nothing, expected the name of a noise term"),
        ("fake_kingston +", "noise: found nothing after 'fake_kingston +', expected the name"),
        ("+ ideal", "noise: found '+ ideal', expected the name of a noise term"),
        ("2*fake_kingston", "noise: found '2*fake_kingston', expected the name"),
        ("ideal ideal", "noise: found 'ideal' after 'ideal', expected '+', '*' or the end"),
        ("fake_kingston)", "noise: found ')' after 'fake_kingston', expected '+', '*'"),
        ("fake_kingston*2x", "noise: found 'x' after 'fake_kingston*2', expected"),
        ("fake_kingstn", "noise: unknown term 'fake_kingstn'; nearest: fake_kingston"),
        ("depolarising(p=1)", "noise: unknown term 'depolarising'; nearest: depolarizing"),
        (
            "trapped_ion*20",
            "noise: unknown term 'trapped_ion'; trapped-ion machines are devices: ions_aria",
        ),
        ("xyzzy", "noise: unknown term 'xyzzy'"),
        (
            "fake_kingston + fake_torino*0",
            "noise: found the devices fake_kingston and fake_torino, expected at most one",
        ),
        ("fake_kingston*-1", "noise term fake_kingston: found strength -1, expected a number >= 0"),
        ("fake_kingston*nan", "noise term fake_kingston: found strength nan, expected"),
        ("fake_kingston*inf", "noise term fake_kingston: found strength inf, expected"),
        ("fake_kingston*1e999", "noise term fake_kingston: found strength 1e999, expected"),
        ("fake_kingston*1e200*1e200", "noise term fake_kingston: found strength inf, expected"),
        ("fake_kingston*", "noise term fake_kingston: found strength nothing, expected"),
        ("readout(p=1)*2.5.5", "noise term readout(p=1): found strength 2.5.5, expected"),
        ("fake_kingston(", "noise term fake_kingston: found '(' without its ')'"),
        ("depolarizing(p1=(1), p2=1)", "noise term depolarizing: found '(' without its ')'"),
        ("depolarizing(0.1)", "noise term depolarizing: found '0.1', expected key=value"),
        ("depolarizing(p1=)", "noise term depolarizing: found 'p1=', expected key=value"),
        ("depolarizing(p1=1,,p2=1)", "noise term depolarizing: found '', expected key=value"),
        ("depolarizing(p1=1,p1=1)", "noise term depolarizing: found the key p1 twice"),
        ("depolarizing(p1=1)", "noise term depolarizing: found p1, expected the keys p1, p2"),
        ("depolarizing", "noise term depolarizing: found no keys, expected the keys p1, p2"),
        (
            "relaxation(t3=1us)",
            "noise term relaxation: unknown key 't3', expected t1, t2, population; nearest: t2, t1",
        ),
        (
            "depolarizing(p1=2, p2=0)",
            "noise term depolarizing: found p1=2, expected a number from 0 to 1",
        ),
        ("phase_damping(p=-0.1)", "noise term phase_damping: found p=-0.1, expected"),
        ("amplitude_damping(p=nan)", "noise term amplitude_damping: found p=nan, expected"),
        ("readout(p=x)", "noise term readout: found p=x, expected a number from 0 to 1"),
        (
            "readout(p=.1, p01=.2)",
            "noise term readout: found p, p01, expected the keys p or p01, p10",
        ),
        ("readout(p01=.2)", "noise term readout: found p01, expected the keys p or p01, p10"),
        (
            "overrotation(angle=inf)",
            "noise term overrotation: found angle=inf, expected a finite angle in radians",
        ),
        ("relaxation(t1=10, t2=1us)", f"noise term relaxation: found t1=10, expected {TIME}"),
        (
            "detuning(frequency=5)",
            "noise term detuning: found frequency=5, expected a finite frequency with its unit, "
            "such as 5kHz (Hz, kHz, MHz)",
        ),
        ("drift(sigma=-1, time=1s)", "noise term drift: found sigma=-1, expected a number >= 0"),
        (
            "drift(sigma=0, time=1s) + drift(sigma=0, time=1s)",
            "noise: found 2 drifts, expected at most one",
        ),
        ("pauli_lindblad", "noise term pauli_lindblad: found no keys, expected the keys file"),
        ("relaxation(t1=1m, t2=1us)", f"noise term relaxation: found t1=1m, expected {TIME}"),
        ("relaxation(t1=0s, t2=1us)", f"noise term relaxation: found t1=0s, expected {TIME}"),
        ("relaxation(t1=infs, t2=1us)", f"noise term relaxation: found t1=infs, expected {TIME}"),
        (
            "relaxation(t1=10us, t2=30us)",
            "noise term relaxation: found t2=30us with t1=10us, expected t2 <= 2 t1",
        ),
        (
            "fake_kingston(readout=maybe)",
            "noise term fake_kingston: found readout=maybe, expected on or off",
        ),
        (
            "fake_kingston(readuot=on)",
            "noise term fake_kingston: unknown key 'readuot', expected gate, relaxation, readout, "
            "idle; nearest: readout",
        ),
        ("ideal(p=1)", "noise term ideal: found 'p', takes no keys"),
    ],
)
def test_bad_input(text, message):
    with pytest.raises(NoiseError) as caught:
        parse(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)

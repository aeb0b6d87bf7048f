"""The synthetic noise terms: their keys, what they mean, one line on each.

Strength x scales a term so that its error acts x times; x = 0 is no noise, x = 1 the term as given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["probability", "time", "angle", "frequency", "spread", "switch", "file"]

EXPECTED: Mapping[Kind, str] = {
    "probability": "a number from 0 to 1",
    "time": "a time greater than 0 with its unit, such as 120us (h, s, ms, us, ns)",
    "angle": "a finite angle in radians",
    "frequency": "a finite frequency with its unit, such as 5kHz (Hz, kHz, MHz)",
    "spread": "a number >= 0",
    "file": "the name of a file",
    "switch": "on or off",
}

LARGEST: Mapping[Kind, float] = {"angle": 1e300, "frequency": 1e300}
"""Radians and hertz, strength included; keeps every phase within float64."""


@dataclass(frozen=True)
class TermKind:
    """A term of the noise language.

    Attributes:
        keys: Every key that the term takes, and what its value is.
        forms: The sets of keys that may be given together (just one, for most terms).
        example: The term as one would type it.
        description: One line.
    """

    keys: Mapping[str, Kind]
    forms: tuple[frozenset[str], ...]
    example: str
    description: str


def _kind(keys: Mapping[str, Kind], example: str, description: str) -> TermKind:
    return TermKind(keys, (frozenset(keys),), example, description)


SYNTHETIC: Mapping[str, TermKind] = {
    "depolarizing": _kind(
        {"p1": "probability", "p2": "probability"},
        "depolarizing(p1=1e-3, p2=1e-2)",
        "after each gate, with probability p1 (one qubit) or p2 (two qubits) the maximally mixed "
        "state",
    ),
    "relaxation": TermKind(
        {"t1": "time", "t2": "time", "population": "probability"},
        (frozenset({"t1", "t2"}), frozenset({"t1", "t2", "population"})),
        "relaxation(t1=120us, t2=80us)",
        "T1 and T2 decay of each qubit for the duration of every gate, reset and wait, towards a "
        "population of 1 (0 if not given)",
    ),
    "amplitude_damping": _kind(
        {"p": "probability"},
        "amplitude_damping(p=1e-3)",
        "after each gate, each of its qubits decays from 1 to 0 with probability p",
    ),
    "phase_damping": _kind(
        {"p": "probability"},
        "phase_damping(p=1e-3)",
        "after each gate, the coherence of each of its qubits shrinks by sqrt(1 - p)",
    ),
    "overrotation": _kind(
        {"angle": "angle"},
        "overrotation(angle=0.02)",
        "each gate turns by this angle (radians) more about its own axis",
    ),
    "phase": _kind(
        {"angle": "angle"},
        "phase(angle=0.01)",
        "RZ of this angle (radians) on each qubit of a gate, after it; an inverse gate does not "
        "undo it",
    ),
    "detuning": _kind(
        {"frequency": "frequency"},
        "detuning(frequency=5kHz)",
        "RZ(2 pi f t) on each qubit in each gate, reset and wait of duration t",
    ),
    "zz": _kind(
        {"rate": "frequency"},
        "zz(rate=50kHz)",
        "coupled qubits in use collect the phase 2 pi f t where both are 1, but for their common "
        "gates; needs scheduled circuits without branches",
    ),
    "leakage": _kind(
        {"p": "probability"},
        "leakage(p=1e-4)",
        "in each gate, each of its qubits leaves 0 and 1 with probability p and then reads as 1; "
        "needs circuits without branches",
    ),
    "readout": TermKind(
        {"p": "probability", "p01": "probability", "p10": "probability"},
        (frozenset({"p"}), frozenset({"p01", "p10"})),
        "readout(p=0.02)",
        "a prepared 0 is read as 1 with probability p01, a prepared 1 as 0 with p10 (p: both)",
    ),
    "correlated_readout": _kind(
        {"p": "probability"},
        "correlated_readout(p=0.005)",
        "with probability p the outcomes of two coupled qubits that are measured flip together; "
        "needs circuits without branches",
    ),
    "pauli_lindblad": _kind(
        {"file": "file"},
        "pauli_lindblad(learned.json)",
        "the noise of two-qubit gates as the runtime's NoiseLearner learned it; one-qubit gates "
        "have none",
    ),
    "drift": _kind(
        {"sigma": "spread", "time": "time"},
        "drift(sigma=0.2, time=24h)",
        "the strengths of the other terms wander: log-normal of mean 1, sigma of its logarithm, "
        "correlation time; each qubit, its readout and each pair by itself; takes no strength",
    ),
}

DEVICE = TermKind(
    {"gate": "switch", "relaxation": "switch", "readout": "switch", "idle": "switch"},
    (frozenset(),),
    "fake_kingston(readout=off)",
    "the device's calibrated gate errors, T1 and T2 during instructions (relaxation) and waits "
    "(idle), and readout errors; each can be switched off",
)

MECHANISMS = tuple(DEVICE.keys)
"""What of a device's noise can be switched off."""

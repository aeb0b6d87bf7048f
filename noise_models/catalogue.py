"""The synthetic noise terms and the presets: their keys, what they mean, one line on each.

Strength x scales a term so that its error acts x times; x = 0 is no noise, x = 1 the term as given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["probability", "time", "angle", "switch"]

EXPECTED: Mapping[Kind, str] = {
    "probability": "a number from 0 to 1",
    "time": "a time greater than 0 with its unit, such as 120us (s, ms, us, ns)",
    "angle": "a finite angle in radians",
    "switch": "on or off",
}


@dataclass(frozen=True)
class TermKind:
    """A term of the noise language.

    Attributes:
        keys: every key that the term takes, and what its value is.
        forms: the sets of keys that may be given together (just one, for most terms).
        example: the term as one would type it.
        description: one line.
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
    "relaxation": _kind(
        {"t1": "time", "t2": "time"},
        "relaxation(t1=120us, t2=80us)",
        "T1 and T2 decay of each qubit for the duration of every gate and reset on the device",
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
    "readout": TermKind(
        {"p": "probability", "p01": "probability", "p10": "probability"},
        (frozenset({"p"}), frozenset({"p01", "p10"})),
        "readout(p=0.02)",
        "a prepared 0 is read as 1 with probability p01, a prepared 1 as 0 with p10 (p: both)",
    ),
}

DEVICE = TermKind(
    {"gate": "switch", "relaxation": "switch", "readout": "switch"},
    (frozenset(),),
    "fake_kingston(readout=off)",
    "the device's calibrated gate errors, T1 and T2, and readout errors; each can be switched off",
)


MECHANISMS = tuple(DEVICE.keys)
"""What of a device's noise can be switched off."""


@dataclass(frozen=True)
class Preset:
    """A name for a sum of synthetic terms."""

    text: str
    description: str


PRESETS: Mapping[str, Preset] = {
    # Average infidelities of Quantinuum Helios (arXiv 2511.05465, abstract): 2.5e-5 for gates on
    # one qubit, 7.9e-4 on two, 4.8e-4 for state preparation and measurement. A depolarizing
    # probability p has the average infidelity p (d - 1) / d: p1 = 2 * 2.5e-5, p2 = 4/3 * 7.9e-4.
    "trapped_ion": Preset(
        "depolarizing(p1=5e-5, p2=1.0533e-3) + readout(p=4.8e-4)",
        "a trapped-ion machine: average infidelities of Quantinuum Helios (arXiv 2511.05465)",
    ),
}

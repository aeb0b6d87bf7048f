"""Noise terms and what they do to a target's elements, written out from their definitions.

A term knows its own text in the noise language and, independently of the package that reads the
text, its channels (`channels`), at any strength: what acts x times.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from tests.physics import channels as ch

VIRTUAL = ("rz",)


@dataclass(frozen=True)
class Element:
    """An instruction on physical qubits, with its calibration."""

    name: str
    qubits: tuple
    duration: float
    error: float
    times: tuple  # (T1, T2) of each qubit, seconds

    @property
    def played(self):
        """Whether it is a gate that takes time."""
        return self.name not in (*VIRTUAL, "reset", "measure", "delay")


@dataclass(frozen=True)
class Term:
    """A term that does nothing; channels are lists of (superoperator, positions in the qubits)."""

    strength: float = 1.0
    device = ""
    switches = ""

    @property
    def text(self):
        units = {"t1": "s", "t2": "s", "frequency": "Hz", "rate": "Hz"}
        keys = [f.name for f in fields(self) if f.name not in ("strength", "paulis")]
        words = ", ".join(f"{key}={getattr(self, key)!r}{units.get(key, '')}" for key in keys)
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__)[1:]
        return f"{name}({words})*{self.strength!r}"

    def after(self, element):
        return []

    def waiting(self, times, seconds):
        return []

    def misread(self, error):
        return np.eye(2)


def each(element, superoperator):
    return [(superoperator, (place,)) for place in range(len(element.qubits))]


@dataclass(frozen=True)
class Depolarizing(Term):
    p1: float = 0.0
    p2: float = 0.0

    def after(self, element):
        count = len(element.qubits)
        probability = ch.power(1 - (self.p1, self.p2)[count - 1], self.strength)
        whole = ch.depolarizing(count, probability)
        return [(whole, tuple(range(count)))] if element.played else []


@dataclass(frozen=True)
class Relaxation(Term):
    t1: float = math.inf
    t2: float = math.inf
    population: float = 0.0

    def after(self, element):
        if element.name in VIRTUAL:
            return []
        return each(element, self._relaxed(element.duration))

    def waiting(self, times, seconds):
        return [(self._relaxed(seconds), (0,))]

    def _relaxed(self, seconds):
        return ch.relaxation(self.t1, self.t2, self.strength * seconds, self.population)


@dataclass(frozen=True)
class AmplitudeDamping(Term):
    p: float = 0.0

    def after(self, element):
        damped = ch.amplitude_damping(ch.power(1 - self.p, self.strength))
        return each(element, damped) if element.played else []


@dataclass(frozen=True)
class PhaseDamping(Term):
    p: float = 0.0

    def after(self, element):
        damped = ch.phase_damping(ch.power(1 - self.p, self.strength))
        return each(element, damped) if element.played else []


@dataclass(frozen=True)
class Overrotation(Term):
    angle: float = 0.0

    def after(self, element):
        if not element.played:
            return []
        turned = ch.overrotated(element.name, self.strength * self.angle)
        return [(ch.kraus(turned), tuple(range(len(element.qubits))))]


@dataclass(frozen=True)
class Phase(Term):
    angle: float = 0.0

    def after(self, element):
        turned = ch.kraus(ch.rotation(ch.Z, self.strength * self.angle))
        return each(element, turned) if element.played else []


@dataclass(frozen=True)
class Detuning(Term):
    frequency: float = 0.0

    def after(self, element):
        return each(element, self._turned(element.duration)) if element.name != "rz" else []

    def waiting(self, times, seconds):
        return [(self._turned(seconds), (0,))]

    def _turned(self, seconds):
        angle = 2 * math.pi * self.frequency * self.strength * seconds
        return ch.kraus(ch.rotation(ch.Z, angle))


@dataclass(frozen=True)
class Readout(Term):
    p01: float = 0.0
    p10: float = 0.0

    def misread(self, error):
        return ch.misread(self.p01, self.p10, self.strength)


@dataclass(frozen=True)
class Zz(Term):
    """Rate f: exp(-2 pi i f t |11><11|); Tripathi et al., Phys. Rev. Applied 18, 024068 (2022)."""

    rate: float = 0.0


@dataclass(frozen=True)
class Leakage(Term):
    """Rate L1 a gate, no seepage: Wood and Gambetta, Phys. Rev. A 97, 032306 (2018)."""

    p: float = 0.0


@dataclass(frozen=True)
class CorrelatedReadout(Term):
    p: float = 0.0


@dataclass(frozen=True)
class PauliLindblad(Term):
    file: str = ""
    paulis: tuple = ()  # (pair, letters, rate): the first letter on the pair's first qubit

    @property
    def text(self):
        return f"pauli_lindblad({self.file})*{self.strength!r}"

    def after(self, element):
        if len(element.qubits) < 2:
            return []
        rates = {}
        for pair, letters, rate in self.paulis:
            if set(pair) == set(element.qubits):
                ordered = letters if pair == element.qubits else letters[::-1]
                rates[ordered] = rates.get(ordered, 0.0) + self.strength * rate
        return [(ch.pauli_lindblad(rates), (0, 1))]


@dataclass(frozen=True)
class Calibrated(Term):
    """A device's term: what relaxation leaves of the calibrated gate error depolarizes before it.

    As `qiskit_aer.noise.NoiseModel.from_backend` documents it.
    """

    name: str = "device"
    off: tuple = ()

    @property
    def text(self):
        switches = ", ".join(f"{name}=off" for name in self.off)
        return f"{self.name}({switches})*{self.strength!r}" if self.off else self._plain

    @property
    def _plain(self):
        return f"{self.name}*{self.strength!r}"

    def after(self, element):
        found, count = [], len(element.qubits)
        if "gate" not in self.off and element.played and element.error:
            relaxed = ch.beside([ch.relaxation(*t, element.duration) for t in element.times])
            # The infidelity is linear in the probability of depolarizing.
            none, full = (
                ch.average_infidelity(relaxed @ ch.depolarizing(count, p)) for p in (0.0, 1.0)
            )
            probability = max(0.0, (element.error - none) / (full - none))
            whole = ch.depolarizing(count, ch.power(1 - probability, self.strength))
            found.append((whole, tuple(range(count))))
        if "gate" not in self.off and element.name == "reset" and element.error:
            flip = (1 - (1 - 2 * element.error) ** self.strength) / 2
            flips = math.sqrt(1 - flip) * ch.I2, math.sqrt(flip) * ch.X
            found.append((ch.kraus(*flips), (0,)))
        if "relaxation" not in self.off and element.name not in VIRTUAL:
            seconds = self.strength * element.duration
            found += [
                (ch.relaxation(*times, seconds), (place,))
                for place, times in enumerate(element.times)
            ]
        return found

    def waiting(self, times, seconds):
        if "idle" in self.off:
            return []
        return [(ch.relaxation(*times, self.strength * seconds), (0,))]

    def misread(self, error):
        return np.eye(2) if "readout" in self.off else ch.misread(error, error, self.strength)


class Noise:
    """Terms that act from left to right on a target's qubits."""

    def __init__(self, target, *terms, measurement="measure"):
        self.target, self.terms, self.measurement = target, terms, measurement
        self._known = {}

    @property
    def text(self):
        return " + ".join(term.text for term in self.terms) or "ideal"

    def element(self, name, qubits):
        properties = self.target[self.measurement if name == "measure" else name].get(qubits)
        duration = getattr(properties, "duration", None) or 0.0
        error = getattr(properties, "error", None) or 0.0
        return Element(name, qubits, duration, error, tuple(map(self.times, qubits)))

    def times(self, qubit):
        properties = self.target.qubit_properties[qubit]
        t1, t2 = properties.t1 or math.inf, properties.t2 or math.inf
        return t1, min(t2, 2 * t1)

    def after(self, name, qubits):
        """[(superoperator, physical qubits)] after a gate or a reset."""
        if (name, qubits) not in self._known:
            element = self.element(name, qubits)
            self._known[name, qubits] = [
                (whole, tuple(qubits[place] for place in places))
                for term in self.terms
                for whole, places in term.after(element)
            ]
        return self._known[name, qubits]

    def waiting(self, qubit, seconds):
        if (qubit, seconds) not in self._known:
            self._known[qubit, seconds] = [
                (whole, (qubit,))
                for term in self.terms
                for whole, _ in term.waiting(self.times(qubit), seconds)
            ]
        return self._known[qubit, seconds]

    def misread(self, qubit):
        """[true, reported]: the terms one after the other."""
        error = self.element("measure", (qubit,)).error
        matrix = np.eye(2)
        for term in self.terms:
            matrix = matrix @ term.misread(error)
        return matrix

    @property
    def coupling(self):
        """Hz."""
        return sum(t.rate * t.strength for t in self.terms if isinstance(t, Zz))

    def pairs(self, qubits):
        """The coupled pairs among some physical qubits."""
        edges = self.target.build_coupling_map().get_edges()
        return sorted({tuple(sorted(pair)) for pair in edges if set(pair) <= set(qubits)})

    @property
    def leakage(self):
        """Probability for each gate of a qubit."""
        stay = [(1 - t.p) ** t.strength for t in self.terms if isinstance(t, Leakage)]
        return 1 - math.prod(stay)

    @property
    def common_flip(self):
        """Probability that the reports of a coupled pair flip together."""
        terms = [t for t in self.terms if isinstance(t, CorrelatedReadout)]
        return (1 - math.prod((1 - 2 * t.p) ** t.strength for t in terms)) / 2

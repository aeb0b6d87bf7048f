"""Noise specifications: `TERM + TERM*2.5 + ...`, read, checked and written canonically.

A term is `name` or `name(key=value, ...)`, followed by any number of `*strength`. It names a
synthetic term, a device, or `ideal`.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from noise_models.catalogue import DEVICE, EXPECTED, LARGEST, SYNTHETIC, TermKind
from noise_models.errors import NoiseError
from noise_models.values import Value, read_number, read_value, write_number, write_value

_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*")
_NUMBER = re.compile(r"\s*([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?|[+-]?[A-Za-z]+)\s*")
_STRENGTH_FIRST = re.compile(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*\*\s*([^+*]*[^+*\s])")
_NO_NOISE = ("none", "no", "off", "noiseless", "noisefree")
_IONS = "ions_"
"""What the names of trapped-ion machines begin with."""


@dataclass(frozen=True)
class NoiseTerm:
    """One term.

    Attributes:
        name: Of a synthetic term or of a device.
        parameters: (key, value) sorted by key; probabilities, radians, seconds, or switches that
            differ from their default (bool).
        strength: How many times the error acts, >= 0; of a drift, whose size is sigma, 0 or 1.
    """

    name: str
    parameters: tuple[tuple[str, Value], ...] = ()
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strength) and self.strength >= 0):
            raise NoiseError(
                f"noise term {self.name}: found strength {self.strength:g}, expected a number >= 0"
            )
        if self.name == "drift" and self.strength not in (0, 1):
            raise NoiseError(
                f"noise term {self}: found strength {self.strength:g}, expected none: sigma says "
                "how much it wanders"
            )
        if not self.is_device:
            self._check_sizes()

    def _check_sizes(self) -> None:
        """Refuse angles and frequencies whose phases would leave the range of float64."""
        kinds = _term_kind(self.name).keys
        for key, value in self.parameters:
            most = LARGEST.get(kinds[key])
            if most is not None and abs(float(value)) * self.strength > most:
                raise NoiseError(
                    f"noise term {self.name}: found {key} = {value:g} with strength "
                    f"{self.strength:g}, expected at most {most:g} in all"
                )

    @property
    def is_device(self) -> bool:
        """Whether the term names a device."""
        return self.name not in SYNTHETIC

    def number(self, key: str) -> float:
        """Return the number of a key; of one that is left out, 0."""
        return float(dict(self.parameters).get(key, 0.0))

    def text(self, key: str) -> str:
        """Return the text of a key."""
        return str(dict(self.parameters)[key])

    def __str__(self) -> str:
        kinds = _term_kind(self.name).keys
        if set(kinds.values()) == {"file"}:
            return self._with_strength(f"{self.name}({self.text('file')})")
        inside = ", ".join(f"{key}={write_value(value, kinds[key])}" for key, value in self._shown)
        return self._with_strength(f"{self.name}({inside})" if inside else self.name)

    def _with_strength(self, text: str) -> str:
        return text if self.strength == 1 else f"{text}*{write_number(self.strength)}"

    @property
    def _shown(self) -> tuple[tuple[str, Value], ...]:
        values = dict(self.parameters)
        if self.name == "readout" and values["p01"] == values["p10"]:
            return (("p", values["p01"]),)
        return self.parameters


@dataclass(frozen=True)
class NoiseSpecification:
    """A sum of noise terms that act left to right; no terms: ideal."""

    terms: tuple[NoiseTerm, ...] = ()

    def __post_init__(self) -> None:
        names = list(dict.fromkeys(term.name for term in self.terms if term.is_device))
        if len(names) > 1:
            raise NoiseError(
                f"noise: found the devices {' and '.join(names)}, expected at most one"
            )
        drifts = sum(term.name == "drift" for term in self.terms)
        if drifts > 1:
            raise NoiseError(f"noise: found {drifts} drifts, expected at most one")

    @classmethod
    def parse(cls, text: str, device_names: Iterable[str] = ()) -> "NoiseSpecification":
        """Read a specification.

        Args:
            text: For example `fake_kingston(readout=off)*2 + depolarizing(p1=1e-3, p2=1e-2)`.
            device_names: The names that mean a device.

        Raises:
            NoiseError: The text is no specification, or its values are impossible.
        """
        return cls(_Reader(text, frozenset(device_names)).read())

    def scaled(self, strength: float) -> "NoiseSpecification":
        """Return the specification with every term's strength multiplied.

        A drift stays as it is, since it is relative to the strength of the other terms; only a
        factor of 0, which is no noise at all, leaves nothing of it.

        Raises:
            NoiseError: The factor is negative or not finite.
        """
        if not (math.isfinite(strength) and strength >= 0):
            raise NoiseError(f"noise strength: found {strength:g}, expected a number >= 0")
        factor = abs(strength)  # of -0.0
        terms = (
            term
            if term.name == "drift" and factor
            else replace(term, strength=term.strength * factor)
            for term in self.terms
        )
        return NoiseSpecification(tuple(terms))

    @property
    def device_name(self) -> str | None:
        """The device that the specification names, if it names one."""
        return next((term.name for term in self.terms if term.is_device), None)

    @property
    def active_terms(self) -> tuple[NoiseTerm, ...]:
        """The terms whose strength is not 0."""
        return tuple(term for term in self.terms if term.strength > 0)

    def __str__(self) -> str:
        return " + ".join(map(str, self.terms)) or "ideal"


def _term_kind(name: str) -> TermKind:
    return SYNTHETIC.get(name, DEVICE)


class _Reader:
    """Reads one specification from left to right."""

    def __init__(self, text: str, device_names: frozenset[str]) -> None:
        self.text = text
        self.position = 0
        self.device_names = device_names

    def read(self) -> tuple[NoiseTerm, ...]:
        terms = list(self._term())
        while self.position < len(self.text):
            if self.text[self.position] != "+":
                raise self._unexpected("'+', '*' or the end")
            self.position += 1
            terms += self._term()
        return tuple(terms)

    def _term(self) -> list[NoiseTerm]:
        start = self.position
        match = _NAME.match(self.text, start)
        if match is None:
            raise self._unexpected(f"the name of a noise term{self._turned_around()}")
        name = match[1]
        self.position = match.end()
        arguments = self._arguments(name) if self._at("(") else None
        strength = 1.0
        while self._at("*"):
            strength *= self._strength(self.text[start : self.position].strip())
        return self._terms_of(name, arguments, strength)

    def _turned_around(self) -> str:
        """Return how a term is written whose strength stands before it."""
        match = _STRENGTH_FIRST.match(self.text, self.position)
        return f"; a strength stands behind: {match[2]}*{match[1]}" if match else ""

    def _terms_of(
        self, name: str, arguments: dict[str, str] | None, strength: float
    ) -> list[NoiseTerm]:
        if name == "ideal":
            if arguments:
                raise NoiseError(
                    f"noise term ideal: found {next(iter(arguments))!r}, takes no keys"
                )
            return []
        if name not in SYNTHETIC and name not in self.device_names:
            if name.lower() in _NO_NOISE:
                raise NoiseError(f"noise: unknown term {name!r}; no noise is called ideal")
            if name == "trapped_ion":
                machines = sorted(each for each in self.device_names if each.startswith(_IONS))
                raise NoiseError(
                    "noise: unknown term 'trapped_ion'; trapped-ion machines are devices: "
                    f"{', '.join(machines)}"
                )
            known = ["ideal", *SYNTHETIC, *sorted(self.device_names)]
            raise NoiseError(f"noise: unknown term {name!r}{_nearest(name, known)}")
        return [NoiseTerm(name, _parameters(name, arguments or {}), strength)]

    def _arguments(self, name: str) -> dict[str, str]:
        end = self.text.find(")", self.position)
        inside = self.text[self.position + 1 : end]
        if end < 0 or "(" in inside:
            raise NoiseError(f"noise term {name}: found '(' without its ')'")
        self.position = end + 1
        self._skip_spaces()
        arguments: dict[str, str] = {}
        if name in SYNTHETIC and set(SYNTHETIC[name].keys.values()) == {"file"}:
            return {"file": inside.strip()} if inside.strip() else {}
        for argument in inside.split(",") if inside.strip() else ():
            key, equals, value = (part.strip() for part in argument.partition("="))
            if not (key and equals and value):
                found = argument.strip()
                raise NoiseError(f"noise term {name}: found {found!r}, expected key=value")
            if key in arguments:
                raise NoiseError(f"noise term {name}: found the key {key} twice, expected once")
            arguments[key] = value
        return arguments

    def _strength(self, term: str) -> float:
        self.position += 1
        match = _NUMBER.match(self.text, self.position)
        number = None if match is None else read_number(match[1])
        if match is None or number is None or not (math.isfinite(number) and number >= 0):
            found = self.text[self.position :].strip() if match is None else match[1]
            raise NoiseError(
                f"noise term {term}: found strength {found or 'nothing'}, expected a number >= 0"
            )
        self.position = match.end()
        return number

    def _at(self, character: str) -> bool:
        return self.text.startswith(character, self.position)

    def _skip_spaces(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def _unexpected(self, expected: str) -> NoiseError:
        rest = self.text[self.position :].strip()
        found = repr(rest) if rest else "nothing"
        before = self.text[: self.position].strip()
        place = f" after {before!r}" if before else ""
        return NoiseError(f"noise: found {found}{place}, expected {expected}")


def _parameters(name: str, arguments: dict[str, str]) -> tuple[tuple[str, Value], ...]:
    kind = _term_kind(name)
    values: dict[str, Value] = {}
    for key, text in arguments.items():
        if key not in kind.keys:
            raise NoiseError(
                f"noise term {name}: unknown key {key!r}, expected {', '.join(kind.keys)}"
                f"{_nearest(key, list(kind.keys))}"
            )
        value = read_value(text, kind.keys[key])
        if value is None:
            raise NoiseError(
                f"noise term {name}: found {key}={text}, expected {EXPECTED[kind.keys[key]]}"
            )
        values[key] = value
    if kind is not DEVICE and frozenset(values) not in kind.forms:
        forms = " or ".join(", ".join(key for key in kind.keys if key in f) for f in kind.forms)
        raise NoiseError(
            f"noise term {name}: found {', '.join(values) or 'no keys'}, expected the keys {forms}"
        )
    return _canonical(name, values)


def _canonical(name: str, values: dict[str, Value]) -> tuple[tuple[str, Value], ...]:
    if name == "relaxation" and float(values["t2"]) > 2 * float(values["t1"]):
        t1, t2 = (write_value(values[key], "time") for key in ("t1", "t2"))
        raise NoiseError(f"noise term relaxation: found t2={t2} with t1={t1}, expected t2 <= 2 t1")
    if name == "relaxation" and not values.get("population"):
        values.pop("population", None)
    if name == "readout" and "p" in values:
        values = {"p01": values["p"], "p10": values["p"]}
    if name not in SYNTHETIC:  # "on" is the default
        values = {key: value for key, value in values.items() if value is False}
    return tuple(sorted(values.items()))


def _nearest(name: str, known: list[str]) -> str:
    matches = get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; nearest: {', '.join(matches)}" if matches else ""

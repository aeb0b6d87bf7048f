"""Noise specifications with free parameters, `fake_torino*? + phase(angle=?0:0.1)`.

A `?` stands for a number that is to be found; `?LOW:HIGH` says where to look for it. It may be a
term's strength or the value of any key that is a number.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from noise_models.catalogue import EXPECTED, SYNTHETIC, Kind
from noise_models.errors import NoiseError
from noise_models.specification import NoiseSpecification
from noise_models.values import read_number, read_value, write_number, write_value

FreeKind = Kind | Literal["strength"]

RANGES: dict[FreeKind, tuple[float, float]] = {
    "strength": (0.0, 64.0),
    "probability": (0.0, 0.5),
    "time": (1e-6, 1e-3),
    "angle": (0.0, 0.5),
    "frequency": (0.0, 2e6),
}
"""Where a parameter is looked for that does not say: numbers, radians, seconds, hertz."""

_FREE = re.compile(r"\?(?:\s*([^\s:,()*?]+)\s*:\s*([^\s:,()*?]+))?")
_OWNER = re.compile(r"([A-Za-z_]\w*)\s*(?:\([^()]*\)\s*)?\*\s*$")
_KEY = re.compile(r"([A-Za-z_]\w*)\s*\([^()]*?([A-Za-z_]\w*)\s*=\s*$")


@dataclass(frozen=True)
class FreeParameter:
    """A number of a specification that is to be found.

    Attributes:
        name: such as `phase.angle`, or `fake_torino.strength`.
        kind: what it is.
        low, high: where it is looked for; radians, seconds, hertz.
    """

    name: str
    kind: FreeKind
    low: float
    high: float

    def text(self, value: float) -> str:
        """Return a value as a specification has it."""
        return write_number(value) if self.kind == "strength" else write_value(value, self.kind)


@dataclass(frozen=True)
class FreeSpecification:
    """A specification with free parameters.

    Attributes:
        text: as it was given.
        parameters: from left to right.
    """

    text: str
    parameters: tuple[FreeParameter, ...]
    _between: tuple[str, ...]
    _device_names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, device_names: Iterable[str] = ()) -> "FreeSpecification":
        """Read a specification; one without `?` has no free parameters.

        Raises:
            NoiseError: the text is no such specification, or a range is none.
        """
        parameters: list[FreeParameter] = []
        between: list[str] = []
        end = 0
        for match in _FREE.finditer(text):
            between.append(text[end : match.start()])
            end = match.end()
            name, kind = _owner(text[: match.start()])
            count = sum(parameter.name.split("#")[0] == name for parameter in parameters)
            low, high = _range(name, kind, match[1], match[2])
            parameters.append(
                FreeParameter(f"{name}#{count + 1}" if count else name, kind, low, high)
            )
        found = cls(text, tuple(parameters), (*between, text[end:]), tuple(device_names))
        found.at([parameter.high for parameter in parameters])
        return found

    def at(self, values: Sequence[float]) -> NoiseSpecification:
        """Return the specification at values of its parameters.

        Raises:
            NoiseError: a value is impossible.
        """
        texts = [p.text(float(value)) for p, value in zip(self.parameters, values, strict=True)]
        text = "".join(a + b for a, b in zip(self._between, (*texts, ""), strict=True))
        return NoiseSpecification.parse(text, self._device_names)


def _owner(before: str) -> tuple[str, FreeKind]:
    """Return the name and the kind of the parameter that follows a text."""
    strength = _OWNER.search(before)
    if strength is not None:
        return f"{strength[1]}.strength", "strength"
    key = _KEY.search(before)
    kind = SYNTHETIC[key[1]].keys.get(key[2]) if key and key[1] in SYNTHETIC else None
    if key is None or kind is None or kind not in RANGES:
        raise NoiseError(
            f"noise: found ? after {before.strip()!r}, expected it as a strength (fake_torino*?) "
            "or as the number of a key (phase(angle=?)); drift and files cannot be free"
        )
    return f"{key[1]}.{key[2]}", kind


def _range(name: str, kind: FreeKind, low: str | None, high: str | None) -> tuple[float, float]:
    if low is None or high is None:
        return RANGES[kind]
    first, last = (_value(end, kind) for end in (low, high))
    if first is None or last is None or not first < last:
        expected = "numbers" if kind == "strength" else f"each {EXPECTED[kind]}"
        raise NoiseError(
            f"noise: found the range {low}:{high} for {name}, expected LOW:HIGH, {expected}"
        )
    return first, last


def _value(text: str, kind: FreeKind) -> float | None:
    value = read_number(text) if kind == "strength" else read_value(text, kind)
    return None if value is None else float(value)

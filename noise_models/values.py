"""Values in a noise specification: reading them, and writing them in one canonical way."""

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from noise_models.catalogue import Kind

Value = float | bool | str

_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "h": Decimal(3600),
}
_HERTZ = {"hz": Decimal(1), "khz": Decimal(1000), "mhz": Decimal("1e6")}
_QUANTITY = re.compile(r"(?P<number>[^a-zµμ]+(?:e[+-]?\d+)?)\s*(?P<unit>[a-zµμ]+)")


def read_value(text: str, kind: Kind) -> Value | None:
    """Return the value of `text` (times in seconds), None if it is not of that kind."""
    if kind == "switch":
        return {"on": True, "off": False}.get(text.lower())
    if kind == "file":
        return text
    if kind == "time":
        seconds = read_seconds(text)
        return seconds if seconds is not None and seconds > 0 else None
    if kind == "frequency":
        return _read_quantity(text, _HERTZ)
    number = read_number(text)
    if number is None or not math.isfinite(number):
        return None
    if kind == "spread" and number < 0:
        return None
    if kind == "probability" and not 0 <= number <= 1:
        return None
    return number


def read_seconds(text: str) -> float | None:
    """Return the seconds that `text` says, such as `2us`; None if it says none."""
    return _read_quantity(text, _SECONDS)


def read_number(text: str) -> float | None:
    """Return the decimal number `text` (nan and inf included), None if it is none."""
    try:
        return float(Decimal(text)) + 0.0
    except (ArithmeticError, ValueError):  # float refuses a signalling NaN
        return None


def _read_quantity(text: str, units: Mapping[str, Decimal]) -> float | None:
    """Return a number with its unit, in the unit whose factor is 1."""
    match = _QUANTITY.fullmatch(text.lower())
    if match is None:
        return None
    unit = units.get(match["unit"].replace("µ", "u").replace("μ", "u"))
    try:
        # Decimal: 0.12ms and 120us have to be the same float.
        number = Decimal(match["number"].strip())
        if unit is None or not number.is_finite():
            return None
        quantity = float(number * unit) + 0.0
    except ArithmeticError:
        return None
    return quantity if math.isfinite(quantity) else None


def write_value(value: Value, kind: Kind) -> str:
    """Return the canonical text of a value: `read_value` gives exactly the value back."""
    if kind == "switch":
        return "on" if value else "off"
    if kind == "file":
        return str(value)
    if kind == "time":
        return _write_time(float(value))
    if kind == "frequency":
        return f"{write_number(float(value))}Hz"
    return write_number(float(value))


def write_number(number: float) -> str:
    """Return the shortest decimal text of a number, without a plus sign."""
    text = repr(float(number)).replace("e+", "e")
    return text.removesuffix(".0")


def _write_time(seconds: float) -> str:
    unit = next((u for u in ("s", "ms", "us") if seconds >= float(_SECONDS[u])), "ns")
    # repr keeps the float exactly; scaling by a power of ten in Decimal is exact too.
    number = Decimal(repr(float(seconds))) / _SECONDS[unit]
    plain = format(number.normalize(), "f")
    return f"{plain}{unit}" if len(plain) <= 24 else f"{write_number(seconds)}s"

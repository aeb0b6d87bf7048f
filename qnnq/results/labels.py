"""Labels of points as text."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from qnnq.options.coherent import OF_COHERENT_MODE, TIMES


def shown(value: Any) -> str:
    """Return a value as text, numbers in their shortest form."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def label_text(name: str, value: Any) -> str:
    """Return a label's value as text, with its unit; a measured noise without its file's folder."""
    if name == "noise":
        return re.sub(r"measured:\S*/", "measured:", shown(value))
    return duration(value) if name in TIMES and value != "" else shown(value)


def duration(microseconds: float) -> str:
    """Return a time in words, in us or from 1,000 of them on in ms."""
    if microseconds >= 1000:
        return f"{microseconds / 1000:g} ms"
    return f"{microseconds:g} us" if microseconds else "0"


def setting_text(labels: Mapping[str, Any]) -> str:
    """Return in words which setting a message is about."""
    told = ("network", "noise", "strength", "off", "device", "pairs", "qubits", "seed")
    return ", ".join(
        f"{name} {shown(labels[name])}" for name in told if labels.get(name) not in ("", None)
    )


def distinct(name: str, values: Iterable[Any]) -> list[Any]:
    """Return the distinct values of a label, without the emptiness that only tells the mode."""
    found = {shown(value): value for value in values}
    if name in OF_COHERENT_MODE and len(found) > 1:
        found.pop("", None)
    return list(found.values())

"""Rows of a report as text: which columns differ, values with their intervals, the rest apart."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qnnq.results.labels import distinct, duration, label_text
from qnnq.results.outcomes import PREDICTIONS
from qnnq.results.tables import FOUND, IDENTIFYING, Row
from qnnq.results.task import UNSAMPLED

_LATENCY = "latency_us_"
_VOTE = re.compile(r"(majority|soft_vote)((?:_[ab])?)$")
_LEAST_P = 1e-300
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Layout:
    """A table of text.

    Attributes:
        headings: Of the columns that differ between rows.
        names: The columns' names in the rows.
        cells: A row of text a row, as long as `headings`.
        common: What all rows share, in words.
    """

    headings: tuple[str, ...]
    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    common: str


def lay_out(rows: Sequence[Row]) -> Layout:
    """Return rows of a report as a table; columns that say the same in every row become words."""
    names = list(rows[0])
    intervals = [name for name in names if f"{name}_low" in rows[0]]
    # A vote that no row has, as the soft vote of class probabilities, needs no column.
    names = [n for n in names if n not in PREDICTIONS or any(row[n] is not None for row in rows)]
    ends = {f"{name}_{end}" for name in intervals for end in ("low", "high")}
    texts = {name: [_label(name, row[name]) for row in rows] for name in names}
    columns = [
        name
        for name in names
        if name not in ends
        and (name in (*intervals, *IDENTIFYING, *FOUND) or len(distinct(name, texts[name])) > 1)
    ]
    headings = {name: _heading(name, _size(name, texts)) for name in columns}
    told = {_size_column(name) for name in columns if _size(name, texts)}
    common = ", ".join(
        f"{name.replace('_', ' ')} {text}"
        for name in names
        if name not in ends and name not in columns
        for text in distinct(name, texts[name])
        if text and name not in told
    )
    cells = tuple(
        tuple(
            _interval(row, name) if name in intervals else texts[name][number] for name in columns
        )
        for number, row in enumerate(rows)
    )
    return Layout(tuple(headings.values()), tuple(columns), cells, common)


def _heading(name: str, size: str) -> str:
    if name.startswith(_LATENCY):
        return f"latency, {_heading(name.removeprefix(_LATENCY), size)}"
    if size:
        vote, side = _VOTE.match(name).groups()  # type: ignore[union-attr]
        return f"{vote.replace('_', ' ')} of {size}" + side.replace("_", ", ")
    words = name.replace("single_shot", "one shot").replace("_", " ")
    return f"{words} (points)" if name.startswith("change") else words


def _size_column(name: str) -> str:
    """Return the column that says of how many shots the vote of a column is made, or ""."""
    vote = _VOTE.match(name.removeprefix(_LATENCY))
    return f"majority_of{vote[2]}" if vote else ""


def _size(name: str, texts: Mapping[str, Sequence[str]]) -> str:
    """Return that number where it is the same in all rows, else ""."""
    sizes = {*texts.get(_size_column(name), ())}
    return sizes.pop() if len(sizes) == 1 else ""


def _label(name: str, value: Any) -> str:
    if name == "p_value":
        return f"{value:.2g}" if value > _LEAST_P else f"< {_LEAST_P:g}"
    if name == "threshold" and isinstance(value, float | int):
        return f"{100 * value:.2f} %"
    if name in ("image_count", "shots") and isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else label_text(name, value)


def _interval(row: Row, name: str) -> str:
    if row[name] is None:
        return ""
    value, low, high = (_text(name, row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    unit = " %" if _is_accuracy(name) else ""
    return value + unit if low == high == value else f"{value}{unit} ({low} to {high})"


def _is_accuracy(name: str) -> bool:
    return name in (*PREDICTIONS, UNSAMPLED, "majority_a", "majority_b", "threshold")


def _text(name: str, value: object) -> str:
    if not isinstance(value, float | int):
        return str(value)
    if _is_accuracy(name):
        return f"{100 * value:.2f}"
    if name.startswith("change"):
        return f"{100 * value:+.2f}".replace("-", _MINUS)
    return duration(float(f"{value:.3g}")) if name.startswith(_LATENCY) else f"{value:.3g}"

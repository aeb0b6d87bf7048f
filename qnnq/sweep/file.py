"""The sweep file: TOML with `[[grid]]` tables, every list of a grid crossed."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import ErrorDetails

from noise_models.catalogue import MECHANISMS, SYNTHETIC
from qnnq.errors import InputError
from qnnq.options.option import Option, options_of
from qnnq.runs.request import RunRequest
from qnnq.storage.files import read_text
from qnnq.wording import nearest


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _mechanism(name: str) -> str:
    known = [*MECHANISMS, *(term for term in SYNTHETIC if term not in (*MECHANISMS, "drift"))]
    if name not in known:
        raise ValueError(
            f"expected one of {', '.join(known)}, found {name!r}{nearest(name, known)}"
        )
    return name


T = TypeVar("T")
Listed = Annotated[list[T], BeforeValidator(_as_list), Field(min_length=1)]
"""A list that is not empty; a lone value is a list of one."""

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Mechanism = Annotated[str, AfterValidator(_mechanism)]


def _mechanisms(value: Any) -> Any:
    return [] if value in ("none", ["none"]) else _as_list(value)


SwitchedOff = Annotated[list[Mechanism], BeforeValidator(_mechanisms)]


SWEPT = {name: each for name, each in options_of(RunRequest).items() if each.grid}
"""Options of a run that a grid lists values of."""


def _values(declared: Option) -> Any:
    """Return the type of a list of an option's values."""
    kind: Any = declared.kind
    if declared.known:
        kind = Literal[declared.known]
    elif kind is str:
        kind = Text
    elif declared.least is not None:
        kind = Annotated[kind, Field(ge=declared.least, allow_inf_nan=False)]
    return Listed[kind]


def _key(name: str, declared: Option) -> tuple[Any, Any]:
    """Return the type of a grid's key, and its default: None where nothing else can be asked."""
    if name in ("model", "noise"):
        return _values(declared), ...
    if declared.default is None or declared.mode:
        return _values(declared) | None, None
    return _values(declared), [declared.default]


_Swept: Any = create_model(
    "_Swept",
    __config__=ConfigDict(extra="forbid", strict=True, frozen=True),
    **{each.grid: _key(name, each) for name, each in SWEPT.items()},  # type: ignore[call-overload]
)


class Grid(_Swept):  # type: ignore[misc]
    """One `[[grid]]` table; its keys are those of the options of a run, and these.

    Every key takes a value or a list of values, and all lists are crossed, apart from the last
    six, which say how each point is measured. An entry of `off` is a list of mechanisms of a
    device, or terms of the noise, that are switched off together; `[]`, or "none", leaves it as it
    is.
    """

    off: Listed[SwitchedOff] = Field(default=[[]])
    seeds: Listed[Count] = Field(default=[0])
    shots: Positive = RunRequest.shots
    target_width: Annotated[float, Field(gt=0, lt=1)] | None = None
    target: Literal["single_shot", "majority"] | None = None
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    max_shots: Positive | None = None
    images_per_task: Positive | None = None

    @model_validator(mode="after")
    def _stopping_rule(self) -> Self:
        if self.target_width is None and self.max_shots is not None:
            raise ValueError("max_shots goes with target_width; without it, shots are taken")
        for name in ("target", "threshold"):
            if self.target_width is None and getattr(self, name) is not None:
                raise ValueError(f"{name} goes with target_width")
        if self.max_shots is not None and self.max_shots < self.shots:
            raise ValueError(
                f"max_shots: expected at least shots, {self.shots} a round, found {self.max_shots}"
            )
        return self


class SweepFile(BaseModel):
    """A whole sweep file: the union of its grids."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    grid: Annotated[list[Grid], Field(min_length=1)]


def read_sweep(path: str | Path) -> SweepFile:
    """Read and check a sweep file; raises `InputError`, one line that names the place."""
    return parse_sweep(read_text(path), path)


def parse_sweep(text: str, path: str | Path) -> SweepFile:
    """Check the text of a sweep file; `path` is named in what `InputError` says."""
    try:
        return SweepFile.model_validate(tomllib.loads(text))
    except ValidationError as error:
        problems = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputError(f"{path}: {_explained(problems[0])}{more}") from error
    except (ValueError, RecursionError) as error:  # of the parser, numbers of 5,000 digits too
        raise InputError(f"{path}: expected TOML: {error}") from error


def _explained(problem: ErrorDetails) -> str:
    place, kind = problem["loc"], problem["type"]
    if kind == "extra_forbidden":
        name = str(place[-1])
        if len(place) == 1 and name in Grid.model_fields:
            return f"key {name!r} belongs to a grid: write [[grid]] above it"
        known = Grid.model_fields if len(place) > 1 else SweepFile.model_fields
        return f"{_place(place[:-1])}unknown key {name!r}{nearest(name, known)}"
    if kind == "missing":
        return f"{_place(place[:-1])}missing key {str(place[-1])!r}"
    if place == ("grid",) and isinstance(problem["input"], dict):
        return "grid: write [[grid]], as there may be several, in place of [grid]"
    if kind == "too_short":
        return f"{_place(place)}the list is empty"
    if kind == "value_error":
        return f"{_place(place)}{problem['ctx']['error']}"
    found = json.dumps(problem["input"], default=str)
    expected = problem["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return f"{_place(place)}expected {expected}, found {found}"


def _place(location: tuple[int | str, ...]) -> str:
    """Turn ("grid", 0, "strength", 1) into "[[grid]] 1: strength[1]: "."""
    parts: list[str] = []
    for part in location:
        if isinstance(part, int):
            parts[-1] = f"[[grid]] {part + 1}" if parts[-1] == "grid" else f"{parts[-1]}[{part}]"
        else:
            parts.append(part)
    return "".join(f"{part}: " for part in parts)

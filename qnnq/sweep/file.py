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
    model_validator,
)
from pydantic_core import ErrorDetails

from noise_models.catalogue import MECHANISMS, SYNTHETIC
from qnnq.errors import InputError
from qnnq.execution.request import DecouplingName, EngineName, ModeName, PairGate, RecyclingName
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
Strength = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Mechanism = Annotated[str, AfterValidator(_mechanism)]


def _mechanisms(value: Any) -> Any:
    return [] if value in ("none", ["none"]) else _as_list(value)


SwitchedOff = Annotated[list[Mechanism], BeforeValidator(_mechanisms)]


class Grid(BaseModel):
    """One `[[grid]]` table.

    Every key takes a value or a list of values, and all lists are crossed, apart from the last
    six, which say how each point is measured. An entry of `off` is a list of mechanisms of a
    device, or terms of the noise, that are switched off together; `[]`, or "none", leaves it as it
    is.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    networks: Listed[Text]
    noise: Listed[Text]
    strength: Listed[Strength] = [1.0]
    off: Listed[SwitchedOff] = [[]]
    pairs: Listed[Count] = [0]
    pair_gate: Listed[PairGate] = ["sx"]
    devices: Listed[Text] | None = None
    qubits: Listed[Text] | None = None
    copies: Listed[Positive] | None = None
    compensate: Listed[bool] = [False]
    engine: Listed[EngineName] = ["instrument"]
    mode: Listed[ModeName] = ["stepwise"]
    feedback_latency: Listed[Text] | None = None
    condition_overhead: Listed[Text] | None = None
    measurement: Listed[Text] | None = None
    recycling: Listed[RecyclingName] | None = None
    dynamical_decoupling: Listed[DecouplingName] | None = None
    data: Listed[Text] = ["mnist-test"]
    images: Listed[Text] | None = None
    seeds: Listed[Count] = [0]
    shots: Positive = 15
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
    try:
        return SweepFile.model_validate(tomllib.loads(read_text(path)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
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

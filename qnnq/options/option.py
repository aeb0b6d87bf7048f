"""One declaration an option: all that the command line, sweeps, tasks and captions need of it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

from qnnq.errors import InputError
from qnnq.limits import LONGEST_WAIT
from qnnq.wording import nearest


@dataclass(frozen=True)
class Option:
    """What stands beside a field.

    Attributes:
        help: What it means, for `--help` and for sweep files.
        kind: The type of its words on the command line; a bool is a flag.
        default: What holds where it is not given.
        metavar: What stands for its value in `--help`.
        flag: Its name on the command line, written as a field, where that is not the field's.
        argument: Whether the command line takes it without a name.
        known: All values that there are, where they can be listed.
        least: The smallest number.
        most: The largest number.
        below: What numbers are smaller than.
        is_time: Whether it is a time: in words such as `2us`, or in seconds.
        usual: What a default of None stands for: a number, seconds of a time.
        parse: Makes a value of the command line's words.
        mode: The only mode that has it, "" for all.
        needs: What a network in that mode has where it matters: `ancillas`, `branches`, or "".
        told: How a sentence tells it, `{}` for its value.
        label: What tables and figures call it, "" where none does.
        grid: The key of a sweep file that lists its values, "" where none does.
        joined: Whether a list stands for its values, joined by commas.
        compiled: Whether it changes the compiled circuits of layers.
    """

    help: str
    kind: type = str
    default: Any = None
    metavar: str | None = None
    flag: str = ""
    argument: bool = False
    known: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    below: float | None = None
    is_time: bool = False
    usual: float | None = None
    parse: Callable[[Any], Any] | None = None
    mode: str = ""
    needs: str = ""
    told: str = "{}"
    label: str = ""
    grid: str = ""
    joined: bool = False
    compiled: bool = False

    @property
    def usual_words(self) -> str:
        """What `usual` is in words, "" where there is nothing."""
        if self.usual is None:
            return ""
        return f"{1e6 * self.usual:g}us" if self.usual >= 1e-7 else f"{1e9 * self.usual:g}ns"


def option(default: Any, help: str, **more: Any) -> Any:
    """Return the field of a dataclass that is an option; see `Option`.

    A `label` or `grid` of True is the field's own name. A default that is made anew by each use of
    the class is given as `default_factory`, with what it is made of as `default`. One that the
    command line writes in other words is `written` so there.
    """
    factory, written = more.pop("default_factory", None), more.pop("written", default)
    kind = more.pop("kind", type(written) if written is not None else str)
    metadata = {"option": Option(help, kind, written, **more)}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def same(kind: type, name: str, **changed: Any) -> Any:
    """Return a field that is an option of another dataclass, but for what is changed of it."""
    declared = replace(options_of(kind)[name], **changed)
    return field(default=declared.default, metadata={"option": declared})


@cache
def options_of(kind: type) -> Mapping[str, Option]:
    """Return the options of a dataclass by the names of their fields."""
    found: dict[str, Option] = {}
    for each in fields(kind):
        if (declared := each.metadata.get("option")) is not None:
            own = {key: each.name for key in ("label", "grid") if getattr(declared, key) is True}
            found[each.name] = Option(**{**vars(declared), **own})
    return MappingProxyType(found)


def parts_of(kind: type) -> dict[str, type]:
    """Return the fields of a dataclass that are dataclasses with options of their own."""
    return {
        each.name: each.default_factory
        for each in fields(kind)
        if each.default_factory is not MISSING
        and isinstance(each.default_factory, type)
        and "option" not in each.metadata
    }


def make_plain(request: Any) -> None:
    """Make plain numbers and words of the options of a request that is being made.

    Numbers of other types, as those of arrays, become Python's; a list in place of words is joined
    by commas where an option has several values.

    Raises:
        InputError: For a value that is no number where one is expected.
    """
    kind: type = type(request)
    for name, declared in options_of(kind).items():
        value = getattr(request, name)
        if value is None or declared.parse is not None or declared.kind not in (int, float, str):
            continue
        if (found := _plain(name, declared, value)) is not value:
            object.__setattr__(request, name, found)


def _plain(name: str, declared: Option, value: Any) -> Any:
    if declared.kind is str:
        several = declared.joined and isinstance(value, list | tuple | range)
        return ",".join(map(str, value)) if several else value
    wanted: type = Integral if declared.kind is int else Real
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise InputError(
            f"`{name}` {value!r}: expected a {'whole ' if declared.kind is int else ''}number"
        )
    return value if isinstance(value, int | float) else declared.kind(value)


def check_options(request: Any, names: tuple[str, ...] | None = None) -> None:
    """Raise InputError unless the options of a request, or those named, are within their ranges."""
    kind: type = type(request)
    for name, declared in options_of(kind).items():
        if (names is None or name in names) and getattr(request, name) is not None:
            check_option(name, declared, getattr(request, name))


def check_option(name: str, declared: Option, value: Any) -> None:
    """Raise InputError unless a value is one that an option can have."""
    if declared.is_time:
        seconds_of(name, value)
    elif declared.known and value not in declared.known:
        raise InputError(
            f"`{name}` {value!r}: expected one of {', '.join(map(str, declared.known))}"
            f"{nearest(str(value), map(str, declared.known))}"
        )
    elif declared.least is not None and declared.kind is float:
        _check_number(name, declared, value)
    elif declared.least is not None:
        check_whole(name, value, int(declared.least), declared.most)


def _check_number(name: str, declared: Option, value: float) -> None:
    ranges = [
        (f">= {declared.least}", declared.least is None or value >= declared.least),
        (f"<= {declared.most}", declared.most is None or value <= declared.most),
        (f"< {declared.below}", declared.below is None or value < declared.below),
    ]
    if not math.isfinite(value) or not all(good for _, good in ranges):
        told = " and ".join(each for each, _ in ranges if not each.endswith("None"))
        raise InputError(f"`{name}` {value}: expected a number {told}")


def check_whole(name: str, value: int, least: int, most: float | None = None) -> None:
    """Raise InputError unless a whole number is in its range."""
    if value < least:
        raise InputError(f"`{name}` {value}: expected a whole number >= {least}")
    if most is not None and value > most:
        found = str(value) if value < 10**30 else "(a number of more than 30 digits)"
        raise InputError(f"`{name}` {found}: expected at most {most:,}")


def seconds_of(name: str, value: str | float) -> float:
    """Return a time in seconds; raise InputError unless it is one, >= 0, and not too long."""
    from noise_models.values import read_seconds

    seconds = read_seconds(value) if isinstance(value, str) else value
    if seconds is None or not 0 <= seconds <= LONGEST_WAIT:
        raise InputError(
            f"`{name}` {value!r}: expected a time >= 0, such as 2us, and at most {LONGEST_WAIT:g}s"
        )
    return float(seconds)


def words_of(name: str) -> str:
    """Return a field's name as the command line writes it."""
    return f"--{name.replace('_', '-')}"

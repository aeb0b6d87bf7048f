"""A command whose options are the declared ones of a dataclass."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer

from qnnq.options.option import Option, options_of, parts_of, words_of

Command = Callable[..., Any]


def takes(
    kind: type,
    *,
    only: Iterable[str] | None = None,
    without: Iterable[str] = (),
    required: Iterable[str] = (),
    defaults: Mapping[str, Any] | None = None,
    helps: Mapping[str, str] | None = None,
) -> Callable[[Command], Command]:
    """Let a command's first argument be a dataclass that its options make.

    The function's other arguments are further options of the command. Fields that are dataclasses
    with options of their own give theirs; what is left out takes its default.

    Args:
        kind: The dataclass.
        only: The names of the options to take, None for all.
        without: Those to leave out.
        required: Those without a default.
        defaults: Defaults that are the command's own.
        helps: Words that are the command's own.
    """
    every = [("", name, each) for name, each in options_of(kind).items()]
    for part, its_kind in parts_of(kind).items():
        every += [(part, name, each) for name, each in options_of(its_kind).items()]
    keyed = {each.flag or name: (part, name, each) for part, name, each in every}
    left_out = {*without} if only is None else keyed.keys() - {*only}
    taken = {key: found for key, found in keyed.items() if key not in left_out}
    parameters = [
        _parameter(
            key,
            each,
            ... if key in required else (defaults or {}).get(key, each.default),
            (helps or {}).get(key, each.help),
        )
        for key, (_, _, each) in sorted(taken.items(), key=lambda item: _place(item[1][2]))
    ]

    def decorate(function: Command) -> Command:
        def command(**given: Any) -> Any:
            found: dict[str, dict[str, Any]] = {"": {}, **{part: {} for part in parts_of(kind)}}
            for key, (part, name, each) in taken.items():
                value = given.pop(key)
                found[part][name] = each.parse(value) if each.parse else value
            parts = {part: made(**found[part]) for part, made in parts_of(kind).items()}
            return function(kind(**found[""], **parts), **given)

        own = list(inspect.signature(function).parameters.values())[1:]
        signature = [*parameters, *(each.replace(kind=each.KEYWORD_ONLY) for each in own)]
        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in signature}
        return command

    return decorate


def _place(declared: Option) -> tuple[bool, bool]:
    """Arguments come first, and what one mode alone has last."""
    return not declared.argument, bool(declared.mode)


def described(kind: type, name: str) -> Any:
    """Return how a command of its own words takes an option of a dataclass."""
    declared = options_of(kind)[name]
    return typer.Option(metavar=declared.metavar, help=_help(declared, declared.help))


def _help(declared: Option, words: str) -> str:
    return words + (f"  [default: {declared.usual_words}]" if declared.usual_words else "")


def _parameter(name: str, declared: Option, default: Any, help: str) -> inspect.Parameter:
    words = _help(declared, help)
    written = words_of(name)
    if default is True:  # it takes words to switch it off
        written += f"/{words_of(f'no_{name}')}"
    how: Any = (
        typer.Argument(metavar=declared.metavar, help=words)
        if declared.argument
        else typer.Option(written, metavar=declared.metavar, help=words)
    )
    default = None if default == () else default
    kind: Any = declared.kind if default is not None else declared.kind | None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is ... else default,
        annotation=Annotated[kind, how],
    )

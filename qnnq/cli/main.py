"""`qnnq`: the commands, and how failures become one line and an exit code."""

import gc
import io
import os
import re
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Annotated, Any

import typer

from qnnq.wording import note, one_line

COMMANDS = (
    "run",
    "models",
    "states",
    "glossary",
    "noise",
    "compile_command",
    "train",
    "import_command",
    "sweep",
    "results",
    "compare",
    "plot",
    "fit",
    "report",
    "estimate",
    "submit",
    "runs",
    "status",
    "resume",
    "collect",
    "cancel",
    "calibrate",
    "cache",
)
"""Modules of this package, each with a function of its name, the command; in the order of
`qnnq --help`."""

_OBJECTS_PER_COLLECTION = 100_000
"""Of the process of a command; imports make many objects, and hardly any garbage."""

DONE, FAILED, BAD_INPUT, PENDING, INTERRUPTED = 0, 1, 2, 3, 130


def build_app(command: str = "") -> typer.Typer:
    """Return the application with all commands, or with one, whose name is given, by itself."""
    app = typer.Typer(
        help="Deploy naturally quantized neural networks on noisy quantum devices.\n\n"
        "Begin with `qnnq run`: a bundled network on 10,000 MNIST images under the noise of a "
        "real device. `qnnq glossary` says what the words mean.",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def _options(
        version: Annotated[
            bool,
            typer.Option("--version", help="Print the version.", is_eager=True, callback=_version),
        ] = False,
    ) -> None:
        """Train, run, sweep and submit networks of measured qubits."""

    own = [name for name in COMMANDS if name.removesuffix("_command") == command]
    for name in own or COMMANDS:
        module = import_module(f"qnnq.cli.{name}")
        if name == "results":  # has commands below it
            module.register(app)
        else:
            app.command(name.removesuffix("_command"))(getattr(module, name))
    return app


@cache
def _parser(command: str = "") -> Any:
    """Return `build_app` as the option parser takes it, which is dear to make."""
    group: Any = typer.main.get_command(build_app(command))
    for each in (group, *group.commands.values()):
        for parameter in each.get_params(typer.Context(each)):
            if getattr(parameter, "_runtime_param", parameter) is None:
                parameter._runtime_param = _AsGiven()
    return group


class _AsGiven:
    """Takes words and defaults as they are: what newer Typer converts values with loads Pydantic.

    That is asked for once a value needs it. Other versions of Typer never look for this.
    """

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of a parameter, as Typer's `RuntimeParam` does."""
        kind = param.type_descriptor.annotation
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if param.nargs == 1 and not several:
            if value == param.default or (kind is str and isinstance(value, str)):
                return value
            ranged = param.type_descriptor.is_ranged
            if kind is int and not ranged and re.fullmatch(r"\d{1,9}", str(value), re.ASCII):
                return int(value)
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def _version(wanted: bool) -> None:
    if wanted:
        import qnnq

        print(f"qnnq {qnnq.__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    0: done, 1: failed, 2: bad input, 3: still pending after the time that was given to it, 130:
    interrupted.

    Args:
        arguments: Without the program's name; None takes those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        gc.set_threshold(_OBJECTS_PER_COLLECTION)
    _prepare_streams()
    with warnings.catch_warnings():
        warnings.showwarning = note  # type: ignore[assignment]
        code = _run(words)
    if arguments is None:
        gc.freeze()  # else the end of the process looks for garbage in all that there is
    return code


def _run(words: list[str]) -> int:
    try:
        parser = _parser(words[0] if words else "")
        result = parser(args=words or ["--help"], prog_name="qnnq", standalone_mode=False)
        sys.stdout.flush()
        if result == INTERRUPTED:  # what the option parser makes of Ctrl-C
            _say("interrupted", INTERRUPTED)
    except (KeyboardInterrupt, typer.Abort):
        result = _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe has gone
        result = FAILED
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        result = _say(_message(error, words), code)
    _finish_stdout()
    return result if isinstance(result, int) else DONE


def _prepare_streams() -> None:
    """Let any text be printed, also where a stream is closed or knows few characters."""
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _finish_stdout() -> None:
    """Write out what is buffered, so that Python does not complain at exit where it cannot."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit_code(error: Exception) -> int | None:
    """Return the exit code of an expected failure, or None for a defect of the program."""
    from qnnq.errors import InputError, Interrupted, QnnqError

    if isinstance(error, InputError) or hasattr(error, "format_message"):
        return BAD_INPUT
    if isinstance(error, Interrupted):
        return INTERRUPTED
    if isinstance(error, (QnnqError, OSError, MemoryError)):
        return FAILED
    if isinstance(error, ValueError):
        from noise_models import NoiseError
        from transpile import TranspileError

        return BAD_INPUT if isinstance(error, (NoiseError, TranspileError)) else None
    return None


def _message(error: Exception, arguments: Sequence[str]) -> str:
    if isinstance(error, OSError) and error.strerror:
        file = f"{error.filename}: " if error.filename else ""
        return f"{file}{error.strerror}"
    if isinstance(error, MemoryError):
        return f"out of memory: {error}"
    formatted = getattr(error, "format_message", None)
    if formatted is None:
        return _with_dashes(str(error), arguments)
    # A usage error of the option parser, which leaves out the value that it refuses.
    options = getattr(getattr(error, "param", None), "opts", None) or [""]
    found = [value for option, value in pairwise(arguments) if option in options]
    expected = _expected(formatted())
    if found and expected:
        return f"{options[0]} {found[-1]!r}: expected {expected}"
    return f"{formatted()}{f', got {found[-1]!r}' if found else ''} (see --help)"


def _with_dashes(message: str, arguments: Sequence[str]) -> str:
    """Return a message, which names fields in backticks, with the options of the command that ran.

    Other words in backticks stay.
    """
    known = _parser(arguments[0]).commands if arguments and "`" in message else {}
    command = known.get(arguments[0]) if known else None
    options = {} if command is None else {each.name: each.opts[0] for each in command.params}

    def written(field: re.Match[str]) -> str:
        name = str(options.get(field[1], ""))
        return name if name.startswith("--") else field[0]

    return re.sub(r"`(\w+)`", written, message)


def _expected(message: str) -> str:
    """Return in our own words what a message of the option parser says that it expects, or ""."""
    choices = re.search(r"is not one of (.*?)\.?$", message)
    if choices:
        return f"one of {choices[1]}".replace("'", "")
    least = re.search(r"greater than or equal to (\S+)|x>=([^ .]+)", message)
    if least:
        return f"at least {least[1] or least[2]}"
    if "valid integer" in message:
        return "a whole number"
    return "a number" if "valid number" in message or "valid float" in message else ""


def _say(message: str, code: int) -> int:
    print(f"qnnq: {one_line(message)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

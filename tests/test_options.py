"""One declaration an option: what is derived from it, and how messages name it."""

from dataclasses import dataclass

import pytest
import typer

from qnnq.cli.declared import takes
from qnnq.cli.main import build_app, main
from qnnq.deployments.timing import Timing
from qnnq.errors import InputError
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.options.coherent import CoherentOptions, told
from qnnq.options.option import check_options, option, options_of, words_of
from qnnq.results.task import Task
from qnnq.runs.labels import request_labels
from qnnq.runs.request import RunRequest, check_request
from qnnq.sweep.file import Grid
from transpile import CONDITION_OVERHEAD, FEEDBACK_LATENCY


@dataclass(frozen=True)
class Asked:
    """Two options."""

    name: str = option("none", "A name.", argument=True, known=("none", "one"))
    number: int = option(3, "A number.", least=1, most=9, label=True)
    wait: str | float | None = option(None, "A time.", is_time=True, usual=2e-6)


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], Asked()), (["one", "--number", "4", "--wait", "1us"], Asked("one", 4, "1us"))],
)
def test_a_command_takes_a_dataclass_and_its_own_options(words, expected):
    found, app = [], typer.Typer()

    @app.command()
    @takes(Asked)
    def ask(asked: Asked, loud: bool = False) -> None:
        """Ask."""
        found.append((asked, loud))

    app([*words, "--loud"], standalone_mode=False)
    assert found == [(expected, True)]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked("on"), "`name` 'on': expected one of none, one; nearest: one, none"),
        (Asked(number=0), "`number` 0: expected a whole number >= 1"),
        (Asked(number=10), "`number` 10: expected at most 9"),
        (Asked(wait="2"), "`wait` '2': expected a time >= 0, such as 2us, and at most 1000s"),
        (Asked(wait=-1.0), "`wait` -1.0: expected a time >= 0, such as 2us, and at most 1000s"),
    ],
)
def test_ranges_stand_beside_the_field(asked, message):
    with pytest.raises(InputError) as raised:
        check_options(asked)
    assert str(raised.value) == message


def test_every_option_is_on_the_command_line_in_sweeps_and_in_labels():
    commands = typer.main.get_command(build_app()).commands
    for command, kind in (("run", RunRequest), ("submit", HardwareRequest)):
        there = {each.name for each in commands[command].params}
        assert {each.flag or name for name, each in options_of(kind).items()} <= there
    keys = {each.grid for each in options_of(RunRequest).values() if each.grid}
    assert keys <= {*Grid.model_fields}
    labels = {each.label for each in options_of(RunRequest).values() if each.label}
    assert labels - {"network", "seed"} == {*request_labels(RunRequest())}


def test_options_of_the_coherent_mode_are_keys_of_tasks():
    for name, declared in options_of(CoherentOptions).items():
        assert f"{name}_s" * declared.is_time or name in Task.__dataclass_fields__


def test_the_defaults_that_help_tells_are_those_that_are_used():
    usual = {name: each.usual for name, each in options_of(CoherentOptions).items()}
    assert usual["feedback_latency"] == FEEDBACK_LATENCY
    assert usual["condition_overhead"] == CONDITION_OVERHEAD


def test_times_are_words_or_seconds():
    both = [Timing.of(RunRequest(mode="coherent", feedback_latency=t)) for t in ("2us", 2e-6)]
    assert both[0] == both[1]
    assert told(vars(both[0])).startswith("2 us of feedback latency, 68 ns between branches, ")


def test_messages_name_the_field_and_the_command_line_adds_dashes(capsys):
    with pytest.raises(InputError, match="^`pair_gate` 'c': expected one of sx, cz"):
        check_request(RunRequest(pair_gate="c"))
    assert main(["run", "--pair-gate", "c"]) == 2
    assert capsys.readouterr().err.startswith("qnnq: --pair-gate 'c': expected one of sx, cz")
    assert words_of("pair_gate") == "--pair-gate"

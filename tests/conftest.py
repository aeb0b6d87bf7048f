"""Processes that tests start."""

import contextlib
import math
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a command takes in this process, it says no more on stderr."""
    monkeypatch.setattr("qnnq.cli.output.SECONDS_BETWEEN_LINES", math.inf)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test compiles for itself, also in the processes that it starts."""
    monkeypatch.setenv("QNNQ_CACHE", "off")


@pytest.fixture
def start_process() -> Iterator[Start]:
    """Start processes that heed Ctrl-C, and end them and theirs whatever becomes of the test.

    A process in the background of a shell script inherits that Ctrl-C is ignored; Python then
    leaves it so, and the process would not stop.
    """
    started: list[subprocess.Popen[str]] = []

    def start(arguments: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            arguments,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

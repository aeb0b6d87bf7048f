"""Processes that tests start."""

import contextlib
import math
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.warm import FORKING, WarmProcess

Start = Callable[..., subprocess.Popen[str]]
StartWarm = Callable[..., WarmProcess]

_PATHS = (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", ""))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _PATHS))
"""Processes import what is tested here, wherever their working folder is."""

os.environ.setdefault("OMP_NUM_THREADS", "1")  # pytest-xdist has a process on every core


@pytest.fixture(scope="session", autouse=True)
def warm_workers() -> Iterator[None]:
    """Workers of sweeps in this process are forked from one that has imported what they need.

    Sweeps in processes that a test starts by their command spawn workers, as they always do.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qnnq.sweep.processes.CONTEXT", FORKING)
        yield


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a command takes in this process, it says no more on stderr."""
    monkeypatch.setattr("qnnq.cli.output.SECONDS_BETWEEN_LINES", math.inf)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test compiles for itself, also in the processes that it starts."""
    monkeypatch.setenv("QNNQ_CACHE", "off")


@pytest.fixture(scope="session")
def kept_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what tests keep for one another."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def something_kept(nothing_kept: None, kept_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has compiled others take, as the commands of a user do."""
    monkeypatch.setenv("QNNQ_CACHE", str(kept_folder))


@contextlib.contextmanager
def started_processes() -> Iterator[Start]:
    """Give what starts processes that heed Ctrl-C, and end them and theirs whatever happens.

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

    try:
        yield start
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def start_process() -> Iterator[Start]:
    """Start processes that end with the test."""
    with started_processes() as start:
        yield start


@pytest.fixture
def start_warm(tmp_path: Path) -> Iterator[StartWarm]:
    """Start `tests.warm.WarmProcess`es, and end them and theirs whatever becomes of the test."""
    started: list[WarmProcess] = []

    def start(target: Callable[..., int], *arguments: Any) -> WarmProcess:
        started.append(WarmProcess(tmp_path, len(started), target, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.end()

"""Processes that are forked from one that has imported everything, and so begin at once.

The one that they are forked from ends with the process of the tests.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.warm_imports"])


class WarmProcess:
    """A function in a process and a group of its own; much of the interface of `Popen`.

    Args:
        folder: Where what it writes to its streams goes.
        number: Tells its files from those of other processes.
        target: Returns the exit code; picklable, as `arguments` are.
    """

    def __init__(
        self, folder: Path, number: int, target: Callable[..., int], *arguments: Any
    ) -> None:
        self._said = [folder / f"warm-{number}-{stream}" for stream in ("stdout", "stderr")]
        self._process = FORKING.Process(target=_begin, args=(self._said, target, arguments))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, minus the signal's number where one ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return `returncode`."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Return `returncode` at its end, or after `timeout` seconds."""
        self._process.join(timeout)
        return self.returncode

    def kill(self) -> None:
        """Send SIGKILL to the process alone."""
        self._process.kill()

    def said(self) -> tuple[str, str]:
        """Return what it has written to stdout and stderr so far."""
        first, second = (path.read_text() if path.exists() else "" for path in self._said)
        return first, second

    def communicate(self) -> tuple[str, str]:
        """Return what it wrote to stdout and stderr, at its end."""
        self.wait()
        return self.said()

    def end(self) -> None:
        """Kill the process and its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.kill()  # where it had no time to form a group
        self.wait()


def _begin(said: list[Path], target: Callable[..., int], arguments: tuple[Any, ...]) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for stream, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    sys.exit(target(*arguments))

"""Faults that a test switches on: which requests misbehave, how, and how often."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class Fault:
    """One way to misbehave.

    Args:
        method: HTTP method.
        path: Regular expression for the path behind the service's base address.
        action: `refuse`: answer `status` and do nothing; `lose`: do the work, then answer `status`;
            `drop`: do the work, then close the connection; `hang`: do the work, then stay silent
            for `seconds`; `garble`: do the work, then send half of the body; `double`: do the work
            twice, as a proxy does that repeats a request; `late`: close the connection, and do the
            work `seconds` later; `odd`: do the work, then send what `change` makes of the answer.
        status: HTTP status of `refuse` and `lose`.
        times: How many requests it befalls.
        seconds: How long a silent connection stays open, or the work is late.
    """

    method: str
    path: str
    action: Literal["refuse", "lose", "drop", "hang", "garble", "double", "late", "odd"]
    status: int = 503
    times: int = 1
    seconds: float = 0.0
    change: Callable[[Any], object] = lambda answer: answer


@dataclass
class Faults:
    """The faults that are switched on."""

    active: list[Fault] = field(default_factory=list)
    struck: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self.active.extend(faults)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that befalls this request, and count it."""
        with self._lock:
            for fault in self.active:
                if fault.times > 0 and fault.method == method and re.fullmatch(fault.path, path):
                    fault.times -= 1
                    self.struck.append(fault)
                    return fault
        return None

    def wait_out(self, fault: Fault, stopped: threading.Event) -> None:
        """Stay silent for the fault's time, or until the server stops."""
        end = time.monotonic() + fault.seconds
        while time.monotonic() < end and not stopped.wait(0.05):
            pass

"""The time that the loopback service and, where a test wants it, its client go by."""

import time
from collections.abc import Callable


class Clock:
    """The time of day."""

    def time(self) -> float:
        return time.time()


class OwnClock(Clock):
    """A clock of the test's own: sleeping moves it, and lets the service do what is due by then."""

    def __init__(self) -> None:
        self.now = 1.8e9
        self.due: list[Callable[[], None]] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for function in self.due:
            function()

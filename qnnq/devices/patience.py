"""Waiting for a service: pauses that grow, up to the end of our patience."""

import math
import time

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0


class Patience:
    """Growing pauses.

    Args:
        seconds: The time in all; `math.inf` waits for ever.
        longest_s: The longest pause.
        growth: How much longer a pause is than the one before it.
    """

    def __init__(
        self,
        seconds: float = math.inf,
        *,
        longest_s: float = LONGEST_PAUSE_S,
        growth: float = 2.0,
    ) -> None:
        self._started = time.monotonic()
        self._seconds = seconds
        self._next_s = FIRST_PAUSE_S
        self._longest_s = longest_s
        self._growth = growth

    @property
    def waited_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    def begin_anew(self) -> None:
        """Make the next pause as short as the first one."""
        self._next_s = FIRST_PAUSE_S

    def pause(self) -> bool:
        """Sleep until it is time to ask again; False, at once, where the patience is at an end."""
        left = self._seconds - self.waited_s
        if left <= 0:
            return False
        time.sleep(min(self._next_s, left))
        self._next_s = min(self._growth * self._next_s, self._longest_s)
        return True


class Pause:
    """A time until which something else is done.

    Args:
        seconds: How long it lasts.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._end
